/* SPDX-License-Identifier: BSD-3-Clause */
/* Gives up the capabilities that only the start needed.
 *
 * Before: CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF, CAP_PERFMON, CAP_IPC_LOCK, and CAP_SYS_ADMIN where a
 * program of an earlier run must be removed. After: no thread has any in force; the main thread
 * alone may put CAP_NET_ADMIN in force for a while: to have next hops resolved, and to detach the
 * XDP programs at the end. All [main]. */
#ifndef EPHEMERA_DATAPLANE_LIB_PRIVILEGE_H
#define EPHEMERA_DATAPLANE_LIB_PRIVILEGE_H

/* Takes the capabilities from every thread of the process: worker cores must be idle. 0, or -errno
 * after one line on stderr; a thread that still has one in force is an error. */
int privilege_drop(void);

/* CAP_NET_ADMIN in force, if the main thread may still have it, and out of force again. */
void privilege_raise(void);
void privilege_lower(void);

#endif
