/* SPDX-License-Identifier: BSD-3-Clause */
/* The operator's commands: overrides of upstreams, drain of the instance, readiness.
 *
 *     upstream {"name", "action": "drain" | "up" | "down" | "auto"}  ->  its row of `upstreams`
 *     drain {"timeout_s" [60]}                                       ->  {"draining", "until"}
 *     undrain                                                        ->  {"draining"}
 *     ready                                                          ->  {"ready", "reason"} */
#ifndef EPHEMERA_CONTROL_REPORT_OPERATE_H
#define EPHEMERA_CONTROL_REPORT_OPERATE_H

#include <jansson.h>

#include "control/serve/server.h"

struct daemon;

void operate_upstream(struct daemon *daemon, const json_t *request, struct server_request from);
void operate_drain(struct daemon *daemon, const json_t *request, struct server_request from);
void operate_undrain(struct daemon *daemon, const json_t *request, struct server_request from);
void operate_ready(struct daemon *daemon, const json_t *request, struct server_request from);

#endif
