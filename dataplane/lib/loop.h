/* SPDX-License-Identifier: BSD-3-Clause */
/* The main thread's event loop: descriptors, and whom to call when one is readable.
 * A source's memory is its owner's and must stay until loop_remove(). All [main]. */
#ifndef EPHEMERA_DATAPLANE_LIB_LOOP_H
#define EPHEMERA_DATAPLANE_LIB_LOOP_H

struct loop {
	int epoll_fd;
};

struct loop_source {
	int fd;
	void (*ready)(void *owner);
	void *owner;
};

/* 0 or -errno. */
int loop_open(struct loop *loop);
void loop_close(struct loop *loop);

/* Watches source->fd for input and hang-up. 0 or -errno. */
int loop_add(struct loop *loop, struct loop_source *source);
void loop_remove(struct loop *loop, struct loop_source *source);

/* Waits for at most timeout_ms (-1: for ever) and calls one source that is ready: one only, so that
 * a source may remove any other. 0 or -errno. */
int loop_turn(struct loop *loop, int timeout_ms);

#endif
