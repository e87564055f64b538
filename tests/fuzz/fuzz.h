/* SPDX-License-Identifier: BSD-3-Clause */
/* What a fuzz target is: a function of bytes, that aborts when something is wrong.
 *
 * In the ordinary build replay.c's main() hands it every file of the corpus directories on its
 * command line; in a build by clang with -fsanitize=fuzzer (targets *_live of meson.build)
 * libFuzzer does the calling:
 *
 *   ninja tests/fuzz/fuzz_packet_live && tests/fuzz/fuzz_packet_live -max_total_time=60 NEW_DIR
 * CORPUS_DIR */
#ifndef EPHEMERA_TESTS_FUZZ_FUZZ_H
#define EPHEMERA_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Like assert(), in release builds too. */
#define FUZZ_REQUIRE(held)                                                                         \
	do {                                                                                       \
		if (!(held)) {                                                                     \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #held);   \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
