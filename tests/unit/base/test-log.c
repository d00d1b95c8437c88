/* Lines of the log as JSON: each is one, whatever comes in, and says what was said. */
#include <jansson.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/log.h"

static int lines[2], terminal;

static void
begin(void)
{
  g_assert_cmpint(pipe(lines), ==, 0);
  terminal = dup(STDERR_FILENO);
  g_assert_cmpint(dup2(lines[1], STDERR_FILENO), >=, 0);
}

/* What was written since begin(), which is one line. */
static json_t *
end(void)
{
  g_autoptr(GError) error = NULL;
  g_assert_cmpint(dup2(terminal, STDERR_FILENO), >=, 0);
  close(terminal);
  close(lines[1]);
  g_autoptr(GBytes) text = fd_read_all(lines[0], 65536, &error);
  g_assert_no_error(error);
  close(lines[0]);
  Slice line = slice_from_bytes(text);
  g_assert_cmpint(slice_find(line, '\n'), ==, (gssize)line.size - 1);
  json_t *json = json_parse(line, &error);
  g_assert_no_error(error);
  return json;
}

static const char *
text_of(const json_t *json, const char *key)
{
  return json_string_value(json_object_get(json, key));
}

static void
test_values(void)
{
  static const char *const values[] = {"plain",
                                       "",
                                       "a \"quoted\" \\ text",
                                       "line\nfeed\ttab\x01\x1f\x7f",
                                       "\xc3\xa9\xe2\x82\xac",
                                       "\xe2\x80\xae turned",
                                       "0.5",
                                       "007"};
  for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
    begin();
    log_info("it happened", "tag", values[i], "left_out", NULL, NULL);
    g_autoptr(json_t) json = end();
    g_assert_cmpstr(text_of(json, "tag"), ==, values[i]);
    g_assert_cmpstr(text_of(json, "message"), ==, "it happened");
    g_assert_cmpstr(text_of(json, "level"), ==, "info");
    g_assert_null(json_object_get(json, "left_out"));
  }
}

/* What is no UTF-8 is shown as what it is not, and breaks no line. */
static void
test_bytes(void)
{
  begin();
  log_warning("bytes \xff", "path", "a\xfe\xc3", NULL);
  g_autoptr(json_t) json = end();
  g_assert_cmpstr(text_of(json, "message"), ==, "bytes \xef\xbf\xbd");
  g_assert_cmpstr(text_of(json, "path"), ==, "a\xef\xbf\xbd\xef\xbf\xbd");
}

static void
test_numbers(void)
{
  static const struct {
    const char *text;
    double number; /* -1: it stays a text */
  } rows[] = {{"0", 0},
              {"200", 200},
              {"0.000043", 0.000043},
              {"18446744073709551615", -1},
              {"", -1},
              {"007", -1},
              {"1.", -1},
              {".5", -1},
              {"1e5", -1},
              {"-1", -1},
              {"nan", -1},
              {"12 ", -1}};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    begin();
    log_info("request", "seconds", rows[i].text, NULL);
    g_autoptr(json_t) json = end();
    const json_t *value = json_object_get(json, "seconds");
    if (rows[i].number < 0)
      g_assert_cmpstr(json_string_value(value), ==, rows[i].text);
    else
      g_assert_cmpfloat(json_number_value(value), ==, rows[i].number);
  }
}

static void
test_time_and_request(void)
{
  int64_t before = g_get_real_time();
  begin();
  log_set_request_id("abc");
  log_info("request", NULL);
  log_set_request_id(NULL);
  g_autoptr(json_t) json = end();
  int64_t after = g_get_real_time();
  g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
  g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text_of(json, "time"), utc);
  g_assert_nonnull(time);
  int64_t told = g_date_time_to_unix(time) * G_USEC_PER_SEC + g_date_time_get_microsecond(time);
  g_assert_cmpint(told, >=, before);
  g_assert_cmpint(told, <=, after);
  g_assert_cmpstr(text_of(json, "request_id"), ==, "abc");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  log_start(LOG_INFO_LEVEL, LOG_FORMAT_JSON);
  g_test_add_func("/log/values", test_values);
  g_test_add_func("/log/bytes", test_bytes);
  g_test_add_func("/log/numbers", test_numbers);
  g_test_add_func("/log/time-and-request", test_time_and_request);
  return g_test_run();
}
