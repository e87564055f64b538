/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of the configuration share: files, kept and made, and loading them. */
#ifndef EPHEMERA_TESTS_UNIT_CONFIG_CONFIG_RIG_H
#define EPHEMERA_TESTS_UNIT_CONFIG_CONFIG_RIG_H

#include <CUnit/CUnit.h>

#include "control/config/config.h"

/* What config_load() did with a file, and what it wrote about it. */
struct loaded {
	int status;
	struct config *config;
	char *lines;
	unsigned line_count;
};

/* Loads a file, and asserts that this took no more than a few seconds. */
struct loaded config_rig_load(const char *path);
void config_rig_unload(struct loaded *loaded);

/* The path of a kept file, or of one in the directory that this run makes; valid up to the next
 * call. */
const char *config_rig_kept(const char *name);
const char *config_rig_made(const char *name);

/* Makes a file of this content in the run's directory and returns its path, valid up to the next
 * call. Each call replaces the file. */
const char *config_rig_write(const char *text, size_t bytes);

/* The same by another name; `name` is the caller's to remove. */
const char *config_rig_write_as(const char *name, const char *text, size_t bytes);

/* Makes a file: minimal.yaml with `old` replaced by `new`. *line is where `new` begins. */
const char *config_rig_change(const char *old, const char *new, unsigned *line);

/* Asserts that a file is refused with exactly one line, that begins "PATH:LINE: " (no line number:
 * 0) and has the words; bad_in: the line names another file, `in`. */
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

/* Makes the run's directory; `kept` is the directory of the kept files. close removes what is
 * left. */
void config_rig_open(const char *kept);
void config_rig_close(void);

#endif
