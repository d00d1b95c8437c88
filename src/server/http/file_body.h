/* A response's body that is read from a file: several pieces of it with texts between them, or one
 * that is to be encrypted. What is left, a piece in plain, leaves by sendfile (ranges.c). */
#pragma once

#include <glib.h>
#include <microhttpd.h>

#include "server/http/ranges.h"

typedef struct FileBody FileBody;

/* @fd: (transfer full). (transfer full) */
FileBody *file_body_new(int fd);
/* Adds @text (may be empty), and after it the piece. */
void file_body_add(FileBody *body, const char *text, const Range *piece);
/* The response to a request that came on @handle. @last: the text at the end; @body: (transfer
 * full); *size: its bytes. A file that has become shorter ends the connection. (transfer full) */
struct MHD_Response *file_body_response(FileBody *body, const char *last,
                                        struct MHD_Connection *handle, uint64_t *size);
