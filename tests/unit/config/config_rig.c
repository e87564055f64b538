/* SPDX-License-Identifier: BSD-3-Clause */
/* Files for the tests of the configuration. */
#include "tests/unit/config/config_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/suite.h"

/* CPU time to load any file, with sanitizers too. */
#define SECONDS_MAX 5

static const char *kept_directory;
static char made_directory[] = "/tmp/ephemera-test-config-XXXXXX";

struct loaded
config_rig_load(const char *path)
{
	struct loaded loaded = {0};
	struct timespec begin, end;
	size_t bytes;
	FILE *errors = open_memstream(&loaded.lines, &bytes);

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	loaded.status = config_load(path, &loaded.config, errors);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	fclose(errors);
	for (const char *c = loaded.lines; *c != 0; c++)
		loaded.line_count += *c == '\n';
	SUITE_ASSERT(end.tv_sec - begin.tv_sec <= SECONDS_MAX, "%s takes more than %d s", path,
		     SECONDS_MAX);
	return loaded;
}

void
config_rig_unload(struct loaded *loaded)
{
	config_free(loaded->config);
	free(loaded->lines);
}

const char *
config_rig_kept(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", kept_directory, name);
	return path;
}

const char *
config_rig_made(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", made_directory, name);
	return path;
}

const char *
config_rig_write_as(const char *name, const char *text, size_t bytes)
{
	const char *path = config_rig_made(name);
	FILE *file;

	unlink(path); /* truncating and rewriting a file can make a file system wait for the disk */
	file = fopen(path, "we");
	if (file == NULL || fwrite(text, 1, bytes, file) != bytes || fclose(file) != 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	return path;
}

const char *
config_rig_write(const char *text, size_t bytes)
{
	return config_rig_write_as("made.yaml", text, bytes);
}

const char *
config_rig_change(const char *old, const char *new, unsigned *line)
{
	FILE *file = fopen(config_rig_kept("minimal.yaml"), "re");
	char good[4096], *text, *at;
	const char *path;
	int bytes;

	good[file != NULL ? fread(good, 1, sizeof(good) - 1, file) : 0] = 0;
	if (file != NULL)
		fclose(file);
	at = strstr(good, old);
	if (at == NULL) {
		fprintf(stderr, "\"%s\" is not in minimal.yaml\n", old);
		exit(EXIT_FAILURE);
	}
	*line = 1;
	for (const char *c = good; c < at; c++)
		*line += *c == '\n';
	bytes = asprintf(&text, "%.*s%s%s", (int)(at - good), good, new, at + strlen(old));
	if (bytes < 0)
		exit(EXIT_FAILURE);
	path = config_rig_write(text, (size_t)bytes);
	free(text);
	return path;
}

void
config_rig_bad_in(const char *path, const char *in, unsigned line, const char *words)
{
	struct loaded loaded = config_rig_load(path);
	char begin[600];

	if (line > 0)
		snprintf(begin, sizeof(begin), "%s:%u: ", in, line);
	else
		snprintf(begin, sizeof(begin), "%s: ", in);
	SUITE_ASSERT(loaded.status < 0 && loaded.config == NULL, "%s is accepted (%s)", path,
		     words);
	SUITE_ASSERT(loaded.line_count == 1, "%s: %u lines: %s", path, loaded.line_count,
		     loaded.lines);
	SUITE_ASSERT(strncmp(loaded.lines, begin, strlen(begin)) == 0, "wants %s...%s, has %s",
		     begin, words, loaded.lines);
	SUITE_ASSERT(strstr(loaded.lines, words) != NULL, "wants ...%s..., has %s", words,
		     loaded.lines);
	config_rig_unload(&loaded);
}

void
config_rig_bad(const char *path, unsigned line, const char *words)
{
	config_rig_bad_in(path, path, line, words);
}

void
config_rig_open(const char *kept)
{
	kept_directory = kept;
	if (mkdtemp(made_directory) == NULL || chmod(made_directory, 0755) != 0) {
		perror(made_directory);
		exit(EXIT_FAILURE);
	}
}

void
config_rig_close(void)
{
	unlink(config_rig_made("made.yaml"));
	rmdir(made_directory);
}
