/* SPDX-License-Identifier: BSD-3-Clause */
/* A fuzz target: a function of bytes that aborts on a fault.
 *
 * In the ordinary build, main() in replay.c calls it with every file of the corpus directories on
 * its command line. In a build by clang with -fsanitize=fuzzer (targets *_live of meson.build)
 * libFuzzer calls it:
 *
 *   ninja tests/fuzz/fuzz_packet_live
 *   tests/fuzz/fuzz_packet_live -max_total_time=60 NEW_DIR CORPUS_DIR */
#ifndef EPHEMERA_TESTS_FUZZ_FUZZ_H
#define EPHEMERA_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Like assert(), but also in release builds. */
#define FUZZ_REQUIRE(held)                                                                         \
	do {                                                                                       \
		if (!(held)) {                                                                     \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #held);   \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
