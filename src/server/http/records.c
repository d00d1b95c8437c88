/* How the records of a TLS connection come and leave; see the header. */
#include "server/http/records.h"

#include "base/gnutls_library.h"

#include <glib.h>
#include <string.h>
#include <sys/socket.h>

/* Four records, of a connection that sends a long body. */
#define AHEAD_BYTES ((size_t)64 * 1024)

/* A gnutls_push_func. The count falls by what a record has on the wire, which is more than what it
 * holds: so it is at its end with the last record or a little before, never after it. */
static ssize_t
push(gnutls_transport_ptr_t transport, const void *data, size_t size)
{
  Records *records = transport;
  ssize_t sent =
      send(records->socket, data, size, MSG_NOSIGNAL | (records->expected > size ? MSG_MORE : 0));
  if (sent > 0)
    records->expected -= MIN(records->expected, (uint64_t)sent);
  return sent;
}

/* Frees the buffer when it is empty and no longer used. */
static void
settle(Records *records)
{
  if (records->ahead_first < records->ahead_end)
    return;
  records->ahead_first = records->ahead_end = 0;
  if (!records->read_ahead)
    g_clear_pointer(&records->ahead, g_free);
}

/* A gnutls_pull_func. libmicrohttpd asks until there is nothing more, so that what lies here is not
 * forgotten, though the socket has nothing new. */
static ssize_t
pull(gnutls_transport_ptr_t transport, void *data, size_t size)
{
  Records *records = transport;
  if (records->ahead == NULL)
    return recv(records->socket, data, size, 0);
  if (records->ahead_first == records->ahead_end) {
    ssize_t got = recv(records->socket, records->ahead, AHEAD_BYTES, 0);
    if (got <= 0)
      return got;
    records->ahead_end = (size_t)got;
  }
  size_t part = MIN(size, records->ahead_end - records->ahead_first);
  memcpy(data, records->ahead + records->ahead_first, part);
  records->ahead_first += part;
  settle(records);
  return (ssize_t)part;
}

/* A gnutls_handshake_hook_func, after a change of keys by the client. To set the mark that a socket
 * is readable from wakes who waits for it, if there is something. */
static int
wake(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
     const gnutls_datum_t *message)
{
  void *from, *to;
  gnutls()->transport_get_ptr2(session, &from, &to);
  const Records *records = from;
  int one = 1;
  if (incoming != 0)
    setsockopt(records->socket, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof one);
  return 0;
}

void
records_begin(Records *records, gnutls_session_t session)
{
  if (records->begun)
    return;
  records->begun = true;
  records->socket = gnutls()->transport_get_int(session);
  gnutls()->transport_set_ptr2(session, records, records);
  gnutls()->transport_set_push_function(session, push);
  gnutls()->transport_set_pull_function(session, pull);
  gnutls()->handshake_set_hook_function(session, GNUTLS_HANDSHAKE_KEY_UPDATE, GNUTLS_HOOK_POST,
                                        wake);
}

void
records_expect(Records *records, uint64_t bytes)
{
  records->expected = bytes;
}

void
records_read_ahead(Records *records)
{
  records->read_ahead = true;
  if (records->ahead == NULL)
    records->ahead = g_malloc(AHEAD_BYTES);
}

void
records_read_singly(Records *records)
{
  records->read_ahead = false;
  settle(records);
}

void
records_clear(Records *records)
{
  g_clear_pointer(&records->ahead, g_free);
}
