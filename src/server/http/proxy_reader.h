/* Reads the PROXY header of a new connection, and no byte after it. */
#pragma once

#include "server/http/proxy_header.h"

typedef enum { HEADER_READ, HEADER_AWAITED, HEADER_REFUSED } HeaderRead;

/* Takes what has come on @fd, a socket that does not block. @had: the bytes that came before; what
 * is taken is added. HEADER_REFUSED: it is no header, or the connection has ended. */
HeaderRead proxy_header_read(int fd, GByteArray *had, ProxyHeader *header);
