/* Secrets from people; see the header. */
#include "cli/password_input.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"

#define LINE_MAX_BYTES 4096

static char *
read_line(FILE *from, GError **error)
{
  char line[LINE_MAX_BYTES] = "";
  if (fgets(line, sizeof line, from) == NULL) {
    error_set(error, ASSAY_ERROR_INVALID, "no password was given on standard input");
    return NULL;
  }
  line[strcspn(line, "\r\n")] = '\0';
  return g_strdup(line);
}

char *
password_from_stdin(GError **error)
{
  return read_line(stdin, error);
}

static char *
ask_once(const char *prompt, GError **error)
{
  struct termios shown;
  fprintf(stderr, "%s: ", prompt);
  fflush(stderr);
  bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
  struct termios hidden = shown;
  hidden.c_lflag &= ~(tcflag_t)ECHO;
  if (terminal)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  char *line = read_line(stdin, error);
  if (terminal)
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
  fputc('\n', stderr);
  return line;
}

char *
password_ask(const char *prompt, bool twice, GError **error)
{
  if (!isatty(STDIN_FILENO)) {
    error_set(error, ASSAY_ERROR_INVALID,
              "nobody is here to ask for a password: give it with --password-stdin");
    return NULL;
  }
  for (;;) {
    g_autofree char *first = ask_once(prompt, error);
    g_autofree char *second = first == NULL || !twice ? NULL : ask_once("once more", error);
    if (first == NULL || (twice && second == NULL))
      return NULL;
    if (!twice || strcmp(first, second) == 0)
      return g_steal_pointer(&first);
    fprintf(stderr, "they differ; again\n");
  }
}
