/* SPDX-License-Identifier: BSD-3-Clause */
/* The alarm about an attack, for several commands. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_STRAYS_H
#define EPHEMERA_CONTROL_CLI_STRAYS_H

#include <jansson.h>

/* Prints the ALARM lines of an active attack, else nothing; `attack` is that member of `status`. */
void attack_show(const json_t *attack);

#endif
