/* SPDX-License-Identifier: BSD-3-Clause */
/* Detects an upstream that does not preserve the letter case of questions. */
#include "control/farm/case_watch.h"

void
case_watch_init(struct case_watch *watch, bool not_kept)
{
	*watch = (struct case_watch){.not_kept = not_kept};
}

void
case_watch_forget(struct case_watch *watch)
{
	watch->watching = false;
}

bool
case_watch_on_sample(struct case_watch *watch, const struct case_sample *now, uint64_t now_ns)
{
	struct case_sample seen;

	if (watch->not_kept)
		return false;
	if (!watch->watching || now->responses < watch->base.responses ||
	    now->wrong_case < watch->base.wrong_case) {
		watch->watching = true;
		watch->since_ns = now_ns;
		watch->base = *now;
		return false;
	}
	seen.responses = now->responses - watch->base.responses;
	seen.wrong_case = now->wrong_case - watch->base.wrong_case;
	if (seen.wrong_case >= CASE_WATCH_RESPONSES && seen.wrong_case > seen.responses) {
		watch->not_kept = true;
		watch->last = seen;
		return true;
	}
	if (now_ns - watch->since_ns >= CASE_WATCH_NS &&
	    seen.responses + seen.wrong_case >= 2 * CASE_WATCH_RESPONSES) {
		watch->since_ns = now_ns;
		watch->base = *now;
	}
	return false;
}
