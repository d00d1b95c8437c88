/* Running a subcommand: options, help, errors; see the header. */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int
command_fail(const GError *error)
{
  fprintf(stderr, "assay: %s\n", error->message);
  return EXIT_ERROR;
}

int
command_usage_error(const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *message = g_strdup_vprintf(format, args);
  va_end(args);
  fprintf(stderr, "assay: %s\n", message);
  return EXIT_ERROR;
}

int
command_end_output(int code)
{
  if (fflush(stdout) == 0 && !ferror(stdout))
    return code;
  fprintf(stderr, "assay: standard output: %s\n", g_strerror(errno));
  return EXIT_ERROR;
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

static const Command *
command_find(const Command *const *list, const char *name)
{
  for (; *list != NULL; list++)
    if (strcmp((*list)->name, name) == 0)
      return *list;
  return NULL;
}

static int
run_subcommand(const Command *command, const char *path, int argc, char **argv)
{
  bool asks_help = argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
  const Command *subcommand = argc < 2 ? NULL : command_find(command->subcommands, argv[1]);
  if (subcommand != NULL) {
    g_autofree char *subpath = g_strdup_printf("%s %s", path, subcommand->name);
    return command_run(subcommand, subpath, argc - 1, argv + 1);
  }
  if (argc >= 2 && !asks_help)
    return command_usage_error("%s: no command \"%s\"; see `%s --help`", path, argv[1], path);

  FILE *out = asks_help ? stdout : stderr;
  fprintf(out, "Usage:\n  %s COMMAND\n\n%s\n\nCommands:\n", path, command->summary);
  for (const Command *const *each = command->subcommands; *each != NULL; each++)
    if ((*each)->run_raw == NULL)
      fprintf(out, "  %-12s %s\n", (*each)->name, (*each)->summary);
  if (command->help != NULL)
    fprintf(out, "\n%s\n", command->help);
  return asks_help ? command_end_output(EXIT_FINE) : EXIT_ERROR;
}

int
command_run(const Command *command, const char *path, int argc, char **argv)
{
  if (command->run_raw != NULL)
    return command->run_raw(argc, argv);
  if (command->subcommands != NULL)
    return run_subcommand(command, path, argc, argv);

  g_autoptr(GOptionContext) context = g_option_context_new(command->arguments);
  g_option_context_set_summary(context, command->summary);
  if (command->help != NULL)
    g_option_context_set_description(context, command->help);
  if (command->options != NULL)
    g_option_context_add_main_entries(context, command->options, NULL);

  /* The usage line of the help is made from the program's name. */
  g_set_prgname(path);
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) arguments = g_new0(char *, (size_t)argc + 1);
  for (int i = 0; i < argc; i++)
    arguments[i] = g_strdup(argv[i]);
  if (!g_option_context_parse_strv(context, &arguments, &error))
    return command_usage_error("%s; see `%s --help`", error->message, path);

  unsigned count = g_strv_length(arguments);
  count -= count > 0;
  if (count < command->least_arguments)
    return command_usage_error("%s: %s is missing; see `%s --help`", path, command->arguments,
                               path);
  if (count > command->most_arguments)
    return command_usage_error("%s: \"%s\" is one argument too many; see `%s --help`", path,
                               arguments[1 + command->most_arguments], path);
  return command->run(arguments + 1);
}
