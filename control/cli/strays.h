/* SPDX-License-Identifier: BSD-3-Clause */
/* What several commands say of an attack. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_STRAYS_H
#define EPHEMERA_CONTROL_CLI_STRAYS_H

#include <jansson.h>

/* The ALARM line of an attack that is under way, nothing of another; `attack` as `status` has
 * it. */
void attack_show(const json_t *attack);

#endif
