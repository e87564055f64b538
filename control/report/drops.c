/* SPDX-License-Identifier: BSD-3-Clause */
/* The report of `drops`. */
#include "control/report/report.h"

#include "control/daemon/daemon.h"
#include "control/lib/counter_names.h"

static json_t *
report_rows(const char *key, const struct counter_name *names, unsigned count,
	    const uint64_t *before, uint64_t before_ns, const uint64_t *now, uint64_t now_ns)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < count; i++)
		json_array_append_new(list,
				      json_pack("{s:s, s:I, s:f, s:s}", key, names[i].name, "count",
						(json_int_t)now[i], "rate_per_s",
						recent_rate(before[i], before_ns, now[i], now_ns),
						"help", names[i].help));
	return list;
}

json_t *
report_drops(const struct daemon *daemon)
{
	const struct recent_sample *base = recent_base(&daemon->recent);
	struct recent_sample now;
	uint64_t total = 0, before = 0;

	if (base == NULL)
		return NULL;
	recent_read(&daemon->recent, loop_now_ns(), &now);
	for (unsigned i = 0; i < DROP_REASON_COUNT; i++) {
		total += now.drops[i];
		before += base->drops[i];
	}
	return json_pack("{s:f, s:I, s:f, s:o, s:o}", "window_s", (double)(now.ns - base->ns) / 1e9,
			 "total", (json_int_t)total, "rate_per_s",
			 recent_rate(before, base->ns, total, now.ns), "drops",
			 report_rows("reason", drop_names, DROP_REASON_COUNT, base->drops, base->ns,
				     now.drops, now.ns),
			 "steer",
			 report_rows("verdict", verdict_names, STEER_VERDICT_COUNT, base->verdicts,
				     base->ns, now.verdicts, now.ns));
}
