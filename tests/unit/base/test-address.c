/* Addresses and blocks of them, as people and proxies write them. */
#include "base/address.h"

#include "base/error.h"

static void
test_addresses(void)
{
  static const struct {
    const char *text, *plain, *with_port; /* what it is read as; NULL: refused */
  } cases[] = {
      {"192.0.2.1", "192.0.2.1", "192.0.2.1"},
      {"::ffff:192.0.2.1", "192.0.2.1", "192.0.2.1"},
      {"2001:db8::1", "2001:db8::1", "2001:db8::1"},
      {"2001:DB8:0:0::1", "2001:db8::1", "2001:db8::1"},
      {"192.0.2.1:80", NULL, "192.0.2.1"},
      {"[2001:db8::1]", NULL, "2001:db8::1"},
      {"[2001:db8::1]:443", NULL, "2001:db8::1"},
      {"[2001:db8::1]443", NULL, NULL},
      {"[2001:db8::1", NULL, NULL},
      {"[192.0.2.1]", NULL, NULL},
      {"[]", NULL, NULL},
      {"192.0.2.1:", NULL, NULL},
      {"192.0.2.1:65536", NULL, NULL},
      {"192.0.2.1:-1", NULL, NULL},
      {"192.0.2", NULL, NULL},
      {"192.0.2.01", NULL, NULL},
      {"0x7f.1", NULL, NULL},
      {"2130706433", NULL, NULL},
      {" 192.0.2.1", NULL, NULL},
      {"fe80::1%eth0", NULL, NULL},
      {"unknown", NULL, NULL},
      {"", NULL, NULL},
      {":", NULL, NULL},
      {":80", NULL, NULL},
      {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", NULL, NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    char text[INET6_ADDRSTRLEN];
    Address address;
    g_test_message("\"%s\"", cases[i].text);
    bool plain = address_parse(slice_from_string(cases[i].text), &address);
    g_assert_cmpint(plain, ==, cases[i].plain != NULL);
    address_text(&address, text);
    g_assert_true(!plain || g_str_equal(text, cases[i].plain));
    bool with_port = address_parse_with_port(slice_from_string(cases[i].text), &address);
    g_assert_cmpint(with_port, ==, cases[i].with_port != NULL);
    address_text(&address, text);
    g_assert_true(!with_port || g_str_equal(text, cases[i].with_port));
  }
}

static void
test_blocks(void)
{
  static const struct {
    const char *block, *inside, *outside; /* without inside: it is none */
  } cases[] = {
      {"10.0.0.0/8", "10.255.255.255", "11.0.0.0"},
      {"10.0.0.0/9", "10.127.255.255", "10.128.0.0"},
      {"192.0.2.128/25", "192.0.2.255", "192.0.2.127"},
      {"192.0.2.1", "192.0.2.1", "192.0.2.2"},
      {"192.0.2.1/32", "192.0.2.1", "192.0.2.0"},
      {"0.0.0.0/0", "255.255.255.255", "::1"},
      {"::/0", "192.0.2.1", NULL},
      {"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
      {"2001:db8::1", "2001:db8::1", "2001:db8::2"},
      {"::ffff:10.0.0.0/104", "10.1.2.3", "11.0.0.0"},
      {"10.0.0.1/8", NULL, NULL},
      {"10.0.0.0/33", NULL, NULL},
      {"10.0.0.0/", NULL, NULL},
      {"10.0.0.0/-1", NULL, NULL},
      {"10.0.0.0/8/8", NULL, NULL},
      {"2001:db8::/129", NULL, NULL},
      {"10.0.0", NULL, NULL},
      {"/8", NULL, NULL},
      {"example.com", NULL, NULL},
      {"", NULL, NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    AddressBlock block;
    Address address;
    g_test_message("\"%s\"", cases[i].block);
    bool is_one = address_block_parse(cases[i].block, &block, &error);
    g_assert_cmpint(is_one, ==, cases[i].inside != NULL);
    if (!is_one) {
      g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
      continue;
    }
    g_assert_true(address_parse(slice_from_string(cases[i].inside), &address));
    g_assert_true(address_block_has(&block, &address));
    if (cases[i].outside == NULL)
      continue;
    g_assert_true(address_parse(slice_from_string(cases[i].outside), &address));
    g_assert_false(address_block_has(&block, &address));
  }
}

static void
test_loopback(void)
{
  static const struct {
    const char *text;
    bool loopback;
  } cases[] = {{"127.0.0.1", true},    {"127.255.0.1", true}, {"::1", true}, {"128.0.0.1", false},
               {"::127.0.0.1", false}, {"::", false},         {"::2", false}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    Address address;
    g_test_message("%s", cases[i].text);
    g_assert_true(address_parse(slice_from_string(cases[i].text), &address));
    g_assert_cmpint(address_is_loopback(&address), ==, cases[i].loopback);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/address/addresses", test_addresses);
  g_test_add_func("/address/blocks", test_blocks);
  g_test_add_func("/address/loopback", test_loopback);
  return g_test_run();
}
