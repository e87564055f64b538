/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes and restores the terminal. */
#include "control/cli/terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

static const char enter_text[] = "\033[?1049h\033[?25l\033[2J";
static const char leave_text[] = "\033[0m\033[?25h\033[?1049l";

static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

/* The one terminal of the process; global because signal handlers and exit() restore it. */
static struct {
	volatile sig_atomic_t taken;
	bool keys; /* the standard input is a terminal */
	struct termios before;
	int signals;
	int quit_signal;
} terminal = {.signals = -1};

/* Async-signal-safe. */
static void
terminal_restore(void)
{
	ssize_t written;

	if (!terminal.taken)
		return;
	terminal.taken = 0;
	written = write(STDOUT_FILENO, leave_text, sizeof(leave_text) - 1);
	(void)written; /* a closed terminal needs no restoring */
	if (terminal.keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
}

static void
fault_handle(int number)
{
	terminal_restore();
	raise(number); /* SA_RESETHAND: the default action follows */
}

static int
terminal_take(void)
{
	struct termios raw;

	if (terminal.keys) {
		raw = terminal.before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 0;
		raw.c_cc[VTIME] = 0;
		if (tcsetattr(STDIN_FILENO, TCSANOW, &raw) < 0)
			return -errno;
	}
	terminal.taken = 1;
	return terminal_write(enter_text, sizeof(enter_text) - 1);
}

static void
signals_of(sigset_t *set)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP};

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaddset(set, numbers[i]);
}

int
terminal_open(void)
{
	struct sigaction action = {.sa_handler = fault_handle,
				   .sa_flags = (int)SA_RESETHAND | SA_NODEFER};
	sigset_t set;
	int status;

	signals_of(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	terminal.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (terminal.signals < 0)
		return -errno;
	terminal.keys = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &terminal.before) == 0;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigaction(faults[i], &action, NULL);
	atexit(terminal_close);
	status = terminal_take();
	if (status != 0)
		terminal_close();
	return status;
}

void
terminal_close(void)
{
	sigset_t set;

	terminal_restore();
	if (terminal.signals < 0)
		return;
	close(terminal.signals);
	terminal.signals = -1;
	signals_of(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void
terminal_suspend(void)
{
	terminal_restore();
	raise(SIGSTOP);
	terminal_take();
}

int
terminal_signals(void)
{
	return terminal.signals;
}

enum terminal_signal
terminal_signal_read(void)
{
	struct signalfd_siginfo signal;

	if (read(terminal.signals, &signal, sizeof(signal)) != (ssize_t)sizeof(signal))
		return TERMINAL_NOTHING;
	if (signal.ssi_signo == SIGWINCH)
		return TERMINAL_RESIZED;
	if (signal.ssi_signo == SIGTSTP)
		return TERMINAL_SUSPEND;
	terminal.quit_signal = (int)signal.ssi_signo;
	return TERMINAL_QUIT;
}

int
terminal_quit_signal(void)
{
	return terminal.quit_signal;
}

int
terminal_keys(void)
{
	return terminal.keys ? STDIN_FILENO : -1;
}

int
terminal_key_read(void)
{
	static const struct {
		const char *bytes;
		int key;
	} sequences[] = {
		{"\033[A", KEY_UP},   {"\033[B", KEY_DOWN},	{"\033OA", KEY_UP},
		{"\033OB", KEY_DOWN}, {"\033[5~", KEY_PAGE_UP}, {"\033[6~", KEY_PAGE_DOWN},
	};
	char bytes[16] = "";
	ssize_t count = read(STDIN_FILENO, bytes, 1);

	if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
		terminal.keys = false;
		return KEY_END;
	}
	if (count < 0)
		return KEY_NONE;
	if (bytes[0] != '\033')
		return (unsigned char)bytes[0];
	/* Reads up to the letter or tilde that ends the sequence; the next byte is the next key. */
	for (size_t i = 1; i + 1 < sizeof(bytes); i++) {
		if (read(STDIN_FILENO, bytes + i, 1) != 1)
			break;
		if (i > 1 && bytes[i] >= '@')
			break;
	}
	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
		if (strcmp(bytes, sequences[i].bytes) == 0)
			return sequences[i].key;
	return KEY_NONE;
}

int
terminal_write(const char *text, size_t bytes)
{
	while (bytes > 0) {
		ssize_t written = write(STDOUT_FILENO, text, bytes);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		text += written;
		bytes -= (size_t)written;
	}
	return 0;
}
