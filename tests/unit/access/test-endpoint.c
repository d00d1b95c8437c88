/* Whom an endpoint admits and what it serves, and how it is written. */
#include "access/endpoint/endpoint.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"

/* (transfer full) */
static EndpointSettings *
read_settings(const char *rest, GError **error)
{
  g_autofree char *text = g_strdup_printf("{\"name\": \"one\", \"listen\": [\"10.0.0.1:443\"]%s%s}",
                                          *rest == '\0' ? "" : ", ", rest);
  g_autoptr(json_t) object = json_parse(slice_from_string(text), NULL);
  g_assert_nonnull(object);
  return endpoint_settings_parse(object, error);
}

/* (transfer full) */
static Endpoint *
make(const char *rest)
{
  EndpointSettings *settings = read_settings(rest, NULL);
  g_assert_nonnull(settings);
  return endpoint_new(settings, false);
}

static void
test_admits(void)
{
  static const struct {
    const char *rules, *address;
    Admission admission;
    const char *rule;
  } cases[] = {
      {"", "10.0.0.1", ADMITTED_NOBODY, NULL},
      {"\"allow\": []", "127.0.0.1", ADMITTED_NOBODY, NULL},
      {"\"deny\": [\"10.0.0.0/8\"]", "192.0.2.1", ADMITTED_NOBODY, NULL},
      {"\"allow\": \"10.0.0.0/8\"", "10.1.2.3", ADMITTED, "10.0.0.0/8"},
      {"\"allow\": [\"10.0.0.0/8\"]", "::ffff:10.1.2.3", ADMITTED, "10.0.0.0/8"},
      {"\"allow\": [\"10.0.0.0/8\"]", "11.1.2.3", ADMITTED_BY_NONE, NULL},
      {"\"allow\": [\"10.0.0.0/8\"], \"deny\": [\"10.1.0.0/16\"]", "10.1.2.3", ADMITTED_DENIED,
       "10.1.0.0/16"},
      {"\"allow\": [\"10.1.2.3\"], \"deny\": [\"10.0.0.0/8\"]", "10.1.2.3", ADMITTED_DENIED,
       "10.0.0.0/8"},
      {"\"allow\": [\"0.0.0.0/0\"]", "2001:db8::1", ADMITTED_BY_NONE, NULL},
      {"\"allow\": [\"192.0.2.0/24\", \"2001:db8::/32\"]", "2001:db8::1", ADMITTED,
       "2001:db8::/32"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Endpoint) endpoint = make(cases[i].rules);
    Address address;
    const char *rule;
    g_test_message("%s: %s", cases[i].rules, cases[i].address);
    g_assert_true(address_parse(slice_from_string(cases[i].address), &address));
    g_assert_cmpint(endpoint_admits(endpoint, &address, &rule), ==, cases[i].admission);
    g_assert_cmpstr(rule, ==, cases[i].rule);
    g_autofree char *text = admission_text(endpoint, &address);
    g_assert_true(cases[i].rule == NULL || strstr(text, cases[i].rule) != NULL);
  }
}

static void
test_serves(void)
{
  static const struct {
    const char *rules;
    Verb verb;
    const char *repository;
    bool serves, some;
  } cases[] = {
      {"", VERB_PUSH, "team/app", true, true},
      {"", VERB_MANAGE_ACCESS, NULL, true, true},
      {"\"verbs\": [\"pull\"]", VERB_PULL, "team/app", true, true},
      {"\"verbs\": [\"pull\"]", VERB_PUSH, "team/app", false, false},
      {"\"verbs\": [\"pull\"]", VERB_MANAGE_ENDPOINTS, NULL, false, false},
      {"\"verbs\": [\"pull\"]", VERB_NONE, NULL, true, true},
      {"\"verbs\": []", VERB_PULL, "team/app", false, false},
      {"\"verbs\": []", VERB_NONE, NULL, true, true},
      {"\"repositories\": []", VERB_PULL, "team/app", false, false},
      {"\"repositories\": [\"prod/*\"]", VERB_PULL, "prod/app", true, true},
      {"\"repositories\": [\"prod/*\"]", VERB_PULL, "prod/deep/app", true, true},
      {"\"repositories\": [\"prod/*\"]", VERB_PULL, "prod", false, true},
      {"\"repositories\": [\"prod/*\"]", VERB_PULL, "production/app", false, true},
      {"\"repositories\": [\"prod/*\"]", VERB_PULL, "uat/prod/app", false, true},
      {"\"repositories\": [\"prod/*\"]", VERB_LIST, NULL, false, true},
      {"\"repositories\": [\"prod/*\"]", VERB_MANAGE_ACCESS, NULL, false, true},
      {"\"repositories\": [\"prod/*\", \"base\"], \"verbs\": [\"pull\", \"list\"]", VERB_PULL,
       "base", true, true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Endpoint) endpoint = make(cases[i].rules);
    g_test_message("%s: %s on %s", cases[i].rules, verb_name(cases[i].verb), cases[i].repository);
    g_assert_cmpint(endpoint_serves(endpoint, cases[i].verb, cases[i].repository), ==,
                    cases[i].serves);
    g_assert_cmpint(endpoint_serves_some(endpoint, cases[i].verb), ==, cases[i].some);
  }
}

static void
test_called(void)
{
  static const struct {
    const char *rules, *name;
    bool called;
  } cases[] = {
      {"", NULL, true},
      {"", "anything", true},
      {"\"server_names\": [\"UAT.example.com\"]", "uat.Example.com", true},
      {"\"server_names\": [\"uat.example.com\"]", "pro.example.com", false},
      {"\"server_names\": [\"uat.example.com\"]", "uat.example.com.evil", false},
      {"\"server_names\": [\"uat.example.com\"]", "", false},
      {"\"server_names\": [\"uat.example.com\"]", NULL, false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Endpoint) endpoint = make(cases[i].rules);
    g_test_message("%s: %s", cases[i].rules, cases[i].name);
    g_assert_cmpint(endpoint_is_called(endpoint, cases[i].name), ==, cases[i].called);
  }
}

/* What is wrong is said, and what is right comes back as it was. */
static void
test_written(void)
{
  static const struct {
    const char *rest, *says; /* NULL: it is right */
  } cases[] = {
      {"", NULL},
      {"\"allow\": [\"10.0.0.0/8\"], \"verbs\": [\"pull\"], \"repositories\": [\"prod/*\"]", NULL},
      {"\"limits\": {\"requests_per_minute\": 60, \"bytes_per_minute\": \"1GiB\"}", NULL},
      {"\"forwarded_by\": \"forwarded\", \"trusted_proxies\": [\"10.0.0.1\"]", NULL},
      {"\"allow\": [\"10.0.0.1/8\"]", "bits after"},
      {"\"allow\": [\"everybody\"]", "allow[0]"},
      {"\"verbs\": [\"fetch\"]", "verbs[0]"},
      {"\"verbs\": [\"none\"]", "verbs[0]"},
      {"\"repositories\": [\"Prod/*\"]", "repositories[0]"},
      {"\"repositories\": [\"/prod\"]", "repositories[0]"},
      {"\"certificate\": \"/a.pem\"", "belong together"},
      {"\"key\": \"/a.pem\"", "belong together"},
      {"\"plain_http\": true, \"server_names\": [\"a\"]", "only TLS"},
      {"\"server_names\": [\"a b\"]", "server_names[0]"},
      {"\"pull\": true", "unknown key"},
      {"\"limits\": {\"requests\": 5}", "unknown key"},
      {"\"allow\": null", "has no value"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(EndpointSettings) settings = read_settings(cases[i].rest, &error);
    g_test_message("%s: %s", cases[i].rest, error == NULL ? "right" : error->message);
    g_assert_cmpint(settings != NULL, ==, cases[i].says == NULL);
    if (settings == NULL) {
      g_assert_nonnull(strstr(error->message, cases[i].says));
      continue;
    }
    g_autoptr(EndpointSettings) copy = endpoint_settings_copy(settings);
    g_autoptr(json_t) one = endpoint_settings_to_json(settings);
    g_autoptr(json_t) other = endpoint_settings_to_json(copy);
    g_assert_true(json_equal(one, other));
  }
}

static void
test_names(void)
{
  static const struct {
    const char *name;
    bool right;
  } cases[] = {{"uat", true},  {"pro-2", true}, {"default", false}, {"Uat", false}, {"-a", false},
               {"a.b", false}, {"a/b", false},  {"", false},        {"a b", false}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(json_t) object =
        json_pack("{s:s, s:[s]}", "name", cases[i].name, "listen", "10.0.0.1:443");
    g_autoptr(EndpointSettings) settings = endpoint_settings_parse(object, NULL);
    g_test_message("%s", cases[i].name);
    g_assert_cmpint(settings != NULL, ==, cases[i].right);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/endpoint/admits", test_admits);
  g_test_add_func("/endpoint/serves", test_serves);
  g_test_add_func("/endpoint/called", test_called);
  g_test_add_func("/endpoint/written", test_written);
  g_test_add_func("/endpoint/names", test_names);
  return g_test_run();
}
