/* How the records of a TLS connection leave; see the header. */
#include "server/http/records.h"

#include <glib.h>
#include <sys/socket.h>

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

void
records_expect(Records *records, gnutls_session_t session, uint64_t bytes)
{
  void *from, *to;
  gnutls_transport_get_ptr2(session, &from, &to);
  if (to != records) {
    records->socket = gnutls_transport_get_int(session);
    gnutls_transport_set_ptr2(session, from, records);
    gnutls_transport_set_push_function(session, push);
  }
  records->expected = bytes;
}
