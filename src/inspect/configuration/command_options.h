/* Which programs take a secret among their arguments, and which read one. Pure. */
#pragma once

#include "text/shell.h"

typedef enum {
  OPTION_NEXT,        /* the word after it: "-storepass x", also "-storepass=x" */
  OPTION_GLUED,       /* what is in its word alone: "-px" */
  OPTION_EITHER,      /* "-p x" and "-px" */
  OPTION_COLON,       /* as OPTION_EITHER, of "user:x" what is after the colon */
  OPTION_PERCENT,     /* likewise, "user%x" */
  OPTION_EQUALS,      /* likewise, "name=x" */
  OPTION_SOURCE,      /* as OPTION_NEXT, "pass:x"; other sources ("env:X") are none */
  OPTION_LAST,        /* where it is given, the last word of the command; of the program's own name,
                         where that is no option's value */
  OPTION_VERB,        /* it is a word without "-": the first argument after it that is no option */
  OPTION_VERB_SECOND, /* likewise, the second */
  OPTION_SLASH,       /* likewise the first, of "user/x@host" what is after the slash */
} OptionForm;

typedef struct {
  const char *programs; /* with a blank between; "*" is any */
  const char *with;     /* a word that the command must have; or NULL */
  const char *option;
  OptionForm form;
} SecretOption;
extern const SecretOption secret_options[];
extern const size_t secret_option_count;

typedef enum { READS_NONE, READS_ALL, READS_AFTER_COLON, READS_SELECTIONS } SecretReading;

/* What of the standard input of the command is a secret. */
SecretReading secret_reading(const ShellCommand *command);
/* Whether what is written into a file of this path is secret. */
bool secret_is_file(const char *path);
/* "cmd.exe", "C:\Windows\System32\cmd.exe", "powershell". */
bool secret_is_windows_shell(const char *program);
/* Whether @name is one of @names, which have a blank between. */
bool secret_is_named(const char *name, const char *names);
