/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the tests of the configuration: files in the tree, generated files, and loading
 * them. */
#ifndef EPHEMERA_TESTS_UNIT_CONFIG_CONFIG_RIG_H
#define EPHEMERA_TESTS_UNIT_CONFIG_CONFIG_RIG_H

#include <CUnit/CUnit.h>

#include "control/config/config.h"

/* The result of config_load() and the messages it wrote. */
struct loaded {
	int status;
	struct config *config;
	char *lines;
	unsigned line_count;
};

/* Loads a file, and asserts that it takes no more than a few seconds of CPU time. */
struct loaded config_rig_load(const char *path);
void config_rig_unload(struct loaded *loaded);

/* The path of a file in the tree (kept), or in the directory of this run (made); valid until the
 * next call. */
const char *config_rig_kept(const char *name);
const char *config_rig_made(const char *name);

/* Writes a file to the run's directory and returns its path, valid until the next call. Each call
 * replaces the file. */
const char *config_rig_write(const char *text, size_t bytes);

/* The same under another name; the caller removes the file. */
const char *config_rig_write_as(const char *name, const char *text, size_t bytes);

/* Writes a file: minimal.yaml with `old` replaced by `new`. *line is where `new` starts. */
const char *config_rig_change(const char *old, const char *new, unsigned *line);

/* Asserts that a file is refused with exactly one line, which starts with "PATH:LINE: " (line 0:
 * without a line number) and contains `words`; bad_in: the message names another file, `in`. */
void config_rig_bad(const char *path, unsigned line, const char *words);
void config_rig_bad_in(const char *path, const char *in, unsigned line, const char *words);

/* The tests of test_config_routes.c. */
void test_bad_sections(void);
void test_bad_entries(void);
void test_bad_lists(void);
void test_bad_sums(void);
void test_many_domains(void);
void test_odd_lists(void);

/* The tests of test_config_bad.c. */
void test_bad_kept(void);
void test_bad_changes(void);
void test_bad_made(void);
void test_bad_nul(void);
void test_bad_files(void);
void test_bad_many(void);
void test_bad_damage(void);

/* Makes the run's directory; `kept` is the directory of the files in the tree. close removes it. */
void config_rig_open(const char *kept);
void config_rig_close(void);

#endif
