/* What a subcommand is. Each is one file, NAME.c with a `const Command NAME_command`, and one word
 * in the list of meson.build; help, option parsing, `assay completion` and exit codes come from
 * here, the same for all.
 *
 * Exit codes: 0 done; 1 the answer is "no" (a finding that --exit-code asks for, a policy that
 * refuses); 2 wrong usage, or something failed and standard error says what. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "server/config.h"

enum { EXIT_FINE = 0, EXIT_REFUSED = 1, EXIT_ERROR = 2 };

typedef struct Command Command;
struct Command {
  const char *name;
  const char *summary;   /* one line, for the list of commands */
  const char *arguments; /* "TARGET", "[NAME]...", or "" */
  const char *help;      /* paragraphs and examples, shown by --help below the summary; or NULL */
  const GOptionEntry *options; /* NULL-terminated, or NULL; their targets are static variables */
  unsigned least_arguments, most_arguments; /* positional ones; most 0 with least 0: none */
  int (*run)(char **arguments);             /* the positional arguments, NULL-terminated */
  /* NULL-terminated, or NULL; beside run where the command does something by itself, too. */
  const Command *const *subcommands;
  /* Takes argc and argv as they are, is not listed: the inspection worker. */
  int (*run_raw)(int argc, char **argv);
};

/* The same option in all that read the configuration, with config_open(). */
#define CONFIG_OPTION(target)                                                                      \
  {                                                                                                \
    "config", 'c', 0, G_OPTION_ARG_FILENAME, &(target),                                            \
        "The configuration (default: $ASSAY_CONFIG, " CONFIG_SYSTEM_FILE ")", "FILE"               \
  }

/* Runs @command; argv[0] is its name. Parses options, answers --help, checks the count of
 * arguments. */
int command_run(const Command *command, const char *path, int argc, char **argv);

/* Prints "assay: MESSAGE" on standard error, without what could drive a terminal: messages quote
 * images, feeds and servers. */
void command_tell(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* The same, frees nothing; returns EXIT_ERROR. */
int command_fail(const GError *error);
int command_usage_error(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* What --format asks for, whose other word is @plain ("table", "text"); NULL: it was not given.
 * False: it is neither, and that was told. */
bool command_wants_json(const char *format, const char *plain, bool *json);
/* The option that says so, which sets the file's own `static char *format_option`. */
#define FORMAT_OPTION(plain)                                                                       \
  {                                                                                                \
    "format", 'f', 0, G_OPTION_ARG_STRING, &format_option, "How to write it (default: " plain ")", \
        plain "|json"                                                                              \
  }
void command_print_json(const json_t *json);

/* Standard output: flushes and checks, so that a full disk is an error and not silence. Who reads a
 * pipe and leaves (`| head`) has what it wants. Returns @code, or EXIT_ERROR. */
int command_end_output(int code);

/* "48.2 MB" (transfer full) */
char *command_size_in_words(uint64_t bytes);
/* "3 days", "5 hours", "1 minute", "12 seconds" (transfer full) */
char *command_time_in_words(int64_t seconds);

/* For the table writers: the terminal's width (0 when not a terminal), and whether to colour:
 * standard output is a terminal, NO_COLOR is unset or empty, TERM is not "dumb". */
unsigned terminal_width(void);
bool terminal_wants_colour(void);

/* All, in the order of the help text: the list is in meson.build. NULL-terminated. */
extern const Command *const commands[];
