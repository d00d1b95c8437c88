/* Codes by time: the tables of the RFCs, and which steps are taken. */
#include "access/credentials/totp.h"

#include <glib.h>

#define SECRET SLICE_LITERAL("12345678901234567890")

/* RFC 6238, appendix B, of SHA-1. */
static void
test_table(void)
{
  static const struct {
    int64_t time;
    const char *code;
  } cases[] = {{59, "94287082"},         {1111111109, "07081804"}, {1111111111, "14050471"},
               {1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *eight = totp_code(SECRET, cases[i].time / TOTP_PERIOD, 8);
    g_autofree char *six = totp_code(SECRET, cases[i].time / TOTP_PERIOD, 6);
    g_assert_cmpstr(eight, ==, cases[i].code);
    g_assert_cmpstr(six, ==, cases[i].code + 2);
  }
}

static void
test_steps(void)
{
  static const struct {
    const char *name;
    int64_t behind; /* seconds by which the code is older than now */
    int64_t step;   /* of the code, against that of now; 9: refused */
  } cases[] = {{"now", 0, 0},         {"one before", 30, -1}, {"one after", -30, 1},
               {"two before", 60, 9}, {"two after", -60, 9},  {"an hour", 3600, 9}};
  const int64_t now = 1111111110;
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *code = totp_code(SECRET, (now - cases[i].behind) / TOTP_PERIOD, TOTP_DIGITS);
    int64_t expected = cases[i].step == 9 ? -1 : now / TOTP_PERIOD + cases[i].step;
    if (totp_step_of(SECRET, code, now) != expected)
      g_error("%s: %" G_GINT64_FORMAT, cases[i].name, totp_step_of(SECRET, code, now));
  }
  static const char *const wrong[] = {"", "1", "00000", "0000000", "050471 ", "05047a", "14050471"};
  for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++)
    g_assert_cmpint(totp_step_of(SECRET, wrong[i], now), ==, -1);
}

/* RFC 4648, section 10, without padding. */
static void
test_base32(void)
{
  static const struct {
    const char *bytes, *text;
  } cases[] = {{"", ""},
               {"f", "MY"},
               {"fo", "MZXQ"},
               {"foo", "MZXW6"},
               {"foob", "MZXW6YQ"},
               {"fooba", "MZXW6YTB"},
               {"foobar", "MZXW6YTBOI"}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = base32_encode(slice_from_string(cases[i].bytes));
    g_assert_cmpstr(text, ==, cases[i].text);
  }
  g_autofree char *uri = totp_uri("my registry", "a@b", "MY");
  g_assert_cmpstr(uri, ==,
                  "otpauth://totp/my%20registry:a@b?secret=MY&issuer=my%20registry&algorithm=SHA1&"
                  "digits=6&period=30");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/totp/table", test_table);
  g_test_add_func("/totp/steps", test_steps);
  g_test_add_func("/totp/base32", test_base32);
  return g_test_run();
}
