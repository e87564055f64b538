/* SPDX-License-Identifier: BSD-3-Clause */
/* The answers of ephemerad as text for people: what the commands print, apart from where it comes
 * from and goes to. Each takes a result as the control socket has it. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_RENDER_H
#define EPHEMERA_CONTROL_CLI_RENDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "control/cli/look.h"

/* The result of `drops`; `all`: those that are 0 too. */
void drops_render(const json_t *result, bool all, FILE *out);

/* The result of `latency`; bars are as wide as the look has room for. */
void latency_render(const json_t *result, const struct look *look, FILE *out);

/* The result of `ports`, port by port or in cells; `live`: what is in flight, else what was
 * drawn. */
void ports_render(const json_t *result, bool live, const struct look *look, FILE *out);

#endif
