/* What hops say of their clients: PROXY headers, and the headers Forwarded and X-Forwarded-For. The
 * first byte says which is read. A PROXY header that is whole stays the same when more follows, and
 * is a part of itself when it is cut; of the others, what a hop that is not trusted says is never
 * believed. */
#include <string.h>

#include "server/http/client.h"
#include "server/http/proxy_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_proxy_header(Slice bytes)
{
  ProxyHeader header, cut;
  if (proxy_header_parse(bytes, &header) != PROXY_HEADER_WHOLE)
    return;
  g_assert_cmpuint(header.size, <=, MIN(bytes.size, PROXY_HEADER_MAX));
  g_autofree uint8_t *same = g_memdup2(bytes.data, header.size);
  g_assert_cmpint(proxy_header_parse(slice_new(same, header.size), &cut), ==, PROXY_HEADER_WHOLE);
  g_assert_cmpint(cut.local, ==, header.local);
  g_assert_true(address_equal(&cut.client, &header.client));
  g_assert_cmpint(proxy_header_parse(slice_new(same, header.size - 1), &cut), ==,
                  PROXY_HEADER_PART);
}

/* (transfer full) */
static Endpoint *
make(const char *forwarded_by)
{
  json_t *object =
      json_pack("{s:s, s:s, s:[s], s:[s]}", "name", "one", "forwarded_by", forwarded_by, "listen",
                "10.0.0.1:443", "trusted_proxies", "10.0.0.0/8");
  EndpointSettings *settings = endpoint_settings_parse(object, NULL);
  json_decref(object);
  return endpoint_new(settings, false);
}

static void
fuzz_forwarded(Slice bytes, unsigned which)
{
  static Endpoint *endpoints[2];
  if (endpoints[which] == NULL)
    endpoints[which] = make(forwarded_by_names[which]);
  g_autofree char *text = slice_to_string(bytes);
  Address hop, stranger;
  g_assert_true(address_parse(SLICE_LITERAL("10.0.0.1"), &hop));
  g_assert_true(address_parse(SLICE_LITERAL("192.0.2.1"), &stranger));
  forwarded_client(endpoints[which], &hop, text);
  Address client = forwarded_client(endpoints[which], &stranger, text);
  g_assert_true(address_equal(&client, &stranger));
  /* What stands before the last word that a hop wrote changes nothing. */
  const char *last = which == 0 ? ", 192.0.2.9" : NULL;
  if (last == NULL)
    return;
  g_autofree char *more = g_strconcat(text, last, NULL);
  client = forwarded_client(endpoints[which], &hop, more);
  g_assert_true(address_parse(SLICE_LITERAL("192.0.2.9"), &stranger));
  g_assert_true(address_equal(&client, &stranger) || address_equal(&client, &hop));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  Slice rest = slice_new(data + 1, size - 1);
  if (data[0] == 'P')
    fuzz_proxy_header(rest);
  else
    fuzz_forwarded(rest, data[0] & 1);
  return 0;
}
