/* Loading libmicrohttpd; see the header. */
#include "server/http/microhttpd_library-private.h"

LIBRARY_NOTE(MICROHTTPD_LIBRARY);

const MicrohttpdLibrary *
microhttpd(void)
{
  static const char *const names[] = {MICROHTTPD_FUNCTIONS(LIBRARY_NAME) NULL};
  static MicrohttpdLibrary functions;
  static Library library = {.soname = MICROHTTPD_LIBRARY, .names = names, .functions = &functions};
  library_need(&library);
  return &functions;
}
