/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the workers' flow tables from the main thread.
 * Runs:  the main thread, while the workers run; flow_read() returns consistent copies. */
#include "dataplane/process/inspect.h"

#include <string.h>

void
inspect_range(uint32_t mask, uint16_t port, uint32_t *first, uint32_t *count)
{
	/* The slot is the ID's 16 bits, then the port's low bits, as many as the table has
	 * (flow_slot()). */
	*first = (uint32_t)port << 16 & mask;
	*count = mask >= UINT16_MAX ? UINT16_MAX + 1 : mask + 1;
}

static void
flow_describe(struct port_flow *out, uint32_t worker, const struct flow *flow,
	      const uint8_t *question, const struct snapshot *snapshot, uint64_t age_tsc,
	      uint64_t tsc_hz)
{
	uint64_t age_us = age_tsc / (tsc_hz / 1000000 + (tsc_hz < 1000000));

	out->worker = worker;
	out->source = flow->source;
	out->upstream = flow->upstream;
	if (snapshot != NULL && flow->source < snapshot->source_count)
		out->source_address = snapshot->sources[flow->source].address;
	if (flow->state == FLOW_CLIENT) {
		out->client_address = flow->client_address;
		out->client_port = flow->client_port;
	}
	out->id = flow->id;
	out->age_us = age_us < UINT32_MAX ? (uint32_t)age_us : UINT32_MAX;
	out->question_bytes = flow->question_bytes;
	if (out->question_bytes > MESSAGE_QUESTION_MAX)
		out->question_bytes = MESSAGE_QUESTION_MAX;
	memcpy(out->question, question, out->question_bytes);
}

/* 0 if now_tsc is behind the worker's time of sending. */
static uint64_t
flow_age_tsc(const struct flow *flow, uint64_t now_tsc)
{
	const int32_t age = (int32_t)((uint32_t)(now_tsc >> FLOW_SENT_SHIFT) - flow->sent);

	return age > 0 ? (uint64_t)age << FLOW_SENT_SHIFT : 0;
}

static void
table_scan(const struct worker *worker, const struct snapshot *snapshot, struct be16 port,
	   uint64_t now_tsc, struct port_response *response)
{
	const struct flow_table *table = &worker->flows;
	uint8_t question[DNS_QUESTION_BYTES_MAX];
	uint32_t first, count;

	inspect_range(table->mask, be16_to(port), &first, &count);
	for (uint32_t slot = first; slot < first + count; slot++) {
		const uint32_t index = flow_find(table, slot);
		struct flow copy;

		/* An unsynchronized check that skips most entries; the copy below decides. */
		if (index == FLOW_NONE || __atomic_load_n(&table->flows[index].source_port.raw,
							  __ATOMIC_RELAXED) != port.raw)
			continue;
		if (!flow_read(table, index, &copy, question) || copy.state == FLOW_FREE ||
		    !be16_equal(copy.source_port, port))
			continue;
		response->total++;
		if (response->flow_count < MESSAGE_FLOWS_MAX)
			flow_describe(&response->flows[response->flow_count++], worker->index,
				      &copy, question, snapshot, flow_age_tsc(&copy, now_tsc),
				      worker->tsc_hz);
	}
}

void
inspect_port(const struct workers *workers, const struct snapshot *snapshot, uint16_t port,
	     uint64_t now_tsc, struct port_response *response)
{
	memset(response, 0, sizeof(*response));
	for (uint32_t w = 0; w < workers->count; w++) {
		const struct worker *worker = workers->worker[w];

		if (__atomic_load_n(&worker->flows.ports[port].live, __ATOMIC_RELAXED) != 0)
			table_scan(worker, snapshot, be16_from(port), now_tsc, response);
	}
}
