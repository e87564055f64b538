/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats ephemerad's responses as text. Each function takes a `result` as the control socket sends
 * it, and does no I/O but to `out`. Threads: one. */
#ifndef EPHEMERA_CONTROL_CLI_RENDER_H
#define EPHEMERA_CONTROL_CLI_RENDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "control/cli/style.h"

/* The result of `drops`; `all`: rows with the count 0 as well. */
void drops_render(const json_t *result, bool all, FILE *out);

/* The result of `latency`; the style's width decides how long the bars are. */
void latency_render(const json_t *result, const struct style *style, FILE *out);

/* The result of `ports`, by port or by cell; `live`: queries in flight, else the ports drawn. */
void ports_render(const json_t *result, bool live, const struct style *style, FILE *out);

#endif
