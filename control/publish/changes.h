/* SPDX-License-Identifier: BSD-3-Clause */
/* What a new configuration changes, in words for people. Pure. */
#ifndef EPHEMERA_CONTROL_PUBLISH_CHANGES_H
#define EPHEMERA_CONTROL_PUBLISH_CHANGES_H

#include "control/config/config.h"

#define CHANGES_LINES_MAX 100 /* the last of them then says how many more there are */

/* Calls `line` once for each difference of the live parts; not at all if there is none. */
void changes_describe(const struct config *before, const struct config *after,
		      void (*line)(void *owner, const char *text), void *owner);

#endif
