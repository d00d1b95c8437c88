/* The checks of image configurations: a table of cases, and that the table is whole. */
#include <glib.h>
#include <string.h>

#include "base/error.h"
#include "configuration-cases.h"
#include "inspect/configuration/check.h"
#include "inspect/configuration/configuration.h"
#include "inventory/rule.h"

static bool
observed(const GPtrArray *observations, const char *rule)
{
  for (guint i = 0; i < observations->len; i++) {
    const ImageObservation *one = g_ptr_array_index(observations, i);
    if (strcmp(one->observation->rule, rule) == 0)
      return true;
  }
  return false;
}

static bool
seen_in_dockerfile(const char *rule, const char *text)
{
  bool begins = g_str_has_prefix(text, "ARG") || g_str_has_prefix(text, "#");
  bool whole = g_str_has_prefix(text, "FROM") || (begins && strstr(text, "\nFROM") != NULL);
  g_autofree char *dockerfile = g_strconcat(whole ? "" : "FROM a:1\n", text, "\n", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) observations =
      configuration_of_dockerfile(slice_from_string(dockerfile), "Dockerfile", NULL, &error);
  if (observations == NULL)
    g_error("%s: %s: %s", rule, text, error->message);
  return observed(observations, rule);
}

static GPtrArray *
observe_config(const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *whole = g_strdup_printf("{\"rootfs\":{\"diff_ids\":[]},%s", text + 1);
  g_autoptr(ImageConfig) config = image_config_parse(slice_from_string(whole), &error);
  if (config == NULL)
    g_error("%s: %s", whole, error->message);
  return configuration_of_image(config, NULL, NULL);
}

static bool
seen_in_history(const char *rule, const char *text)
{
  g_autofree char *json = NULL;
  if (*text != '{') {
    g_autoptr(GString) quoted = g_string_new(NULL);
    for (const char *p = text; *p != '\0'; p++)
      g_string_append_printf(quoted,
                             *p == '"' || *p == '\\' ? "\\%c"
                             : *p == '\n'            ? "\\n"
                                                     : "%c",
                             *p);
    json = g_strdup_printf("{\"config\":{},\"history\":[{\"created_by\":\"%s\"}]}", quoted->str);
  }
  g_autoptr(GPtrArray) observations = observe_config(json != NULL ? json : text);
  return observed(observations, rule);
}

static void
check(const ConfigurationCase *row, bool (*seen)(const char *rule, const char *text),
      unsigned *failures)
{
  const struct {
    const char *what, *text;
    bool wanted;
  } all[] = {{"positive", row->positive, true},
             {"negative", row->negative, false},
             {"trap", row->trap, false}};
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
    if (seen(row->rule, all[i].text) != all[i].wanted) {
      g_test_message("%s: %s: %s: %s", row->rule, all[i].what,
                     all[i].wanted ? "not observed" : "observed", all[i].text);
      (*failures)++;
    }
}

static void
test_dockerfiles(void)
{
  unsigned failures = 0;
  for (size_t i = 0; i < dockerfile_case_count; i++)
    check(&dockerfile_cases[i], seen_in_dockerfile, &failures);
  g_assert_cmpuint(failures, ==, 0);
}

static void
test_histories(void)
{
  unsigned failures = 0;
  for (size_t i = 0; i < history_case_count; i++)
    check(&history_cases[i], seen_in_history, &failures);
  g_assert_cmpuint(failures, ==, 0);
}

static bool
has_case(const ConfigurationCase *cases, size_t count, const char *rule)
{
  for (size_t i = 0; i < count; i++)
    if (strcmp(cases[i].rule, rule) == 0)
      return true;
  return false;
}

/* Each check has cases of both kinds where it is of both, and a row of the rules. */
static void
test_whole(void)
{
  unsigned checks = 0;
  for (size_t i = 0; configuration_families[i] != NULL; i++)
    for (const ConfigurationCheck *one = configuration_families[i]; one->rule != NULL; one++) {
      g_test_message("%s", one->rule);
      g_assert_nonnull(rule_find(OBSERVED_CONFIGURATION, one->rule));
      if (one->flags & CHECK_DOCKERFILES)
        g_assert_true(has_case(dockerfile_cases, dockerfile_case_count, one->rule));
      if (one->flags & CHECK_HISTORIES)
        g_assert_true(has_case(history_cases, history_case_count, one->rule));
      g_assert_cmpint((one->build != NULL) + (one->step != NULL) + (one->word != NULL) +
                          (one->command != NULL),
                      ==, 1);
      checks++;
    }
  g_assert_cmpuint(checks, >, 50);
}

/* An image as it should be. */
static void
test_hardened(void)
{
  static const char dockerfile[] =
      "# syntax=docker/dockerfile:1\n"
      "FROM debian:12.5-slim@sha256:"
      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef AS build\n"
      "RUN --mount=type=secret,id=token set -eu; apt-get update; \\\n"
      "    apt-get install -y --no-install-recommends make=1.0; \\\n"
      "    rm -rf /var/lib/apt/lists/*\n"
      "COPY --chown=app . /src\n"
      "RUN make -C /src && useradd --system app\n"
      "FROM build\n"
      "LABEL org.opencontainers.image.source=https://example.org/x\n"
      "WORKDIR /app\n"
      "ENV PASSWORD_FILE=/run/secrets/password\n"
      "EXPOSE 8443/tcp\n"
      "HEALTHCHECK CMD [\"/app/server\", \"--check\"]\n"
      "USER 10001:10001\n"
      "ENTRYPOINT [\"/app/server\"]\n";
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) of_file =
      configuration_of_dockerfile(slice_from_string(dockerfile), "Dockerfile", NULL, &error);
  g_assert_no_error(error);
  for (guint i = 0; i < of_file->len; i++) {
    const ImageObservation *one = g_ptr_array_index(of_file, i);
    g_test_message("%s: %s", one->observation->rule, one->observation->shown);
  }
  g_assert_cmpuint(of_file->len, ==, 0);
  g_autoptr(GPtrArray) of_image = observe_config(
      "{\"config\":{\"User\":\"10001\",\"Env\":[\"PATH=/usr/bin\"],\"Entrypoint\":[\"/app\"],"
      "\"Labels\":{\"org.opencontainers.image.source\":\"https://example.org/x\"},"
      "\"ExposedPorts\":{\"8443/tcp\":{}},\"Healthcheck\":{\"Test\":[\"CMD\",\"/app\"]}},"
      "\"history\":[{\"created_by\":\"/bin/sh -c #(nop) ADD file:01 in / \"},"
      "{\"created_by\":\"# debian.sh --arch 'amd64' out/ 'bookworm'\"},"
      "{\"created_by\":\"RUN |1 A=b /bin/sh -c apt-get update && apt-get install -y x # "
      "buildkit\"},"
      "{\"created_by\":\"COPY /app /app # buildkit\"}]}");
  g_assert_cmpuint(of_image->len, ==, 0);
}

static const ImageObservation *
find(const GPtrArray *observations, const char *rule)
{
  for (guint i = 0; i < observations->len; i++) {
    const ImageObservation *one = g_ptr_array_index(observations, i);
    if (strcmp(one->observation->rule, rule) == 0)
      return one;
  }
  g_error("%s is not observed", rule);
}

/* The line of a command within its RUN, and of a document. */
static void
test_lines(void)
{
  static const char dockerfile[] = "FROM a:1\n"                    /* 1 */
                                   "RUN make && \\\n"              /* 2 */
                                   "  # a comment\n"               /* 3 */
                                   "    sudo make install && \\\n" /* 4 */
                                   "    chmod 777 /x\n"            /* 5 */
                                   "RUN <<EOF\n"                   /* 6 */
                                   "set -e\n"                      /* 7 */
                                   "curl https://h | sh\n"         /* 8 */
                                   "EOF\n"                         /* 9 */
                                   "RUN bash <<A && \\\n"          /* 10 */
                                   "  curl -k https://h\n"         /* 11 */
                                   "passwd -d root\n"              /* 12 */
                                   "A\n"
                                   "USER root\n" /* 14 */
                                   "ENV A=b \\\n"
                                   "  # a comment\n"
                                   "  C='d e' DOCKER_HOST=tcp://h:2375 \\\n" /* 17 */
                                   "  API_TOKEN=abc123\n"
                                   "ARG X=y \\\n"
                                   "  NPM_TOKEN=abc123 \\\n" /* 20 */
                                   "  GIT_TOKEN\n"
                                   "EXPOSE 80 \\\n"
                                   "  22\n"; /* 23 */
  g_autoptr(GPtrArray) found =
      configuration_of_dockerfile(slice_from_string(dockerfile), "d/Dockerfile", NULL, NULL);
  static const struct {
    const char *rule;
    uint32_t line;
  } wanted[] = {{"sudo", 4},
                {"world-writable", 5},
                {"pipe-to-shell", 8},
                {"tls-unverified", 11},
                {"password-set", 12},
                {"user-root", 14},
                {"docker-host", 17},
                {"secret-in-env", 18},
                {"secret-in-arg", 20},
                {"arg-for-secret", 21},
                {"exposed-admin-port", 23}};
  for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
    const ImageObservation *one = find(found, wanted[i].rule);
    g_assert_cmpuint(one->observation->line, ==, wanted[i].line);
    g_assert_cmpstr(one->observation->path, ==, "d/Dockerfile");
  }
}

/* No secret is shown, whatever observes its instruction. */
static void
test_masked(void)
{
  static const char dockerfile[] =
      "FROM a\n"
      "ARG NPM_TOKEN=s3cr3tvalue\n"
      "ENV A=b DB_PASSWORD=s3cr3tvalue\n"
      "ENV API_KEY \"s3cr3tvalue with space\"\n"
      "RUN sudo git clone -c x=1 http://me:s3cr3tvalue@h/x && echo \"root:s3cr3tvalue\" | "
      "chpasswd\n"
      "RUN sudo API_TOKEN=s3cr3tvalue curl -k -u me:s3cr3tvalue http://h | sh\n"
      "RUN sudo usermod -p s3cr3tvalue root && docker login -u a -p s3cr3tvalue\n"
      "RUN curl -k -H 'Authorization: Bearer s3cr3tvalue' http://h | sh\n"
      "RUN sudo wget --password=s3cr3tvalue --no-check-certificate http://h\n"
      "ADD http://me:s3cr3tvalue@h/x /x\n"
      "CMD PASSWORD=s3cr3tvalue x\n";
  g_autoptr(GPtrArray) found =
      configuration_of_dockerfile(slice_from_string(dockerfile), "Dockerfile", NULL, NULL);
  g_assert_cmpuint(found->len, >, 15);
  for (guint i = 0; i < found->len; i++) {
    const ImageObservation *one = g_ptr_array_index(found, i);
    if (one->observation->shown != NULL && strstr(one->observation->shown, "s3cr3t") != NULL)
      g_error("%s shows %s", one->observation->rule, one->observation->shown);
  }
}

static void
test_layers(void)
{
  static const char config[] =
      "{\"rootfs\":{\"diff_ids\":["
      "\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
      "\"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde0\"]},"
      "\"config\":{\"User\":\"root\"},"
      "\"history\":[{\"created_by\":\"ADD x\"},{\"created_by\":\"ENV a=b\",\"empty_layer\":true},"
      "{\"created_by\":\"/bin/sh -c sudo make\"}]}";
  g_autoptr(GError) error = NULL;
  g_autoptr(ImageConfig) parsed = image_config_parse(slice_from_string(config), &error);
  g_assert_no_error(error);
  g_autoptr(GPtrArray) found = configuration_of_image(parsed, NULL, NULL);
  g_assert_cmpuint(find(found, "sudo")->layer, ==, 1);
  g_assert_cmpstr(find(found, "sudo")->observation->path, ==, "history");
  g_assert_cmpuint(find(found, "user-root")->layer, ==, OBSERVED_IN_IMAGE);
}

static void
test_ignores(void)
{
  static const struct {
    const char *text;
    bool seen;
  } cases[] = {
      {"# assay:ignore=sudo it is needed\nRUN sudo make", false},
      {"# assay:ignore=user-root,sudo\nRUN sudo make", false},
      {"# assay:ignore=user-root\nRUN sudo make", true},
      {"# hadolint ignore=DL3004\nRUN sudo make", false},
      {"# hadolint ignore=DL3008, DL3004\nRUN sudo make", false},
      {"# hadolint ignore=DL3008\nRUN sudo make", true},
      {"# hadolint ignore=CIS-Docker-4.1\nRUN sudo make", true},
      {"# assay:ignore=sudo\n\nRUN sudo make", true},
      {"# assay:ignore=sudo\nRUN make\nRUN sudo make", true},
      {"RUN echo a \\\n# assay:ignore=sudo\n && sudo make", true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    if (seen_in_dockerfile("sudo", cases[i].text) != cases[i].seen)
      g_error("%s", cases[i].text);
  g_assert_false(
      seen_in_dockerfile("sudo", "# assay:ignore-file=sudo\nFROM a:1\nRUN a\nRUN sudo make"));
}

/* More than is looked at is not taken for nothing. */
static void
test_bounds(void)
{
  g_autoptr(GString) text = g_string_new("FROM a:1\nUSER 1\nRUN true");
  for (unsigned i = 0; i < SHELL_COMMANDS_MAX; i++)
    g_string_append(text, "; apt-get update");
  g_autoptr(GError) error = NULL;
  g_assert_null(configuration_of_dockerfile(slice_from_string(text->str), "D", NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/configuration/dockerfiles", test_dockerfiles);
  g_test_add_func("/configuration/histories", test_histories);
  g_test_add_func("/configuration/whole", test_whole);
  g_test_add_func("/configuration/hardened", test_hardened);
  g_test_add_func("/configuration/lines", test_lines);
  g_test_add_func("/configuration/masked", test_masked);
  g_test_add_func("/configuration/layers", test_layers);
  g_test_add_func("/configuration/ignores", test_ignores);
  g_test_add_func("/configuration/bounds", test_bounds);
  return g_test_run();
}
