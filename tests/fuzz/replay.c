/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a fuzz target on a corpus: on every file of the given directories, complete and truncated at
 * some places. An empty directory is a failure: a test without input must not pass. */
#include <dirent.h>
#include <stdbool.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define FILE_BYTES_MAX 65536
#define CUTS	       16

/* In memory of exactly this size, so that AddressSanitizer detects overreads. */
static void
play(const uint8_t *bytes, size_t size)
{
	uint8_t *exact = malloc(size > 0 ? size : 1);

	if (exact == NULL)
		abort();
	memcpy(exact, bytes, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static bool
play_file(const char *directory, const char *name)
{
	static uint8_t bytes[FILE_BYTES_MAX];
	char path[4096];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "rb");
	if (file == NULL) {
		perror(path);
		return false;
	}
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	play(bytes, size);
	for (size_t cut = 0; cut < CUTS; cut++)
		play(bytes, size * cut / CUTS);
	return true;
}

int
main(int argc, char **argv)
{
	unsigned played = 0;

	for (int i = 1; i < argc; i++) {
		struct dirent **names;
		int count = scandir(argv[i], &names, NULL, alphasort);

		if (count < 0) {
			perror(argv[i]);
			return EXIT_FAILURE;
		}
		for (int n = 0; n < count; n++) {
			if (names[n]->d_name[0] != '.') {
				if (!play_file(argv[i], names[n]->d_name))
					return EXIT_FAILURE;
				played++;
			}
			free(names[n]);
		}
		free(names);
	}
	printf("%u files played\n", played);
	return played > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
