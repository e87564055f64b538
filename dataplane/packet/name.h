/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds the end of a question, within bounds. [any] */
#ifndef EPHEMERA_DATAPLANE_PACKET_NAME_H
#define EPHEMERA_DATAPLANE_PACKET_NAME_H

#include <stddef.h>
#include <stdint.h>

/* Size of the question (name, type, class) at `bytes`, of which `available` may be read. 0 if it is
 * malformed: a label above 63 bytes or a compression pointer (RFC 1035 section 4.1.4: no name
 * precedes the first question), a name above 255 bytes (RFC 1035 section 2.3.4), or not
 * complete. */
uint32_t name_question_bytes(const uint8_t *bytes, size_t available);

#endif
