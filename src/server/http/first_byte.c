/* By which protocol a connection begins; see the header. */
#include "server/http/first_byte.h"

#include <glib.h>

#define TLS_HANDSHAKE 0x16 /* the first byte of a TLS record that begins a handshake */

/* A method, or the empty line that may come before it. */
static bool
may_begin_request(uint8_t first)
{
  return first == '\r' || first == '\n' || (first > ' ' && first < 0x7f);
}

const char *
first_byte_fault(bool secure, uint8_t first)
{
  if (!secure && may_begin_request(first))
    return NULL;
  if (!secure)
    return first == TLS_HANDSHAKE ? "This address speaks plain HTTP, and was asked by https://\n"
                                  : "This address speaks HTTP\n";
  if (first == TLS_HANDSHAKE)
    return NULL;
  return g_ascii_isupper(first) ? "This address speaks TLS: ask it by https://\n" : "";
}
