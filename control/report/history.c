/* SPDX-License-Identifier: BSD-3-Clause */
/* The last ten minutes, for the charts of the dashboard. */
#include "control/report/report.h"

#include "control/daemon/daemon.h"

/* [ms since its end, its length in ms, queries, responses, drops]; the counts are null if the
 * dataplane was not connected at both ends, or was restarted. */
static json_t *
report_second(const struct history_sample *from, const struct history_sample *to, uint64_t now_ns)
{
	const bool known = from->boot_id != 0 && from->boot_id == to->boot_id;
	json_t *second = json_pack("[I, I]", (json_int_t)((now_ns - to->ns) / NS_PER_MS),
				   (json_int_t)((to->ns - from->ns) / NS_PER_MS));

	for (unsigned i = 0; i < HISTORY_VALUES; i++)
		json_array_append_new(
			second, known ? json_integer((json_int_t)(to->values[i] - from->values[i]))
				      : json_null());
	return second;
}

json_t *
report_history(const struct daemon *daemon)
{
	const struct history_sample *from = history_at(&daemon->history, 0), *to;
	const uint64_t now_ns = loop_now_ns();
	json_t *list = json_array();

	for (unsigned i = 1; (to = history_at(&daemon->history, i)) != NULL; i++, from = to)
		json_array_append_new(list, report_second(from, to, now_ns));
	return json_pack("{s:o}", "samples", list);
}
