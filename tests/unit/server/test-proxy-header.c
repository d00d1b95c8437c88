/* PROXY headers, as hops send them and as others would like to. */
#include "server/http/proxy_header.h"

#include <string.h>

typedef struct {
  const char *name;
  const char *bytes;
  size_t size; /* 0: of the string */
  ProxyHeaderResult result;
  size_t header;      /* its size, where it is whole */
  const char *client; /* NULL: the hop speaks for itself */
} Case;

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(s)  s, sizeof(s) - 1
#define V4        "\xc0\x00\x02\x01\x0a\x00\x00\x01\x16\x2e\x01\xbb"

static const Case cases[] = {
    {"nothing", "", 0, PROXY_HEADER_PART, 0, NULL},
    {"IPv4", "PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\r\nGET /", 0, PROXY_HEADER_WHOLE, 41,
     "192.0.2.1"},
    {"IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n", 0, PROXY_HEADER_WHOLE, 46,
     "2001:db8::1"},
    {"unknown", "PROXY UNKNOWN\r\n", 0, PROXY_HEADER_WHOLE, 15, NULL},
    {"unknown, with addresses", "PROXY UNKNOWN 192.0.2.1 10.0.0.1 1 2\r\n", 0, PROXY_HEADER_WHOLE,
     38, NULL},
    {"a part", "PROXY TCP4 192.0.2.1 10.0.0", 0, PROXY_HEADER_PART, 0, NULL},
    {"one byte", "P", 0, PROXY_HEADER_PART, 0, NULL},
    {"no CR", "PROXY TCP4 192.0.2.1 10.0.0.1 56324 443\n", 0, PROXY_HEADER_BROKEN, 0, NULL},
    {"two spaces", "PROXY TCP4  192.0.2.1 10.0.0.1 56324 443\r\n", 0, PROXY_HEADER_BROKEN, 0, NULL},
    {"a word more", "PROXY TCP4 192.0.2.1 10.0.0.1 56324 443 x\r\n", 0, PROXY_HEADER_BROKEN, 0,
     NULL},
    {"a word less", "PROXY TCP4 192.0.2.1 10.0.0.1 56324\r\n", 0, PROXY_HEADER_BROKEN, 0, NULL},
    {"IPv6 as IPv4", "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", 0, PROXY_HEADER_BROKEN, 0, NULL},
    {"IPv4 as IPv6", "PROXY TCP6 192.0.2.1 10.0.0.1 1 2\r\n", 0, PROXY_HEADER_BROKEN, 0, NULL},
    {"no port", "PROXY TCP4 192.0.2.1 10.0.0.1 65536 1\r\n", 0, PROXY_HEADER_BROKEN, 0, NULL},
    {"a port with a zero", "PROXY TCP4 192.0.2.1 10.0.0.1 01 1\r\n", 0, PROXY_HEADER_BROKEN, 0,
     NULL},
    {"no protocol of ours", "PROXY UDP4 192.0.2.1 10.0.0.1 1 1\r\n", 0, PROXY_HEADER_BROKEN, 0,
     NULL},
    {"a request", "GET / HTTP/1.1\r\n\r\n", 0, PROXY_HEADER_BROKEN, 0, NULL},
    {"TLS", BYTES("\x16\x03\x01\x02\x00"), PROXY_HEADER_BROKEN, 0, NULL},
    {"a long line",
     "PROXY UNKNOWN "
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     "aaaaaaaaaaaaa\r\n",
     0, PROXY_HEADER_BROKEN, 0, NULL},
    {"2: IPv4", BYTES(SIGNATURE "\x21\x11\x00\x0c" V4 "GET"), PROXY_HEADER_WHOLE, 28, "192.0.2.1"},
    {"2: as haproxy sends it with TLS",
     BYTES(SIGNATURE "\x21\x11\x00\x14" V4 "\x20\x00\x05\x00\x00\x00\x00\x00"), PROXY_HEADER_WHOLE,
     36, "192.0.2.1"},
    {"2: an unknown extension", BYTES(SIGNATURE "\x21\x11\x00\x11" V4 "\xee\x00\x02zz"),
     PROXY_HEADER_WHOLE, 33, "192.0.2.1"},
    {"2: IPv6",
     BYTES(SIGNATURE "\x21\x21\x00\x24"
                     "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"
                     "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"
                     "\0\x01\0\x02"),
     PROXY_HEADER_WHOLE, 52, "2001:db8::1"},
    {"2: of itself", BYTES(SIGNATURE "\x20\x00\x00\x00"), PROXY_HEADER_WHOLE, 16, NULL},
    {"2: of itself, with an address", BYTES(SIGNATURE "\x20\x11\x00\x0c" V4), PROXY_HEADER_WHOLE,
     28, NULL},
    {"2: of nobody known", BYTES(SIGNATURE "\x21\x00\x00\x00"), PROXY_HEADER_WHOLE, 16, NULL},
    {"2: a part of the signature", BYTES("\r\n\r\n\0\r\n"), PROXY_HEADER_PART, 0, NULL},
    {"2: a part of the addresses", BYTES(SIGNATURE "\x21\x11\x00\x0c\xc0"), PROXY_HEADER_PART, 0,
     NULL},
    {"2: another signature", BYTES("\r\n\r\n\0\r\nQUIX\n\x21\x11\x00\x0c" V4), PROXY_HEADER_BROKEN,
     0, NULL},
    {"2: version 1", BYTES(SIGNATURE "\x11\x11\x00\x0c" V4), PROXY_HEADER_BROKEN, 0, NULL},
    {"2: another command", BYTES(SIGNATURE "\x22\x11\x00\x0c" V4), PROXY_HEADER_BROKEN, 0, NULL},
    {"2: too short for its family", BYTES(SIGNATURE "\x21\x11\x00\x0b" V4), PROXY_HEADER_BROKEN, 0,
     NULL},
    {"2: UDP", BYTES(SIGNATURE "\x21\x12\x00\x0c" V4), PROXY_HEADER_BROKEN, 0, NULL},
    {"2: a broken extension", BYTES(SIGNATURE "\x21\x11\x00\x10" V4 "\x20\x00\x05\x00"),
     PROXY_HEADER_BROKEN, 0, NULL},
    {"2: too long", BYTES(SIGNATURE "\x21\x11\x10\x00" V4), PROXY_HEADER_BROKEN, 0, NULL},
};

static void
test_cases(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const Case *one = &cases[i];
    size_t size = one->size != 0 ? one->size : strlen(one->bytes);
    /* Of its own size, so that a byte after it is noticed. */
    g_autofree char *bytes = g_memdup2(one->bytes, MAX(size, 1));
    ProxyHeader header;
    char text[INET6_ADDRSTRLEN];
    g_test_message("%s", one->name);
    g_assert_cmpint(proxy_header_parse(slice_new(bytes, size), &header), ==, one->result);
    if (one->result != PROXY_HEADER_WHOLE)
      continue;
    g_assert_cmpuint(header.size, ==, one->header);
    g_assert_cmpint(header.local, ==, one->client == NULL);
    address_text(&header.client, text);
    g_assert_true(one->client == NULL || g_str_equal(text, one->client));
  }
}

/* Cut anywhere, it is a part of itself. */
static void
test_parts(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const Case *one = &cases[i];
    for (size_t cut = 0; one->result == PROXY_HEADER_WHOLE && cut < one->header; cut++) {
      g_autofree char *bytes = g_memdup2(one->bytes, MAX(cut, 1));
      ProxyHeader header;
      g_test_message("%s, %zu bytes", one->name, cut);
      g_assert_cmpint(proxy_header_parse(slice_new(bytes, cut), &header), ==, PROXY_HEADER_PART);
    }
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/proxy-header/cases", test_cases);
  g_test_add_func("/proxy-header/parts", test_parts);
  return g_test_run();
}
