/* SPDX-License-Identifier: BSD-3-Clause */
/* Drops the capabilities that are needed only to start.
 *
 * Before: CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF, CAP_PERFMON, CAP_IPC_LOCK, and CAP_SYS_ADMIN if a
 * program of an earlier run must be removed. After: no thread has an effective capability. Only the
 * main thread keeps CAP_NET_ADMIN permitted, and makes it effective for a moment to have next hops
 * resolved, and to detach the XDP programs at the end. All [main]. */
#ifndef EPHEMERA_DATAPLANE_LIB_PRIVILEGE_H
#define EPHEMERA_DATAPLANE_LIB_PRIVILEGE_H

/* Drops the capabilities of every thread of the process; the worker lcores must be idle. 0, or
 * -errno after one line on stderr. A thread that still has an effective capability is an error. */
int privilege_drop(void);

/* Make CAP_NET_ADMIN effective in the main thread, if it is permitted, and drop it again. */
void privilege_raise(void);
void privilege_lower(void);

#endif
