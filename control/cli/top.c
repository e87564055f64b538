/* SPDX-License-Identifier: BSD-3-Clause */
/* The command top: polls ephemerad and shows the figures until the user quits.
 *
 * A round starts each interval: it connects if there is no connection, then sends one request after
 * the other. The screen changes when a round completes or fails; keys and signals are handled at
 * any time. */
#include "control/cli/top.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/cli/call.h"
#include "control/cli/cli.h"
#include "control/cli/client.h"
#include "control/cli/output.h"
#include "control/cli/terminal.h"

#define RESPONSE_WAIT_MS 5000
#define ENTROPY_EACH	 5 /* rounds; the figures are expensive to compute */
#define ERROR_BYTES	 256
#define SCROLL_PAGE	 10
#define NEVER_MS	 INT64_MAX

struct top {
	const struct cli_options *options;
	char path[PATH_MAX];
	struct call call;
	struct top_responses responses;
	json_t *round[TOP_REQUESTS]; /* responses of the current round */
	enum top_request request;    /* the current one */
	bool asking;
	unsigned rounds; /* completed */
	int64_t round_ms, response_by_ms;
	char unreachable[ERROR_BYTES];
	struct top_view view;
	struct style style;
	bool changed, quit;
};

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void
response_set(json_t **place, json_t *response)
{
	json_decref(*place);
	*place = response;
}

/* Rounds */

static void
round_fail(struct top *top, int err)
{
	call_end(&top->call);
	for (unsigned i = 0; i < TOP_REQUESTS; i++)
		response_set(&top->round[i], NULL);
	snprintf(top->unreachable, sizeof(top->unreachable), "%.180s: %s", top->path,
		 err == -ETIMEDOUT    ? "no response"
		 : err == -ECONNRESET ? "connection closed"
		 : err == -EPROTO     ? "not ephemerad's socket"
				      : strerror(-err));
	top->responses.unreachable = top->unreachable;
	top->asking = false;
	top->changed = true;
}

static bool
request_due(const struct top *top, enum top_request request)
{
	return request != TOP_ENTROPY || top->rounds % ENTROPY_EACH == 0;
}

/* Publishes the responses of a completed round. */
static void
round_end(struct top *top)
{
	json_t *stats = top->responses.now[TOP_STATS];

	top->responses.now[TOP_STATS] = NULL;
	response_set(&top->responses.stats_before, stats);
	for (unsigned i = 0; i < TOP_REQUESTS; i++) {
		if (!request_due(top, i))
			continue;
		response_set(&top->responses.now[i], top->round[i]);
		top->round[i] = NULL;
	}
	top->responses.unreachable = NULL;
	top->rounds++;
	top->asking = false;
	top->changed = true;
}

static void
request_send(struct top *top)
{
	int err;

	while (top->request < TOP_REQUESTS && !request_due(top, top->request))
		top->request++;
	if (top->request == TOP_REQUESTS) {
		round_end(top);
		return;
	}
	err = call_ask(&top->call, top_request_name(top->request), NULL);
	if (err != 0)
		round_fail(top, err);
	top->response_by_ms = now_ms() + RESPONSE_WAIT_MS;
}

static void
round_begin(struct top *top)
{
	int err = top->call.fd < 0 ? call_begin(&top->call, top->path, 0) : 0;

	top->round_ms = now_ms() + top->options->interval_ms;
	if (err != 0) {
		round_fail(top, err);
		return;
	}
	top->asking = true;
	top->request = 0;
	request_send(top);
}

static void
call_ready(struct top *top)
{
	char *line = NULL;
	int status = call_turn(&top->call, &line);
	json_t *response;

	if (status == 0)
		return;
	if (status < 0) {
		round_fail(top, status);
		return;
	}
	response = json_loads(line, 0, NULL);
	free(line);
	if (!json_is_object(response) || json_object_get(response, "ok") == NULL) {
		json_decref(response);
		round_fail(top, -EPROTO);
		return;
	}
	response_set(&top->round[top->request], response);
	top->request++;
	request_send(top);
}

/* The screen */

static void
screen_draw(struct top *top)
{
	json_t *figures = top_figures(&top->responses);
	char *text = NULL, *picture = NULL;
	size_t bytes = 0;
	FILE *stream = open_memstream(&text, &bytes);

	if (stream != NULL) {
		top->view.now = time(NULL);
		top_render(figures, &top->style, &top->view, stream);
		fclose(stream);
		stream = open_memstream(&picture, &bytes);
	}
	if (stream != NULL) {
		fputs("\033[H", stream);
		style_print(&top->style, text, true, stream);
		fputs("\033[K\033[J", stream);
		fclose(stream);
		if (terminal_write(picture, bytes) != 0)
			top->quit = true;
	}
	free(text);
	free(picture);
	json_decref(figures);
	top->changed = false;
}

static void
scroll(struct top *top, int rows)
{
	if (rows < 0 && top->view.scrolled < (unsigned)-rows)
		top->view.scrolled = 0;
	else
		top->view.scrolled += (unsigned)rows;
}

static void
key_handle(struct top *top, int key)
{
	switch (key) {
	case 'q':
		top->quit = true;
		break;
	case 'p':
		top->view.paused = !top->view.paused;
		top->round_ms = 0;
		break;
	case 'n':
	case 'c':
	case 'f':
	case 'l':
	case 's':
	case 't':
		top->view.sort = (char)key;
		break;
	case KEY_UP:
		scroll(top, -1);
		break;
	case KEY_DOWN:
		scroll(top, 1);
		break;
	case KEY_PAGE_UP:
		scroll(top, -SCROLL_PAGE);
		break;
	case KEY_PAGE_DOWN:
		scroll(top, SCROLL_PAGE);
		break;
	default:
		return;
	}
	top->changed = true;
}

static void
signal_handle(struct top *top)
{
	switch (terminal_signal_read()) {
	case TERMINAL_RESIZED:
		top->style = style_of_stdout();
		break;
	case TERMINAL_SUSPEND:
		terminal_suspend();
		top->style = style_of_stdout();
		break;
	case TERMINAL_QUIT:
		top->quit = true;
		break;
	case TERMINAL_NOTHING:
		return;
	}
	top->changed = true;
}

/* The time of the next thing to do, unless an event comes first. */
static int64_t
due_ms(const struct top *top)
{
	if (top->asking)
		return top->response_by_ms;
	return top->view.paused ? NEVER_MS : top->round_ms;
}

/* Waits for one event and handles it; keys and signals only if `live`. */
static void
top_turn(struct top *top, bool live)
{
	struct pollfd polled[] = {
		{.fd = top->asking ? top->call.fd : -1,
		 .events = top->asking ? call_events(&top->call) : 0},
		{.fd = live ? terminal_signals() : -1, .events = POLLIN},
		{.fd = live ? terminal_keys() : -1, .events = POLLIN},
	};
	int64_t due = due_ms(top), wait = due - now_ms();

	if (poll(polled, 3, due == NEVER_MS ? -1 : wait < 0 ? 0 : (int)wait) < 0 && errno != EINTR)
		top->quit = true;
	if (polled[1].revents != 0)
		signal_handle(top);
	if (polled[2].revents != 0)
		key_handle(top, terminal_key_read());
	if (polled[0].revents != 0)
		call_ready(top);
	else if (top->asking && now_ms() >= top->response_by_ms)
		round_fail(top, -ETIMEDOUT);
	if (!top->asking && !top->view.paused && now_ms() >= top->round_ms && !top->quit)
		round_begin(top);
}

static enum cli_exit
top_live(struct top *top)
{
	int err = terminal_open(), number;

	if (err != 0) {
		output_error("cannot use the terminal: %s", strerror(-err));
		return CLI_REFUSED;
	}
	top->view.keys = terminal_keys() >= 0;
	top->changed = true;
	while (!top->quit) {
		if (top->changed)
			screen_draw(top);
		top_turn(top, true);
	}
	number = terminal_quit_signal();
	terminal_close();
	if (number != 0)
		raise(number); /* so that the exit status shows the signal */
	return CLI_OK;
}

/* Prints one screen after two rounds, which the rates need. */
static enum cli_exit
top_once(struct top *top)
{
	json_t *figures;
	char *text = NULL;
	size_t bytes;
	FILE *stream;

	while (top->rounds < 2 && top->responses.unreachable == NULL)
		top_turn(top, false);
	if (top->responses.unreachable != NULL) {
		output_error("cannot reach ephemerad at %s: start it with `systemctl start "
			     "ephemerad`, or `ephemerad -c FILE`",
			     top->responses.unreachable);
		return CLI_UNREACHABLE;
	}
	figures = top_figures(&top->responses);
	top->style.rows = 0;
	stream = open_memstream(&text, &bytes);
	if (top->options->json) {
		output_json(figures);
	} else if (stream != NULL) {
		top->view.now = time(NULL);
		top_render(figures, &top->style, &top->view, stream);
		fflush(stream);
		style_print(&top->style, text, false, stdout);
	}
	if (stream != NULL)
		fclose(stream);
	free(text);
	json_decref(figures);
	return CLI_OK;
}

enum cli_exit
cli_top(const struct cli_options *options)
{
	struct top top = {.options = options, .call = CALL_INIT, .style = style_of_stdout()};
	enum cli_exit status = client_socket_path(options, top.path, sizeof(top.path));

	if (status != CLI_OK)
		return status;
	if (top.style.terminal && !options->once && !options->json)
		status = top_live(&top);
	else
		status = top_once(&top);
	call_end(&top.call);
	for (unsigned i = 0; i < TOP_REQUESTS; i++) {
		json_decref(top.responses.now[i]);
		json_decref(top.round[i]);
	}
	json_decref(top.responses.stats_before);
	return status;
}
