/* How the records of a TLS connection come and leave.
 *
 * libmicrohttpd has GnuTLS send one record a turn, which would wake the network and the reader for
 * each. Here the kernel is told which of them are followed by another (MSG_MORE), so that it fills
 * its packets. What is not the last of a body is never kept back in memory, and the last is sent
 * at once.
 *
 * GnuTLS reads a record by two calls. While a long body comes, several records are read by one.
 *
 * A client of TLS 1.3 may change its keys. GnuTLS says then that nothing has come, and
 * libmicrohttpd waits for more, though the next request may lie in the socket: so the kernel is
 * made to tell again of what lies there. What was read ahead by then waits until more comes.
 *
 * For the network thread of the connection. */
#pragma once

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>

/* Of a connection, for as long as its session lives; zeroed at first. */
typedef struct {
  bool begun;
  int socket;
  uint64_t expected; /* bytes of the body that are still to be sent, or fewer */
  bool read_ahead;
  uint8_t *ahead; /* what was read but not asked for yet: from ahead_first to ahead_end; or NULL */
  size_t ahead_first, ahead_end;
} Records;

/* After the handshake, and before the others below; of more calls the first counts. */
void records_begin(Records *records, gnutls_session_t session);
/* The session is about to send @bytes of a body: all that is left of it. */
void records_expect(Records *records, uint64_t bytes);
/* A long body comes; until records_read_singly(). */
void records_read_ahead(Records *records);
void records_read_singly(Records *records);
void records_clear(Records *records);
