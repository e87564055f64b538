/* SPDX-License-Identifier: BSD-3-Clause */
/* Names in a question, walked with bounds. [any] */
#ifndef EPHEMERA_DATAPLANE_PACKET_NAME_H
#define EPHEMERA_DATAPLANE_PACKET_NAME_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the question (name, type, class) that starts at `bytes` and may use `available` bytes; 0
 * if it is not one: a label above 63 or a compression pointer (RFC 1035 section 4.1.4: in a first
 * question there is nothing before it to point at), a name above 255 bytes (RFC 1035 section
 * 2.3.4), or the end before the end. */
uint32_t name_question_bytes(const uint8_t *bytes, size_t available);

#endif
