/* By which URL a client has come; see the header. */
#include "server/http/origin.h"

#include <string.h>

#include "server/http/http-private.h"
#include "server/http/microhttpd_library-private.h"

/* A name of DNS has 253 bytes at most, and a port follows. */
#define HOST_MAX 260u

static bool
is_port(const char *text)
{
  size_t digits = strspn(text, "0123456789");
  return digits >= 1 && digits <= 5 && text[digits] == '\0';
}

bool
host_is_plain(const char *host)
{
  size_t size = strlen(host);
  if (size == 0 || size > HOST_MAX)
    return false;
  const char *end;
  if (*host == '[') {
    end = host + 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
    if (*end != ']' || end == host + 1)
      return false;
    end++;
  } else {
    end = host;
    while (g_ascii_isalnum(*end) || *end == '-' || *end == '.' || *end == '_')
      end++;
    if (end == host)
      return false;
  }
  return *end == '\0' || (*end == ':' && is_port(end + 1));
}

bool
request_has_tls(const Request *request)
{
  if (microhttpd()->get_connection_info(request->handle, MHD_CONNECTION_INFO_GNUTLS_SESSION) !=
      NULL)
    return true;
  const char *forwarded = request_header(request, "X-Forwarded-Proto");
  const Caller *caller = connection_caller(request->connection);
  return forwarded != NULL && g_ascii_strcasecmp(forwarded, "https") == 0 && caller != NULL &&
         request->endpoint != NULL && endpoint_trusts(request->endpoint, &caller->client);
}

char *
request_origin(const Request *request)
{
  const char *host = request_header(request, "Host");
  if (host == NULL || !host_is_plain(host))
    return NULL;
  return g_strconcat(request_has_tls(request) ? "https://" : "http://", host, NULL);
}
