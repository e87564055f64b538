/* SPDX-License-Identifier: BSD-3-Clause */
/* ephemeractl: the dataplane's arguments and their quoting, formatted numbers; and the program
 * itself, whose path is the argument: its JSON, its text and its errors. */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "control/cli/eal.h"
#include "control/cli/table.h"
#include "tests/unit/suite.h"

static struct config *
config_make(const char *runtime_dir)
{
	struct config *c = calloc(1, sizeof(*c));

	c->runtime_dir = strdup(runtime_dir);
	c->dataplane.main_core = 2;
	c->dataplane.worker_count = 2;
	c->dataplane.worker_cores[0] = 3;
	c->dataplane.worker_cores[1] = 5;
	c->dataplane.memory_mb = 512;
	c->dataplane.flows_per_worker = 65536;
	c->dataplane.interface_count = 2;
	c->dataplane.interfaces[0] = (struct config_interface){strdup("eth0"), 2};
	c->dataplane.interfaces[1] = (struct config_interface){strdup("eth1.100"), 1};
	return c;
}

static char *
printed(const struct eal_command *command)
{
	size_t bytes;
	char *text;
	FILE *stream = open_memstream(&text, &bytes);

	eal_print(command, stream);
	fclose(stream);
	return text;
}

static const struct {
	const char *runtime_dir, *quoted;
} directories[] = {
	{"/run/ephemera", "/run/ephemera"},   {"/run/my dir", "'/run/my dir'"},
	{"/run/it's", "'/run/it'\\''s'"},     {"/run/$(x);`y`", "'/run/$(x);`y`'"},
	{"/run/\xc3\xa9", "'/run/\xc3\xa9'"},
};

static void
test_command(void)
{
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		struct config *c = config_make(directories[i].runtime_dir);
		struct eal_command command;
		char wanted[1024], *text;

		snprintf(wanted, sizeof(wanted),
			 "/x/ephemera-dataplane --lcores 0@2,1@3,2@5 --main-lcore 0 --in-memory "
			 "--no-telemetry --no-pci -m 512 --log-level=warning "
			 "--vdev net_af_xdp0,iface=eth0,start_queue=0,queue_count=2,"
			 "xdp_prog=/x/steer.bpf.o "
			 "--vdev net_af_xdp1,iface=eth1.100,start_queue=0,queue_count=1,"
			 "xdp_prog=/x/steer.bpf.o "
			 "-- --runtime-dir %s --flows 65536\n",
			 directories[i].quoted);
		CU_ASSERT_FATAL(eal_build(c, "/x/ephemera-dataplane", "/x/steer.bpf.o", &command) ==
				0);
		CU_ASSERT(command.words[command.count] == NULL);
		text = printed(&command);
		SUITE_ASSERT(strcmp(text, wanted) == 0, "expected %s, got %s", wanted, text);
		free(text);
		eal_free(&command);
		CU_ASSERT(eal_build(c, "/x/ephemera-dataplane", "/x,y/steer.bpf.o", &command) ==
			  -EINVAL);
		config_free(c);
	}
}

/* The largest configuration fits. */
static void
test_command_largest(void)
{
	struct config *c = config_make("/run/ephemera");
	struct eal_command command;

	c->dataplane.worker_count = CONFIG_WORKERS_MAX;
	for (unsigned i = 0; i < CONFIG_WORKERS_MAX; i++)
		c->dataplane.worker_cores[i] = (uint16_t)(960 + i);
	for (; c->dataplane.interface_count < SNAPSHOT_INTERFACES_MAX;
	     c->dataplane.interface_count++)
		c->dataplane.interfaces[c->dataplane.interface_count] =
			(struct config_interface){strdup("ethxethxethxeth"), 64};
	CU_ASSERT_FATAL(eal_build(c, "/x", "/y", &command) == 0);
	CU_ASSERT(command.count <= EAL_WORDS_MAX);
	CU_ASSERT(strstr(command.words[2], ",64@1023") != NULL);
	eal_free(&command);
	config_free(c);
}

static const struct {
	long long number;
	const char *counted, *lasting;
} numbers[] = {
	{0, "0", "0s"},
	{59, "59", "59s"},
	{60, "60", "1m 0s"},
	{999, "999", "16m 39s"},
	{3661, "3,661", "1h 1m"},
	{1000000, "1,000,000", "11d 13h"},
	{-1234, "-1,234", NULL},
	{-123, "-123", NULL},
	{9223372036854775807, "9,223,372,036,854,775,807", NULL},
};

static const struct {
	double us;
	const char *text;
} latencies[] = {{0, "0 us"}, {850, "850 us"}, {1200, "1.2 ms"}, {2e6, "2.0 s"}};

static void
test_numbers(void)
{
	char text[TABLE_NUMBER_BYTES];

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		SUITE_ASSERT(strcmp(number_format(numbers[i].number, text), numbers[i].counted) ==
				     0,
			     "%lld is shown as %s", numbers[i].number, text);
		if (numbers[i].lasting != NULL)
			SUITE_ASSERT(strcmp(duration_format(numbers[i].number, text),
					    numbers[i].lasting) == 0,
				     "%lld s is shown as %s", numbers[i].number, text);
	}
	for (size_t i = 0; i < sizeof(latencies) / sizeof(latencies[0]); i++)
		SUITE_ASSERT(strcmp(latency_format(latencies[i].us, text), latencies[i].text) == 0,
			     "%.0f us is shown as %s", latencies[i].us, text);
}

/* The program */

#define CONNECT_MS 5000 /* ephemeractl must have connected by then */

static const char *program;
static char directory[] = "/tmp/ephemera-test-XXXXXX";

static const char *
made(const char *name)
{
	static char path[100];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static FILE *
program_start(const char *arguments)
{
	char command[1024];
	FILE *pipe;

	snprintf(command, sizeof(command), "'%s' %s 2>&1", program, arguments);
	pipe = popen(command, "r");
	if (pipe == NULL)
		abort();
	return pipe;
}

/* Returns the exit status, and in `text` the output of both streams. */
static int
program_end(FILE *pipe, char *text, size_t room)
{
	size_t bytes = fread(text, 1, room - 1, pipe);
	int status = pclose(pipe);

	text[bytes] = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char config_text[] = "dataplane: {worker_cores: [1], interfaces: [{xdp: eth0}]}\n"
				  "source: {addresses: [198.51.100.16]}\n"
				  "service: {addresses: [{address: 192.0.2.53}]}\n"
				  "upstreams: {servers: [{name: nsd, address: 198.51.100.101}]}\n";

static void
test_print(void)
{
	static char text[65536], arguments[256];
	FILE *file = fopen(made("test.yaml"), "w");
	const json_t *words;
	json_t *result;

	if (file == NULL)
		abort();
	fputs(config_text, file);
	fclose(file);
	snprintf(arguments, sizeof(arguments), "exec-dataplane --print --json -c %s",
		 made("test.yaml"));
	CU_ASSERT_EQUAL(program_end(program_start(arguments), text, sizeof(text)), 0);
	result = json_loads(text, 0, NULL);
	words = json_object_get(result, "argv");
	CU_ASSERT(json_array_size(words) > 10);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "/ephemera-dataplane\""));
	CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(words, 1)), "--lcores");
	CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(words, 2)), "0@0,1@1");
	json_decref(result);

	snprintf(arguments, sizeof(arguments), "exec-dataplane --json -c %s", made("test.yaml"));
	CU_ASSERT_EQUAL(program_end(program_start(arguments), text, sizeof(text)), 2);
	CU_ASSERT_STRING_EQUAL(text, "ephemeractl: exec-dataplane: --json needs --print\n");
	unlink(made("test.yaml"));
}

static const char *const keys[] = {
	"{\"key\": \"upstreams.timeout_ms\", \"required\": false, \"default\": 2000,"
	" \"unit\": \"ms\"}",
	"{\"key\": \"dataplane.main_core\", \"default\": 0, \"min\": 0, \"max\": 1023,"
	" \"unit\": null}",
	"{\"key\": \"source.ports\", \"default\": \"49152-65535\", \"min\": null, \"max\": null}",
	"{\"key\": \"upstreams.servers[].name\", \"required\": true, \"default\": null}",
};

static void
test_keys(void)
{
	static char text[65536];
	json_t *list;

	CU_ASSERT_EQUAL(program_end(program_start("config keys --json"), text, sizeof(text)), 0);
	list = json_loads(text, 0, NULL);
	CU_ASSERT(json_is_array(list));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		json_t *wanted = json_loads(keys[i], 0, NULL), *entry, *merged;
		bool found = false;
		size_t index;

		CU_ASSERT_PTR_NOT_NULL_FATAL(wanted);
		json_array_foreach(list, index, entry)
		{
			merged = json_copy(entry);
			json_object_update(merged, wanted);
			found |= json_equal(merged, entry) &&
				 json_string_length(json_object_get(entry, "help"));
			json_decref(merged);
		}
		SUITE_ASSERT(found, "no %s", keys[i]);
		json_decref(wanted);
	}
	json_decref(list);
}

#define DIFF(changes, fixed, errors)                                                               \
	"{\"ok\": true, \"result\": {\"changes\": " changes ", \"static\": " fixed                 \
	", \"errors\": " errors "}}\n"

#define STATUS(ready, not_ready, drain)                                                            \
	"{\"ok\": true, \"result\": {\"version\": \"1\", \"pid\": 7, \"uptime_s\": 5,"             \
	" \"generation\": 2, \"config_file\": \"f\", \"config_loaded_at\": \"then\","              \
	" \"upstreams_up\": 1, \"upstreams_total\": 2, "                                           \
	"\"in_flight\": 3, \"ready\": " ready ", \"not_ready\": " not_ready ", \"drain\": " drain  \
	", \"dataplane\": {\"connected\": false}}}\n"

#define STATUS_SHOWN(ready)                                                                        \
	"ephemerad      1, pid 7, up 5s, generation 2\nconfiguration  f, loaded then\n"            \
	"upstreams      1 of 2 up\nin flight      3\nready          " ready                        \
	"dataplane      not connected: start it with `systemctl start ephemera-dataplane`,\n"      \
	"               or `ephemeractl exec-dataplane -c FILE`\n"

/* Responses of ephemerad, and what ephemeractl prints for them. */
static const struct {
	const char *command;
	int status;
	const char *response, *shown;
} responses[] = {
	{"reload", 1, "{\"ok\": false, \"error\": \"a.yaml:6: source.ports: wrong\"}\n",
	 "a.yaml:6: source.ports: wrong\n"},
	{"reload", 1, "{\"ok\": false, \"error\": \"a.yaml:6: wrong\\na.yaml:7: too\"}\n",
	 "a.yaml:6: wrong\na.yaml:7: too\n"},
	{"reload", 1, "{\"ok\": false, \"error\": \"\"}\n", "\n"},
	{"reload --json", 1, "{\"ok\": false, \"error\": \"no\"}\n",
	 "no\n{\n  \"ok\": false,\n  \"error\": \"no\"\n}\n"},
	{"status", 0, STATUS("true", "\"\"", "null"), STATUS_SHOWN("yes\n")},
	{"status", 0,
	 STATUS("false", "\"draining\"",
		"{\"state\": \"waiting\", \"since\": \"3:00\", \"until\": \"3:01\"}"),
	 STATUS_SHOWN("no: draining\ndrain          waiting, started 3:00; the dataplane stops "
		      "when no more queries arrive, at 3:01 at the latest\n")},
	{"status", 0,
	 STATUS("false", "\"drained\"",
		"{\"state\": \"stopped\", \"since\": \"3:00\", \"until\": \"3:01\"}"),
	 STATUS_SHOWN("no: drained\ndrain          stopped, started 3:00; the next start of the "
		      "dataplane ends the drain\n")},
	{"config diff", 0, DIFF("[]", "[]", "[]"), "no difference\n"},
	{"config diff", 1, DIFF("[\"upstream a added\", \"http: from x to off\"]", "[]", "[]"),
	 "upstream a added\nhttp: from x to off\n"},
	{"config diff", 1, DIFF("[]", "[\"runtime_dir\"]", "[]"),
	 "runtime_dir: changed; restart the dataplane, then ephemerad, to apply it\n"},
	{"config diff", 1, DIFF("[]", "[]", "[\"a.yaml:6: wrong\"]"), "a.yaml:6: wrong\n"},
	{"config diff --json", 1, DIFF("[\"x\"]", "[]", "[]"),
	 "{\n  \"changes\": [\n    \"x\"\n  ],\n  \"static\": [],\n  \"errors\": []\n}\n"},
};

static void
test_responses(void)
{
	struct sockaddr_un path = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char arguments[256], text[1024];

	snprintf(path.sun_path, sizeof(path.sun_path), "%s", made("control.sock"));
	if (bind(listener, (struct sockaddr *)&path, sizeof(path)) < 0 || listen(listener, 1) < 0)
		abort();
	for (size_t i = 0; i < sizeof(responses) / sizeof(responses[0]); i++) {
		struct pollfd ready = {.fd = listener, .events = POLLIN};
		FILE *pipe;
		int fd, status;

		snprintf(arguments, sizeof(arguments), "%s --socket %s", responses[i].command,
			 path.sun_path);
		pipe = program_start(arguments);
		fd = poll(&ready, 1, CONNECT_MS) == 1 ? accept(listener, NULL, NULL) : -1;
		CU_ASSERT_FATAL(fd >= 0);
		CU_ASSERT(recv(fd, text, sizeof(text), 0) > 0);
		CU_ASSERT(send(fd, responses[i].response, strlen(responses[i].response),
			       MSG_NOSIGNAL) > 0);
		status = program_end(pipe, text, sizeof(text));
		SUITE_ASSERT(status == responses[i].status && strcmp(text, responses[i].shown) == 0,
			     "row %zu: %d, %s", i, status, text);
		close(fd);
	}
	close(listener);
	unlink(path.sun_path);
}

static CU_TestInfo tests[] = {
	{"the command line of the dataplane", test_command},
	{"the longest command line", test_command_largest},
	{"formatted numbers", test_numbers},
	{"exec-dataplane --print", test_print},
	{"config keys --json", test_keys},
	{"responses of ephemerad", test_responses},
	CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
	int status;

	if (argc != 2 || mkdtemp(directory) == NULL) {
		fputs("usage: test_cli EPHEMERACTL\n", stderr);
		return EXIT_FAILURE;
	}
	program = argv[1];
	status = suite_run("cli", tests);
	rmdir(directory);
	return status;
}
