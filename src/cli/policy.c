/* `assay policy`: whether a policy file is one, and what it would change. */
#include <stdio.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/server_client.h"
#include "report/columns.h"
#include "verdict/policy.h"

/* Images that one request judges: an answer in a second or so. */
#define PAGE 200

static char *format_option;

/* --- check --- */

/* The lines of an error. */
static json_t *
lines_to_json(const char *text)
{
  json_t *list = json_array();
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    json_array_append_new(list, json_string(*line));
  return list;
}

static int
tell_mistakes(const char *file, const GError *error, bool json)
{
  if (!g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_INVALID) &&
      !g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT))
    return command_fail(error);
  if (!json) {
    command_tell("%s", error->message);
    return EXIT_REFUSED;
  }
  g_autoptr(json_t) object = json_object();
  json_set_string(object, "file", file);
  json_object_set_new(object, "errors", lines_to_json(error->message));
  command_print_json(object);
  return command_end_output(EXIT_REFUSED);
}

static int
run_check(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autoptr(PolicySet) policy = policy_set_load(arguments[0], &error);
  if (policy == NULL)
    return tell_mistakes(arguments[0], error, json);
  int64_t now = g_get_real_time();
  ExemptionCounts counts = policy_set_count_exemptions(policy, now);
  g_autoptr(GPtrArray) warnings = policy_set_warnings(policy),
                       endings = policy_set_endings(policy, 0, now);
  g_ptr_array_extend_and_steal(warnings, g_steal_pointer(&endings));
  unsigned policies = policy_set_origin(policy).policies;
  if (json) {
    g_autoptr(json_t) object = json_object();
    json_set_string(object, "file", arguments[0]);
    json_object_set_new(object, "errors", json_array());
    json_object_set_new(object, "policies", json_integer(policies));
    json_object_set_new(object, "exemptions", json_integer(counts.in_force));
    json_object_set_new(object, "ended_exemptions", json_integer(counts.ended));
    json_object_set_new(object, "warnings", json_from_texts(warnings));
    command_print_json(object);
    return command_end_output(EXIT_FINE);
  }
  for (guint i = 0; i < warnings->len; i++)
    command_tell("warning: %s", (const char *)g_ptr_array_index(warnings, i));
  printf("%s: %u polic%s, %u exemption%s in force\n", arguments[0], policies,
         policies == 1 ? "y" : "ies", counts.in_force, counts.in_force == 1 ? "" : "s");
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry check_options[] = {FORMAT_OPTION("table"), {NULL}};

static const Command check_subcommand = {
    .name = "check",
    .summary = "Report every mistake in a policy file",
    .arguments = "FILE|strict",
    .help = "Needs no server. Exit codes: 0 it is a policy file; 1 it is none; 2 it cannot be "
            "read.\n\n"
            "Examples:\n"
            "  assay policy check policy.yaml",
    .options = check_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_check,
};

/* --- test --- */

/* All pages of the answer as one. (transfer full) */
static json_t *
ask_all(ServerClient *client, Slice policy, GError **error)
{
  g_autoptr(json_t) all = json_object();
  json_t *changed = json_array();
  json_int_t judged = 0, pending = 0;
  json_object_set_new(all, "changed", changed);
  g_autofree char *from = g_strdup("");
  while (from != NULL) {
    g_autofree char *place = g_uri_escape_string(from, NULL, FALSE);
    g_autofree char *path = g_strdup_printf("/api/v1/policies/test?limit=%d%s%s", PAGE,
                                            *place == '\0' ? "" : "&from=", place);
    g_autoptr(json_t) page = server_post(client, path, policy, error);
    if (page == NULL)
      return NULL;
    json_array_extend(changed, json_get_array(page, "changed"));
    judged += json_get_integer(page, "judged", 0);
    pending += json_get_integer(page, "pending", 0);
    g_free(from);
    from = g_strdup(json_get_string(page, "next"));
  }
  json_object_set_new(all, "judged", json_integer(judged));
  json_object_set_new(all, "pending", json_integer(pending));
  return g_steal_pointer(&all);
}

static bool
allows(const json_t *image, const char *when)
{
  return json_get_boolean(json_get_object(image, when), "allowed", true);
}

static void
add_row(Columns *table, const json_t *image)
{
  const char *repository = json_get_string(image, "repository");
  const char *digest = json_get_string(image, "digest");
  const char *hex = digest == NULL ? NULL : strchr(digest, ':');
  const char *tag = json_string_value(json_array_get(json_get_array(image, "tags"), 0));
  g_autofree char *name = tag != NULL
                              ? g_strdup_printf("%s:%s", repository, tag)
                              : g_strdup_printf("%s@%.12s", repository, hex == NULL ? "" : hex + 1);
  bool today = allows(image, "today"), then = allows(image, "then");
  const json_t *verdict = json_get_object(image, then ? "today" : "then");
  const json_t *reasons = json_get_array(verdict, "reasons");
  const char *first = json_string_value(json_array_get(reasons, 0));
  /* The answer lists the first of them. */
  json_int_t total = json_get_integer(verdict, "reasons_total", 0);
  g_autofree char *others =
      total <= 1 ? g_strdup("") : g_strdup_printf(", and %" JSON_INTEGER_FORMAT " more", total - 1);
  g_autofree char *why =
      g_strdup_printf("%s%s%s", then ? "no longer: " : "", first != NULL ? first : "", others);
  columns_add(table, (const char *[]){name, today ? "allowed" : "refused",
                                      then ? "allowed" : "refused", why});
}

/* For these nothing is said: their scan may find anything. */
static void
tell_pending(json_int_t pending)
{
  if (pending > 0)
    printf("%" JSON_INTEGER_FORMAT " image%s not judged: the scan is not done yet; ask again when "
           "it is (`assay jobs` shows it)\n",
           pending, pending == 1 ? "" : "s");
}

static void
tell_changes(const json_t *answer)
{
  static const Column columns[] = {{.title = "IMAGE"},
                                   {.title = "TODAY"},
                                   {.title = "THEN"},
                                   {.title = "WHY", .least = 24, .flags = COLUMN_CUT}};
  const json_t *changed = json_get_array(answer, "changed");
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index;
  json_t *image;
  json_array_foreach(changed, index, image) {
    add_row(table, image);
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(text, stdout);
  json_int_t judged = json_get_integer(answer, "judged", 0);
  printf("%" JSON_INTEGER_FORMAT " image%s judged, %zu would change\n", judged,
         judged == 1 ? "" : "s", json_array_size(changed));
  tell_pending(json_get_integer(answer, "pending", 0));
}

static int
run_test(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  /* Its mistakes are told with the file's own name. */
  g_autoptr(PolicySet) policy = policy_set_load(arguments[0], &error);
  g_autoptr(GBytes) text = policy == NULL ? NULL : policy_text_load(arguments[0], &error);
  g_autoptr(ServerClient) client = text == NULL ? NULL : server_client_new(NULL, &error);
  g_autoptr(json_t) answer =
      client == NULL ? NULL : ask_all(client, slice_from_bytes(text), &error);
  if (answer == NULL)
    return command_fail(error);
  if (json)
    command_print_json(answer);
  else
    tell_changes(answer);
  bool refuses = json_get_integer(answer, "pending", 0) > 0;
  size_t index;
  json_t *image;
  json_array_foreach(json_get_array(answer, "changed"), index, image) {
    refuses = refuses || !allows(image, "then");
  }
  return command_end_output(refuses ? EXIT_REFUSED : EXIT_FINE);
}

static const GOptionEntry test_options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};

static const Command test_subcommand = {
    .name = "test",
    .summary = "Show which stored images would change if a policy file were in force",
    .arguments = "FILE|strict",
    .help =
        "Asks the registry, which judges each image by the policy in force and by FILE; nothing\n"
        "is changed. Exit codes: 0 no image would be refused that is allowed today; 1 at least "
        "one\n"
        "would be, or may be because its scan is not done yet; 2 an error.\n\n"
        "Examples:\n"
        "  assay policy test new.yaml\n"
        "  assay policy test new.yaml --server https://registry.example.org --format json",
    .options = test_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_test,
};

static const Command *const subcommands[] = {&check_subcommand, &test_subcommand, NULL};

const Command policy_command = {
    .name = "policy",
    .summary = "Check a policy file, and see what it would change",
    .subcommands = subcommands,
};
