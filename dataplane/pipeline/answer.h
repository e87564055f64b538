/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers that we give ourselves, in place of an upstream. [worker] */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_ANSWER_H
#define EPHEMERA_DATAPLANE_PIPELINE_ANSWER_H

#include <stdbool.h>

#include "dataplane/pipeline/burst.h"
#include "dataplane/pipeline/worker.h"

#define ANSWER_NO_EDE UINT16_MAX

/* Turns query `i` of the burst into an answer with `rcode` and sends it: the header, the question
 * if the packet's question_bytes say that it has a good one, and an OPT record if one was found
 * behind that (RFC 6891 section 6.1.1), with extended error `ede` (RFC 8914) unless that is
 * ANSWER_NO_EDE. Where the question can't be read, or the opcode is not ours to read, nothing
 * behind the header is, and the response is a bare header. DNS_NOERROR: nothing but TC=1, so that
 * the client comes back by TCP (RFC 7766 section 5). */
void answer_own(struct worker *worker, struct burst *burst, unsigned i, uint8_t rcode,
		uint16_t ede);

#define ANSWER_OPT_BYTES_MAX 17

/* Writes an OPT record of ours at `to`; the DO bit of the query's comes back (RFC 3225 section 3).
 * Returns its size. */
uint32_t answer_opt(uint8_t *to, bool query_do, uint16_t ede);

#endif
