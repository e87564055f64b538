/* SPDX-License-Identifier: BSD-3-Clause */
/* Logs a line to stderr for the operator: what is wrong, and what to do. */
#ifndef EPHEMERA_DATAPLANE_LIB_LOG_H
#define EPHEMERA_DATAPLANE_LIB_LOG_H

/* Prints "ephemera-dataplane: ", the text and a newline in one call. [main] */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
