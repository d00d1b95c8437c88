/* libmicrohttpd, loaded when a server starts: it brings GnuTLS (base/gnutls_library.h). */
#pragma once

#include <microhttpd.h>

#include "base/library.h"

#define MICROHTTPD_FUNCTIONS(X)                                                                    \
  X(MHD_, add_connection)                                                                          \
  X(MHD_, add_response_header)                                                                     \
  X(MHD_, create_response_from_buffer_with_free_callback_cls)                                      \
  X(MHD_, create_response_from_callback)                                                           \
  X(MHD_, create_response_from_fd_at_offset64)                                                     \
  X(MHD_, destroy_response)                                                                        \
  X(MHD_, get_connection_info)                                                                     \
  X(MHD_, get_connection_values)                                                                   \
  X(MHD_, get_connection_values_n)                                                                 \
  X(MHD_, lookup_connection_value)                                                                 \
  X(MHD_, queue_response)                                                                          \
  X(MHD_, resume_connection)                                                                       \
  X(MHD_, start_daemon)                                                                            \
  X(MHD_, stop_daemon)                                                                             \
  X(MHD_, suspend_connection)

typedef struct {
  MICROHTTPD_FUNCTIONS(LIBRARY_MEMBER)
} MicrohttpdLibrary;

/* Any thread. Ends the program with a message when the library is not there. */
const MicrohttpdLibrary *microhttpd(void);
