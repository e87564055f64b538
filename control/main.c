/* SPDX-License-Identifier: BSD-3-Clause */
/* ephemerad, the control daemon: command line, privileges, runtime directory and signals.
 *
 * It passes the command and HTTP handlers of report/ to the daemon (daemon/daemon.h), which holds
 * all other parts. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cap-ng.h>

#include "control/config/local_ports.h"
#include "control/daemon/daemon.h"
#include "control/lib/log.h"
#include "control/report/commands.h"
#include "control/report/http_routes.h"
#include "dataplane/shared/notify.h"
#include "dataplane/shared/runtime_dir.h"

#define RUNTIME_DIR_UMASK 0027 /* 0750 */

struct options {
	const char *config_path;
	enum log_level level;
};

struct signals {
	struct daemon *daemon;
	struct loop_watch watch;
};

static void
usage_print(FILE *to)
{
	fprintf(to,
		"usage: ephemerad [-c FILE] [--foreground] [--log-level LEVEL]\n"
		"\n"
		"The control daemon of Ephemera. It runs in the foreground and logs to stderr.\n"
		"\n"
		"  -c, --config FILE    the configuration file (default " CONFIG_PATH_DEFAULT ")\n"
		"      --foreground     accepted and ignored\n"
		"      --log-level LEVEL  error, warning, notice, info (the default) or debug\n"
		"  -h, --help           print this help\n"
		"  -V, --version        print the version\n"
		"\n"
		"SIGHUP reloads the configuration, SIGTERM and SIGINT stop the daemon.\n");
}

struct watchdog {
	struct loop *loop;
	struct loop_timer timer;
	uint64_t every_ns;
};

/* ephemerad needs no capability: the dataplane makes all privileged calls and passes the file
 * descriptors. */
static int
privilege_drop(void)
{
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		return 0;
	log_line(LEVEL_ERROR, "cannot drop capabilities: %s", strerror(errno));
	return -EPERM;
}

/* Exits on --help, --version and errors. */
static void
options_parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'},    {"foreground", no_argument, NULL, 'f'},
		{"log-level", required_argument, NULL, 'l'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},	     {NULL, 0, NULL, 0},
	};
	int option;

	*options = (struct options){.config_path = CONFIG_PATH_DEFAULT, .level = LEVEL_INFO};
	while ((option = getopt_long(argc, argv, "c:hV", known, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->config_path = optarg;
			break;
		case 'f':
			break;
		case 'l':
			if (log_level_parse(optarg, &options->level) == 0)
				break;
			fprintf(stderr,
				"ephemerad: unknown log level %s: use error, warning, notice, info "
				"or debug\n",
				optarg);
			exit(2);
		case 'h':
			usage_print(stdout);
			exit(0);
		case 'V':
			printf("ephemerad %s\n", EPHEMERA_VERSION);
			exit(0);
		default:
			usage_print(stderr);
			exit(2);
		}
	}
	if (optind == argc)
		return;
	fprintf(stderr, "ephemerad: unexpected argument %s\n", argv[optind]);
	usage_print(stderr);
	exit(2);
}

static struct config *
config_read(const char *path)
{
	struct config *config = NULL;
	char *text = NULL;
	size_t bytes = 0;
	FILE *errors = open_memstream(&text, &bytes);
	int status = errors == NULL ? -errno : config_load(path, &config, errors);

	if (status == 0)
		local_ports_warn(&config->source, path, errors);
	if (errors != NULL)
		fclose(errors);
	if (text != NULL)
		log_lines(status == 0 ? LEVEL_WARNING : LEVEL_ERROR, text);
	if (status != 0)
		log_line(LEVEL_ERROR, "cannot start: %s is not a valid configuration", path);
	free(text);
	return status == 0 ? config : NULL;
}

/* The directory of the sockets. An flock() on it keeps a second ephemerad out; the kernel releases
 * it when the process ends for whatever reason. */
struct runtime_dir {
	const char *path;
	int fd;
	bool created; /* created by this process */
};

static int
runtime_dir_create(struct runtime_dir *dir)
{
	mode_t before = umask(RUNTIME_DIR_UMASK);
	int status = mkdir(dir->path, 0777) < 0 ? -errno : 0;

	umask(before);
	dir->created = status == 0;
	if (status == 0 || status == -EEXIST)
		return 0;
	log_line(LEVEL_ERROR, "cannot create runtime_dir %s: %s: %s", dir->path, strerror(-status),
		 runtime_dir_hint(-status));
	return status;
}

/* After a failed start. rmdir() leaves a directory with files in it alone. */
static void
runtime_dir_undo(const struct runtime_dir *dir)
{
	if (dir->created)
		rmdir(dir->path);
}

/* Creates, opens and locks the directory. 0; or -errno after logging the reason. */
static int
runtime_dir_lock(struct runtime_dir *dir, const char *path)
{
	int status;

	*dir = (struct runtime_dir){.path = path};
	status = runtime_dir_create(dir);
	if (status != 0)
		return status;
	dir->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir->fd < 0) {
		status = -errno;
		log_line(LEVEL_ERROR, "cannot open runtime_dir %s: %s: %s", path, strerror(-status),
			 runtime_dir_hint(-status));
		return status;
	}
	if (flock(dir->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	status = -errno;
	if (status == -EWOULDBLOCK)
		log_line(LEVEL_ERROR,
			 "another ephemerad runs in %s: stop it first, or set another runtime_dir",
			 path);
	else
		log_line(LEVEL_ERROR, "cannot lock runtime_dir %s: %s", path, strerror(-status));
	close(dir->fd);
	return status;
}

/* Blocked signals stay pending until signals_watch(): none is lost or kills the process during the
 * start. */
static void
signals_block(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigprocmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void
signals_ready(void *owner, uint32_t events)
{
	struct signals *signals = owner;
	struct signalfd_siginfo received;

	(void)events;
	if (read(signals->watch.fd, &received, sizeof(received)) != sizeof(received))
		return;
	if (received.ssi_signo == SIGHUP) {
		log_line(LEVEL_NOTICE, "SIGHUP: reloading %s", signals->daemon->config_path);
		reload_signalled(&signals->daemon->reload);
		return;
	}
	log_line(LEVEL_NOTICE, "%s: stopping",
		 received.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
	loop_stop(&signals->daemon->loop);
}

static int
signals_watch(struct signals *signals, struct daemon *daemon, const sigset_t *set)
{
	int fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);

	*signals = (struct signals){.daemon = daemon, .watch = {fd, signals_ready, signals}};
	return fd < 0 ? -errno : loop_watch_add(&daemon->loop, &signals->watch, EPOLLIN);
}

/* The service manager's watchdog: the event loop runs. The dataplane has its own watchdog for its
 * workers. */
static void
watchdog_fire(void *owner, uint64_t now_ns)
{
	struct watchdog *watchdog = owner;

	notify_send("WATCHDOG=1");
	loop_timer_at(watchdog->loop, &watchdog->timer, now_ns + watchdog->every_ns);
}

static int
daemon_run(struct daemon *daemon, const sigset_t *set)
{
	struct signals signals;
	struct watchdog watchdog = {.loop = &daemon->loop,
				    .timer = {.fire = watchdog_fire},
				    .every_ns = notify_watchdog_ns()};
	int status = signals_watch(&signals, daemon, set);

	log_line(LEVEL_NOTICE, "ephemerad %s started: %s, %u upstreams", EPHEMERA_VERSION,
		 daemon->config_path, daemon->publisher.config->upstream_count);
	watchdog.timer.owner = &watchdog;
	if (watchdog.every_ns != 0)
		loop_timer_at(&daemon->loop, &watchdog.timer, 0);
	if (status == 0) {
		notify_send("READY=1");
		status = loop_run(&daemon->loop);
		notify_send("STOPPING=1");
	}
	loop_timer_cancel(&daemon->loop, &watchdog.timer);
	if (status != 0)
		log_line(LEVEL_ERROR, "the event loop failed: %s", strerror(-status));
	if (signals.watch.fd >= 0)
		close(signals.watch.fd);
	return status;
}

/* Starts all parts and runs the loop until a signal stops it. Takes ownership of `config`. */
static int
daemon_serve(const struct options *options, struct config *config, const struct runtime_dir *dir,
	     const sigset_t *set)
{
	static const struct daemon_handlers handlers = {.command = commands_handle,
							.http = http_routes_handle};
	struct daemon *daemon = calloc(1, sizeof(*daemon));
	int status;

	if (daemon == NULL) {
		config_free(config);
		return -ENOMEM;
	}
	status = daemon_init(daemon, &handlers, options->config_path, config);
	if (status == 0) {
		status = daemon_run(daemon, set);
		daemon_fini(daemon);
	} else {
		runtime_dir_undo(dir);
	}
	free(daemon);
	return status;
}

int
main(int argc, char **argv)
{
	struct options options;
	struct config *config;
	struct runtime_dir dir;
	char *path;
	sigset_t set;
	int status;

	options_parse(&options, argc, argv);
	log_set_level(options.level);
	signals_block(&set);
	if (privilege_drop() != 0)
		return 1;
	config = config_read(options.config_path);
	if (config == NULL)
		return 1;
	path = strdup(config->runtime_dir); /* config is freed before the lock */
	if (path == NULL || runtime_dir_lock(&dir, path) != 0) {
		config_free(config);
		free(path);
		return 1;
	}
	status = daemon_serve(&options, config, &dir, &set);
	close(dir.fd);
	free(path);
	return status == 0 ? 0 : 1;
}
