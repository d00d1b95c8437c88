/* The discovery document of a provider of OpenID Connect. */
#include "access/directory/issuer_document.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const char *url)
{
  if (url != NULL)
    g_assert_true(issuer_url_check("it", url, true, NULL));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char issuer[] = "https://login.example.com";
  g_autoptr(IssuerDocument) document =
      issuer_document_read(slice_new(data, size), issuer, true, NULL);
  if (document == NULL)
    return 0;
  g_assert_cmpstr(document->issuer, ==, issuer);
  check(document->jwks_uri);
  check(document->authorization_endpoint);
  check(document->token_endpoint);
  check(document->userinfo_endpoint);
  check(document->device_endpoint);
  return 0;
}
