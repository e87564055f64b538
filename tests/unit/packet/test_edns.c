/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding the OPT record of a query. */
#include "dataplane/packet/edns.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/pipeline/pipeline_dns.h"
#include "tests/unit/suite.h"

/* In a copy that ends exactly where the message ends. */
static struct edns_tail
find(const struct way_dns *dns)
{
	uint8_t *copy = malloc(dns->bytes > 0 ? dns->bytes : 1);
	struct edns_tail tail;

	memcpy(copy, dns->message, dns->bytes);
	tail = edns_find(copy, dns->bytes, 12 + dns->question_bytes);
	free(copy);
	return tail;
}

/* Another record, counted in ARCOUNT: owner, type, and so many bytes of data. */
static void
append_record(struct way_dns *dns, const void *owner, size_t owner_bytes, uint16_t type, uint16_t bytes)
{
	uint8_t fixed[10] = {0};
	const uint8_t content[64] = {0};

	way_dns_set(fixed, 0, type);
	way_dns_set(fixed, 8, bytes);
	way_dns_append(dns, owner, owner_bytes);
	way_dns_append(dns, fixed, sizeof(fixed));
	way_dns_append(dns, content, bytes);
	way_dns_set(dns->message, 10, (uint16_t)(way_dns_get(dns->message, 10) + 1));
}

static void
nothing(struct way_dns *dns)
{
}

static void
opt(struct way_dns *dns)
{
	way_dns_opt(dns, 1232, 0, NULL, 0);
}

static void
opt_with_options(struct way_dns *dns)
{
	way_dns_opt(dns, 1232, 0, "\0\12\0\4abcd", 8);
}

static void
opt_uncounted(struct way_dns *dns)
{
	opt(dns);
	way_dns_set(dns->message, 10, 0);
}

static void
opt_cut(struct way_dns *dns)
{
	opt(dns);
	dns->bytes--;
}

static void
opt_length_beyond(struct way_dns *dns)
{
	opt(dns);
	way_dns_set(dns->message, dns->bytes - 2, 1);
}

static void
opt_length_most(struct way_dns *dns)
{
	opt(dns);
	way_dns_set(dns->message, dns->bytes - 2, 0xffff);
}

static void
opt_with_owner(struct way_dns *dns)
{
	append_record(dns, "\1a\0", 3, 41, 0);
}

static void
opt_with_pointer(struct way_dns *dns)
{
	append_record(dns, "\xc0\x0c", 2, 41, 0);
}

static void
answer_counted(struct way_dns *dns)
{
	opt(dns);
	way_dns_set(dns->message, 6, 1);
}

static void
authority_counted(struct way_dns *dns)
{
	opt(dns);
	way_dns_set(dns->message, 8, 1);
}

static void
behind_three(struct way_dns *dns)
{
	append_record(dns, "\0", 1, 1, 4);
	append_record(dns, "\xc0\x0c", 2, 28, 16);
	append_record(dns, "\3abc\2de\0", 8, 16, 33);
	opt(dns);
}

static void
behind_four(struct way_dns *dns)
{
	append_record(dns, "\0", 1, 1, 0);
	behind_three(dns);
}

static void
behind_endless_name(struct way_dns *dns)
{
	way_dns_append(dns, "\77", 1);
	way_dns_set(dns->message, 10, 1);
}

static void
behind_half_pointer(struct way_dns *dns)
{
	way_dns_append(dns, "\xc0", 1);
	way_dns_set(dns->message, 10, 1);
}

static void
behind_reserved_label(struct way_dns *dns)
{
	append_record(dns, "\x40", 1, 1, 0);
	opt(dns);
}

static void
name_alone(struct way_dns *dns)
{
	way_dns_append(dns, "\0", 1);
	way_dns_set(dns->message, 10, 1);
}

static void
counted_but_absent(struct way_dns *dns)
{
	way_dns_set(dns->message, 10, 0xffff);
}

static void
tsig(struct way_dns *dns)
{
	append_record(dns, "\3key\0", 5, 250, 58);
}

static void
opt_and_tsig(struct way_dns *dns)
{
	opt(dns);
	tsig(dns);
}

static void
tsig_and_opt(struct way_dns *dns)
{
	tsig(dns);
	opt(dns);
}

static void
tsig_fifth(struct way_dns *dns)
{
	append_record(dns, "\0", 1, 1, 0);
	append_record(dns, "\0", 1, 1, 0);
	append_record(dns, "\0", 1, 1, 0);
	append_record(dns, "\0", 1, 1, 0);
	tsig(dns);
}

static void
tsig_uncounted(struct way_dns *dns)
{
	tsig(dns);
	way_dns_set(dns->message, 10, 0);
}

static void
sig0(struct way_dns *dns)
{
	append_record(dns, "\0", 1, 24, 60);
}

static void
opt_and_sig0(struct way_dns *dns)
{
	opt(dns);
	sig0(dns);
}

static void
two_opt(struct way_dns *dns)
{
	opt(dns);
	opt(dns);
}

static void
opt_and_bytes(struct way_dns *dns)
{
	opt(dns);
	way_dns_append(dns, "xyz", 3);
}

static void
test_table(void)
{
	static const struct {
		const char *description;
		void (*make)(struct way_dns *);
		size_t expected; /* behind the question; SIZE_MAX: none */
		bool plain;
	} rows[] = {
		{"no EDNS", nothing, SIZE_MAX, true},
		{"OPT", opt, 0, true},
		{"OPT with options", opt_with_options, 0, true},
		{"OPT that is not counted", opt_uncounted, SIZE_MAX, true},
		{"OPT cut by a byte", opt_cut, SIZE_MAX, false},
		{"OPT whose options go beyond the end", opt_length_beyond, SIZE_MAX, false},
		{"OPT with 65,535 bytes of options", opt_length_most, SIZE_MAX, false},
		{"OPT of another owner than the root", opt_with_owner, SIZE_MAX, true},
		{"OPT whose owner is a pointer", opt_with_pointer, SIZE_MAX, true},
		{"an answer is counted", answer_counted, SIZE_MAX, false},
		{"an authority is counted", authority_counted, SIZE_MAX, false},
		{"behind three records", behind_three, (1 + 10 + 4) + (2 + 10 + 16) + (8 + 10 + 33), true},
		{"behind four records", behind_four, SIZE_MAX, false},
		{"behind a label that goes beyond the end", behind_endless_name, SIZE_MAX, false},
		{"behind half a pointer", behind_half_pointer, SIZE_MAX, false},
		{"behind a label of type 01", behind_reserved_label, SIZE_MAX, false},
		{"an owner and no more", name_alone, SIZE_MAX, false},
		{"65,535 counted, none there", counted_but_absent, SIZE_MAX, false},
		{"TSIG", tsig, SIZE_MAX, false},
		{"TSIG behind OPT", opt_and_tsig, 0, false},
		{"OPT behind TSIG, where it may not be", tsig_and_opt, SIZE_MAX, false},
		{"TSIG as the fifth record", tsig_fifth, SIZE_MAX, false},
		{"SIG(0)", sig0, SIZE_MAX, false},
		{"SIG(0) behind OPT", opt_and_sig0, 0, false},
		{"two OPT: the first", two_opt, 0, true},
		{"TSIG that is not counted", tsig_uncounted, SIZE_MAX, true},
		{"bytes behind OPT", opt_and_bytes, 0, true},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct way_dns dns;
		struct edns_tail found;
		size_t expected;

		way_dns_query(&dns, 1, "www.example.net", 1, 1);
		rows[i].make(&dns);
		found = find(&dns);
		expected = rows[i].expected == SIZE_MAX ? 0 : 12 + dns.question_bytes + rows[i].expected;
		WAY_ASSERT(found.opt_offset == expected, "%s: %u, not %zu", rows[i].description,
			   found.opt_offset, expected);
		WAY_ASSERT(found.plain == rows[i].plain, "%s: plain %d", rows[i].description, found.plain);
	}
}

/* Cut anywhere: never found, never read beyond. */
static void
test_cut(void)
{
	struct way_dns dns;

	way_dns_query(&dns, 1, "www.example.net", 1, 1);
	behind_three(&dns);
	while (dns.bytes-- > 12 + dns.question_bytes)
		WAY_ASSERT(find(&dns).opt_offset == 0 && !find(&dns).plain, "%zu bytes", dns.bytes);
	dns.question_bytes = 0;
	for (dns.bytes = 0; dns.bytes < 12; dns.bytes++)
		CU_ASSERT(find(&dns).opt_offset == 0 && !find(&dns).plain);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"messages", test_table}, {"cut short", test_cut}, CU_TEST_INFO_NULL};

	return way_suite_run("edns", tests);
}
