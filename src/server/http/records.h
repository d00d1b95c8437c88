/* How the records of a TLS connection leave.
 *
 * libmicrohttpd has GnuTLS send one record a turn, which would wake the network and the reader for
 * each. Here the kernel is told which of them are followed by another (MSG_MORE), so that it fills
 * its packets. What is not the last of a body is never kept back in memory, and the last is sent
 * at once. For the network thread of the connection. */
#pragma once

#include <gnutls/gnutls.h>
#include <stdint.h>

/* Of a connection, for as long as its session sends; zeroed at first. */
typedef struct {
  int socket;
  uint64_t expected; /* bytes of the body that are still to be sent, or fewer */
} Records;

/* @session, whose socket that is, is about to send @bytes of a body: all that is left of it. */
void records_expect(Records *records, gnutls_session_t session, uint64_t bytes);
