/* Loading GnuTLS; see the header. */
#include "base/gnutls_library.h"

LIBRARY_NOTE(GNUTLS_LIBRARY);

const GnutlsLibrary *
gnutls(void)
{
  static const char *const names[] = {GNUTLS_FUNCTIONS(LIBRARY_NAME) NULL};
  static GnutlsLibrary functions;
  static Library library = {.soname = GNUTLS_LIBRARY, .names = names, .functions = &functions};
  library_need(&library);
  return &functions;
}
