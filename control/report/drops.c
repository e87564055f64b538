/* SPDX-License-Identifier: BSD-3-Clause */
/* The answer to `drops`. */
#include "control/report/report.h"

#include "control/daemon/daemon.h"

struct row {
	const char *name, *help;
};

static const struct row drop_rows[] = {
#define X(name, help) {#name, help},
	DROP_REASONS(X)
#undef X
};

static const struct row verdict_rows[] = {
#define X(name, help) {#name, help},
	STEER_VERDICTS(X)
#undef X
};

static json_t *
report_rows(const char *key, const struct row *rows, unsigned row_count, const uint64_t *before,
	    uint64_t before_ns, const uint64_t *now, uint64_t now_ns)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < row_count; i++)
		json_array_append_new(list, json_pack("{s:s, s:I, s:f, s:s}", key, rows[i].name, "count",
						      (json_int_t)now[i], "rate_per_s",
						      recent_rate(before[i], before_ns, now[i], now_ns),
						      "help", rows[i].help));
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
	return json_pack(
		"{s:f, s:I, s:f, s:o, s:o}", "window_s", (double)(now.ns - base->ns) / 1e9, "total",
		(json_int_t)total, "rate_per_s", recent_rate(before, base->ns, total, now.ns), "drops",
		report_rows("reason", drop_rows, DROP_REASON_COUNT, base->drops, base->ns, now.drops, now.ns),
		"steer",
		report_rows("verdict", verdict_rows, STEER_VERDICT_COUNT, base->verdicts, base->ns,
			    now.verdicts, now.ns));
}
