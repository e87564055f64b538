/* SPDX-License-Identifier: BSD-3-Clause */
/* One line on stderr for the operator: what is wrong, and the mend. */
#ifndef EPHEMERA_DATAPLANE_LIB_LOG_H
#define EPHEMERA_DATAPLANE_LIB_LOG_H

/* Prints "ephemera-dataplane: ", the text, and a line end, in one write. [main] */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
