/* SPDX-License-Identifier: BSD-3-Clause */
/* Describes the differences between two configurations as text. Pure. */
#ifndef EPHEMERA_CONTROL_PUBLISH_CHANGES_H
#define EPHEMERA_CONTROL_PUBLISH_CHANGES_H

#include "control/config/config.h"

#define CHANGES_LINES_MAX 100 /* then the last line is the number of the others */

/* Calls `line` once for each difference in the keys that a reload can change. */
void changes_describe(const struct config *before, const struct config *after,
		      void (*line)(void *owner, const char *text), void *owner);

#endif
