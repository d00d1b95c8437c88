/* The commands of a shell's text, good enough to tell what a RUN does: POSIX sh (Shell Command
 * Language, 2.2-2.10), what bash adds where it is common. Nothing is run, and variables stay as
 * they are written. Pure.
 *
 * "set -e; (cd /x && FOO=1 curl -k "$URL" | sudo sh) > /log" gives `set -e`, `cd /x`,
 * `FOO=1 curl -k $URL`, and `sudo sh`, which is piped from that. Comments, documents in place and
 * words of control (if, then, do, {, !) are left out; what `sh -c '...'`, `$(...)`, `<(...)`,
 * backticks, `eval` and `xargs` run are commands, too. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Of one text; what comes after is not read. */
#define SHELL_COMMANDS_MAX 1000u

typedef struct {
  GPtrArray *variables; /* char *: the assignments in front, "FOO=1" */
  GPtrArray *
      words; /* char *: the program and its arguments, without quotes; at least one, or variables */
  GPtrArray
      *redirects;  /* char *: ">/etc/apt/sources.list", ">>x"; "2>&1" and the like are left out */
  char *text;      /* as it is written, with its quotes, its space each one blank */
  int piped_from;  /* the command whose output is its input; or -1 */
  int piped_first; /* the first of the group whose output that is, "(a; b) | c"; else as piped_from
                    */
  GString *input;  /* what documents and words in place (<<EOF, <<<) give it; or NULL */
  size_t at;       /* where it begins in the text; of one in quotes, the command that runs it */
  bool guarded;    /* it runs only where a command before it fails (||) */
} ShellCommand;

/* ShellCommand: one that another runs comes before it where it is in a word of it ($(...)), and
 * after it where the other runs it by itself (sh -c). (transfer full) */
GPtrArray *shell_commands(const char *text);

/* The program of a command without its folder: "curl" of /usr/bin/curl; what `sudo`, `env`, `time`,
 * `nice`, `exec`, `command` and `busybox` run is found; or NULL. *@arguments: where its arguments
 * begin in `words`. */
const char *shell_program(const ShellCommand *command, guint *arguments);
