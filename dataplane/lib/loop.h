/* SPDX-License-Identifier: BSD-3-Clause */
/* The main thread's event loop: calls the owner of a descriptor when it is readable.
 * The owner allocates the loop_source and keeps it until loop_remove(). All [main]. */
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

/* Waits at most timeout_ms (-1: without limit) and calls one ready source. It calls no more than
 * one, so that a source may remove any other. 0 or -errno. */
int loop_turn(struct loop *loop, int timeout_ms);

#endif
