/* Reads the PROXY header of a new connection; see the header. */
#include "server/http/proxy_reader.h"

#include <errno.h>
#include <sys/socket.h>

HeaderRead
proxy_header_read(int fd, GByteArray *had, ProxyHeader *header)
{
  uint8_t bytes[PROXY_HEADER_MAX];
  const guint before = had->len;
  ssize_t size = recv(fd, bytes, sizeof bytes - before, MSG_PEEK | MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return HEADER_AWAITED;
  if (size <= 0)
    return HEADER_REFUSED;
  g_byte_array_append(had, bytes, (guint)size);
  ProxyHeaderResult result = proxy_header_parse(slice_new(had->data, had->len), header);
  bool part = result == PROXY_HEADER_PART;
  if (result == PROXY_HEADER_BROKEN || (part && had->len >= sizeof bytes))
    return HEADER_REFUSED;
  size_t taken = part ? (size_t)size : header->size - before;
  if (recv(fd, bytes, taken, MSG_DONTWAIT) != (ssize_t)taken)
    return HEADER_REFUSED;
  return part ? HEADER_AWAITED : HEADER_READ;
}
