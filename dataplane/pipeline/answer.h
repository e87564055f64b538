/* SPDX-License-Identifier: BSD-3-Clause */
/* Responses generated here, in place of an upstream's. [worker] */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_ANSWER_H
#define EPHEMERA_DATAPLANE_PIPELINE_ANSWER_H

#include <stdbool.h>

#include "dataplane/pipeline/burst.h"
#include "dataplane/pipeline/worker.h"

#define ANSWER_NO_EDE UINT16_MAX

/* Turns query `i` of the burst into a response with `rcode` and sends it: the header, the question
 * if question_bytes is not 0, and an OPT record if the query has one (RFC 6891 section 6.1.1), with
 * extended error `ede` (RFC 8914) unless that is ANSWER_NO_EDE. If the question is malformed or the
 * opcode unknown, the response is a bare header. DNS_NOERROR: an empty response with TC=1, so that
 * the client retries over TCP (RFC 7766 section 5). */
void answer_own(struct worker *worker, struct burst *burst, unsigned i, uint8_t rcode,
		uint16_t ede);

#define ANSWER_OPT_BYTES_MAX 17

/* Writes our OPT record at `to`, with the query's DO bit copied (RFC 3225 section 3). Returns its
 * size. */
uint32_t answer_opt(uint8_t *to, bool query_do, uint16_t ede);

#endif
