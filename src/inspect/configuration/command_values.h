/* What of a shell's command is a secret that somebody typed: the values of variables and options
 * that take one, and what is piped or given in place to a program that reads one. Pure.
 *
 * It is asked for two ends: what is shown hides all of it, and checks tell of those that are
 * written out. Hiding too much costs a word of the evidence, hiding too little a password; so what
 * is fed to a reader of passwords is one, whatever it looks like. Only a plain reference ($NAME,
 * ${NAME}, $(cat file)) is none. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
  VALUE_NAMED,   /* of a variable, header or option that is called so: "API_TOKEN=x", "--token x" */
  VALUE_OPTION,  /* of a program that is known to take one there: "mysql -px" */
  VALUE_FED,     /* of the standard input of a program that reads one: "echo x | passwd" */
  VALUE_WRITTEN, /* into a file that is for such: "echo x > ~/.netrc" */
  VALUE_PLACED,  /* in the place of a file: "--netrc-file <(echo x)"; it may be none */
} CommandValueKind;

/* @before: what is in front of it in the command, without space or quotes between: "echo", "root:";
 * or "". */
typedef void (*CommandValueFound)(CommandValueKind kind, const char *before, const char *value,
                                  void *data);

/* Those of the command @at in @commands (ShellCommand), which are those of one text. */
void command_values(const GPtrArray *commands, guint at, CommandValueFound found, void *data);

/* Whether it is only the name of where the value is: "$NAME", "${NAME}", "$(cat /run/x)". */
bool command_value_is_reference(const char *value);
