/* SPDX-License-Identifier: BSD-3-Clause */
/* Configurations made from short texts, for tests of ephemerad's pure parts. */
#ifndef EPHEMERA_TESTS_UNIT_STATE_CONTROL_CONFIG_H
#define EPHEMERA_TESTS_UNIT_STATE_CONTROL_CONFIG_H

#include "control/config/config.h"

/* Each list: words separated by spaces. A service or upstream is "address#port", an upstream may be
 * "name=address#port", source ports are "first-last". NULL leaves the part empty. */
struct config_text {
	const char *services, *sources, *upstreams, *ports;
	uint32_t timeout_ms;
};

/* The caller frees it with free(). */
struct config *control_config_make(const struct config_text *text);

#endif
