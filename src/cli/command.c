/* Running a subcommand: options, help, errors; see the header. */
#include "cli/command.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/json.h"
#include "base/slice.h"
#include "base/suggest.h"

static void tell(const char *format, va_list args) G_GNUC_PRINTF(1, 0);

static void
tell(const char *format, va_list args)
{
  g_autofree char *message = g_strdup_vprintf(format, args);
  g_auto(GStrv) lines = g_strsplit(message, "\n", -1);
  for (char **line = lines; *line != NULL; line++) {
    g_autofree char *clean = slice_to_printable(slice_from_string(*line), SIZE_MAX);
    fprintf(stderr, "%s%s\n", line == lines ? "assay: " : "", clean);
  }
}

void
command_tell(const char *format, ...)
{
  va_list args;
  va_start(args, format);
  tell(format, args);
  va_end(args);
}

int
command_fail(const GError *error)
{
  command_tell("%s", error->message);
  return EXIT_ERROR;
}

int
command_usage_error(const char *format, ...)
{
  va_list args;
  va_start(args, format);
  tell(format, args);
  va_end(args);
  return EXIT_ERROR;
}

/* `| head` has what it wants and is gone. */
static bool
reader_left(void)
{
  struct pollfd output = {.fd = STDOUT_FILENO};
  return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

bool
command_wants_json(const char *format, const char *plain, bool *json)
{
  *json = g_strcmp0(format, "json") == 0;
  if (format == NULL || *json || strcmp(format, plain) == 0)
    return true;
  command_usage_error("--format must be %s or json, is \"%s\"", plain, format);
  return false;
}

void
command_print_json(const json_t *json)
{
  g_autofree char *text = json_to_pretty_text(json);
  fputs(text, stdout);
}

int
command_end_output(int code)
{
  if ((fflush(stdout) == 0 && !ferror(stdout)) || reader_left())
    return code;
  fprintf(stderr, "assay: standard output: %s\n", g_strerror(errno != 0 ? errno : EIO));
  return EXIT_ERROR;
}

char *
command_size_in_words(uint64_t bytes)
{
  g_autofree char *text = g_format_size(bytes);
  g_auto(GStrv) words = g_strsplit(text, "\xc2\xa0", -1); /* a space that does not break */
  return g_strjoinv(" ", words);
}

char *
command_time_in_words(int64_t seconds)
{
  static const struct {
    int64_t seconds;
    const char *name;
  } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
  size_t i = 0;
  while (i + 1 < G_N_ELEMENTS(units) && seconds < 2 * units[i].seconds)
    i++;
  int64_t count = seconds / units[i].seconds;
  return g_strdup_printf("%" G_GINT64_FORMAT " %s%s", count, units[i].name, count == 1 ? "" : "s");
}

unsigned
terminal_width(void)
{
  struct winsize size;
  if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
    return 0;
  return size.ws_col;
}

bool
terminal_wants_colour(void)
{
  const char *no_colour = g_getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) && (no_colour == NULL || *no_colour == '\0') &&
         g_strcmp0(g_getenv("TERM"), "dumb") != 0;
}

/* "; did you mean X?", or nothing when nothing is near. (transfer full) */
static char *
suggest_command(const Command *command, const char *typed)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const Command *const *each = command->subcommands; *each != NULL; each++)
    if ((*each)->run_raw == NULL)
      g_ptr_array_add(names, (char *)(uintptr_t)(*each)->name);
  g_ptr_array_add(names, NULL);
  const char *best = suggest_nearest(typed, (const char *const *)names->pdata);
  return best == NULL ? g_strdup("") : g_strdup_printf("; did you mean `%s`?", best);
}

/* For GLib's message about "--typed" or "--typed=value". (transfer full) */
static char *
suggest_option(const Command *command, const char *message)
{
  const char *dashes = strstr(message, "--");
  if (dashes == NULL)
    return g_strdup("");
  g_autofree char *typed = g_strndup(dashes + 2, strcspn(dashes + 2, "= "));
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const GOptionEntry *option = command->options; option != NULL && option->long_name != NULL;
       option++)
    g_ptr_array_add(names, (char *)(uintptr_t)option->long_name);
  g_ptr_array_add(names, NULL);
  const char *best = suggest_nearest(typed, (const char *const *)names->pdata);
  return best == NULL ? g_strdup("") : g_strdup_printf("; did you mean --%s?", best);
}

static const Command *
command_find(const Command *const *list, const char *name)
{
  for (; *list != NULL; list++)
    if (strcmp((*list)->name, name) == 0)
      return *list;
  return NULL;
}

/* "db: " of "assay db": what follows the "assay: " of every message. (transfer full) */
static char *
message_prefix(const char *path)
{
  const char *space = strchr(path, ' ');
  return space == NULL ? g_strdup("") : g_strconcat(space + 1, ": ", NULL);
}

/* "help serve" is "serve --help", however deep. */
static int
run_help(const Command *command, const char *path, int argc, char **argv)
{
  char flag[] = "--help";
  g_autofree char **words = g_new0(char *, (size_t)argc + 1);
  words[0] = argv[0];
  for (int i = 2; i < argc; i++)
    words[i - 1] = argv[i];
  words[argc - 1] = flag;
  return command_run(command, path, argc, words);
}

static int
no_such_command(const Command *command, const char *path, const char *typed)
{
  g_autofree char *suggestion = suggest_command(command, typed);
  g_autofree char *prefix = message_prefix(path);
  return command_usage_error("%sno command \"%s\"%s\n  `%s --help` lists them", prefix, typed,
                             suggestion, path);
}

/* (transfer full) */
static char *
list_subcommands(const Command *command)
{
  GString *list = g_string_new("Commands:\n");
  for (const Command *const *each = command->subcommands; *each != NULL; each++)
    if ((*each)->run_raw == NULL)
      g_string_append_printf(list, "  %-12s %s\n", (*each)->name, (*each)->summary);
  return g_string_free(list, FALSE);
}

static int
run_subcommand(const Command *command, const char *path, int argc, char **argv)
{
  if (argc >= 3 && strcmp(argv[1], "help") == 0 && *argv[2] != '-')
    return run_help(command, path, argc, argv);
  bool asks_help = argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
                                 strcmp(argv[1], "help") == 0);
  const Command *subcommand = argc < 2 ? NULL : command_find(command->subcommands, argv[1]);
  if (subcommand != NULL) {
    g_autofree char *subpath = g_strdup_printf("%s %s", path, subcommand->name);
    return command_run(subcommand, subpath, argc - 1, argv + 1);
  }
  if (argc >= 2 && !asks_help && *argv[1] == '-') {
    g_autofree char *prefix = message_prefix(path);
    return command_usage_error("%sno option %s\n  `%s --help` says more", prefix, argv[1], path);
  }
  if (argc >= 2 && !asks_help)
    return no_such_command(command, path, argv[1]);

  FILE *out = asks_help ? stdout : stderr;
  g_autofree char *list = list_subcommands(command);
  fprintf(out, "Usage:\n  %s COMMAND\n\n%s\n\n%s", path, command->summary, list);
  if (command->help != NULL)
    fprintf(out, "\n%s\n", command->help);
  return asks_help ? command_end_output(EXIT_FINE) : EXIT_ERROR;
}

/* Of one that also runs by itself. */
static bool
names_subcommand(const Command *command, int argc, char **argv)
{
  return argc >= 2 && (command_find(command->subcommands, argv[1]) != NULL ||
                       (strcmp(argv[1], "help") == 0 && argc >= 3));
}

/* What --help says below the options. (transfer full) */
static char *
describe(const Command *command)
{
  g_autofree char *list = command->subcommands == NULL ? NULL : list_subcommands(command);
  return g_strconcat(list != NULL ? list : "", list != NULL ? "\n" : "",
                     command->help != NULL ? command->help : "", NULL);
}

int
command_run(const Command *command, const char *path, int argc, char **argv)
{
  if (command->run_raw != NULL)
    return command->run_raw(argc, argv);
  if (command->subcommands != NULL &&
      (command->run == NULL || names_subcommand(command, argc, argv)))
    return run_subcommand(command, path, argc, argv);

  g_autoptr(GOptionContext) context = g_option_context_new(command->arguments);
  g_option_context_set_summary(context, command->summary);
  g_autofree char *description = describe(command);
  if (*description != '\0')
    g_option_context_set_description(context, description);
  if (command->options != NULL)
    g_option_context_add_main_entries(context, command->options, NULL);

  /* The usage line of the help is made from the program's name. */
  g_set_prgname(path);
  g_autofree char *prefix = message_prefix(path);
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) arguments = g_new0(char *, (size_t)argc + 1);
  for (int i = 0; i < argc; i++)
    arguments[i] = g_strdup(argv[i]);
  if (!g_option_context_parse_strv(context, &arguments, &error)) {
    bool unknown = g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION);
    g_autofree char *suggestion = unknown ? suggest_option(command, error->message) : g_strdup("");
    return command_usage_error("%s%s%s\n  `%s --help` lists the options", prefix, error->message,
                               suggestion, path);
  }

  unsigned count = g_strv_length(arguments);
  count -= count > 0;
  if (count < command->least_arguments)
    return command_usage_error("%s%s is missing\n  `%s --help` says more", prefix,
                               command->arguments, path);
  if (count > command->most_arguments && command->subcommands != NULL)
    return no_such_command(command, path, arguments[1]);
  if (count > command->most_arguments)
    return command_usage_error("%s\"%s\" is one argument too many\n  `%s --help` says more", prefix,
                               arguments[1 + command->most_arguments], path);
  return command->run(arguments + 1);
}
