/* What taking a shell's text apart is made of: shell.c has the pass, shell_words.c what words and
 * commands are made of, shell_redirections.c what is redirected, shell_program.c what runs. */
#pragma once

#include "text/shell.h"

#define SHELL_BLANKS " \t\r\v\f"

/* One in place, which begins after the line. */
typedef struct {
  char *name;
  bool chomp;  /* tabs in front of its lines do not count */
  guint owner; /* the command that reads it */
} ShellDocument;

typedef struct ShellSplitter ShellSplitter;
struct ShellSplitter {
  const char *text, *at;
  GPtrArray *commands; /* ShellCommand */
  ShellCommand *now;   /* the current one, or NULL */
  GString *word;       /* the current one, or NULL */
  bool quoted;         /* a part of the word was */
  const char *began;   /* the current command */
  GArray *documents;   /* ShellDocument: those of this line */
  GArray *groups; /* guint: where those that are open, "(", "{" and "do", begin in `commands` */
  int closed;     /* where the one began that just ended; or -1 */
  int piped_from, piped_first; /* of the next command */
  bool guarded, skips;         /* the next; the words of `for` and `case`, which are no command */
  bool pattern;                /* words up to ")" are those of a case */
  unsigned depth;
  size_t base; /* where the text is in the outermost */
  bool inside; /* the text is a quoted word: all in it is at `base` */
  /* Takes @text apart, which a command of @outer runs; shell.c sets it. */
  void (*split)(const ShellSplitter *outer, const char *text, size_t base, bool inside);
};

void shell_command_free(void *data);
void shell_begin_command(ShellSplitter *splitter);
void shell_end_command(ShellSplitter *splitter);
void shell_begin_word(ShellSplitter *splitter);
void shell_end_word(ShellSplitter *splitter);
void shell_open_group(ShellSplitter *splitter);
void shell_close_group(ShellSplitter *splitter);

/* Each takes what begins at splitter->at into the current word. */
void shell_take_single_quotes(ShellSplitter *splitter);
void shell_take_double_quotes(ShellSplitter *splitter);
void shell_take_dollar(ShellSplitter *splitter);
void shell_take_backticks(ShellSplitter *splitter);
void shell_take_escaped(ShellSplitter *splitter);
/* At "<(" or ">(": commands in the place of a file. */
void shell_take_process(ShellSplitter *splitter);

/* At "<" or ">". */
void shell_take_redirection(ShellSplitter *splitter);
/* (transfer full): ShellDocument */
GArray *shell_documents_new(void);
/* At the beginning of the line after the one that announced them. */
void shell_take_documents(ShellSplitter *splitter);

/* Whether a program runs the commands that are in a text. */
bool shell_reads_scripts(const char *program);
/* The text in its arguments that a command runs: of `sh -c`, `su -c` and `eval`; or NULL. */
const char *shell_script_of(const ShellCommand *command);
