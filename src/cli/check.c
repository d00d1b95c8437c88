/* `assay check`: whether a server would start and do its work. */
#include <stdio.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/serve_options.h"
#include "server/check.h"

static char *format_option;

static const GOptionEntry options[] = {SERVE_OPTIONS, FORMAT_OPTION("text"), {NULL}};

static unsigned
count(const GPtrArray *lines, CheckState state)
{
  unsigned found = 0;
  for (guint i = 0; i < lines->len; i++)
    found += ((const CheckLine *)g_ptr_array_index(lines, i))->state == state;
  return found;
}

static void
print_text(const GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++) {
    const CheckLine *line = g_ptr_array_index(lines, i);
    g_autofree char *text = slice_to_printable(slice_from_string(line->text), strlen(line->text));
    printf("%-8s %s: %s\n", check_state_name(line->state), line->subject, text);
  }
}

static void
print_json(const GPtrArray *lines)
{
  g_autoptr(json_t) object = json_object();
  json_t *list = json_array();
  for (guint i = 0; i < lines->len; i++) {
    const CheckLine *line = g_ptr_array_index(lines, i);
    json_t *one = json_object();
    json_set_string(one, "state", check_state_name(line->state));
    json_set_string(one, "subject", line->subject);
    json_set_string(one, "text", line->text);
    json_array_append_new(list, one);
  }
  json_object_set_new(object, "problems", json_integer(count(lines, CHECK_PROBLEM)));
  json_object_set_new(object, "warnings", json_integer(count(lines, CHECK_WARNING)));
  json_object_set_new(object, "lines", list);
  command_print_json(object);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autofree char *complaints = NULL;
  g_autoptr(Config) config = config_open_valid(serve_option_config, &complaints, &error);
  if (config == NULL)
    return command_fail(error);
  serve_options_apply(config);
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func((GDestroyNotify)check_line_free);
  check_add_lines(lines, complaints != NULL ? CHECK_PROBLEM : CHECK_OK, "configuration",
                  complaints != NULL ? complaints : "understood");
  server_check(config, config->data, lines);
  (json ? print_json : print_text)(lines);
  return command_end_output(count(lines, CHECK_PROBLEM) > 0 ? EXIT_REFUSED : EXIT_FINE);
}

const Command check_command = {
    .name = "check",
    .summary = "Tell whether a server would start, and what to do if not",
    .arguments = "",
    .help = "Looks at the configuration, the policy, the certificate and its key, files that feeds "
            "name,\n"
            "the data folder, the cage, and the addresses; starts nothing and changes nothing. Run "
            "it as\n"
            "the user who serves. Options as for `assay serve`.\n\n"
            "Each line begins with ok, warning or problem. Exit codes: 0 no problem; 1 at least "
            "one;\n"
            "2 there is no such configuration.\n\n"
            "Examples:\n"
            "  assay check\n"
            "  assay check --config new.yaml --format json\n"
            "  assay check && systemctl reload assay",
    .options = options,
    .run = run,
};
