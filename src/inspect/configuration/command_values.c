/* Finding them; see the header. */
#include "inspect/configuration/command_values.h"

#include <string.h>

#include "inspect/configuration/command_options.h"
#include "inspect/configuration/configuration-private.h"

/* Of the commands that lead to a reader: `echo x | tr a b | base64 -d | passwd`. */
#define PIPES_MAX 10
/* "IDENTIFIED WITH mysql_native_password BY 'x'": from the word to the quote. */
#define SQL_GAP_MAX 60u
/* Of a word that is written into a list of selections. */
#define SELECTIONS_MAX 50

typedef struct {
  const GPtrArray *commands;
  const ShellCommand *command;
  const char *program;   /* or "" */
  guint first;           /* its first argument */
  CommandValueKind kind; /* of what is fed */
  CommandValueFound found;
  void *data;
} Looking;

/* A command that may have the value itself: "echo x", "base64 -d <<< x". */
static bool
may_write(const char *commands)
{
  static const char *const marks[] = {"echo", "print", "write", "yes ", "<<"};
  for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
    if (strstr(commands, marks[i]) != NULL)
      return true;
  return false;
}

bool
command_value_is_reference(const char *value)
{
  if (*value != '$')
    return *value == '`' && !may_write(value);
  size_t size = strlen(value);
  if (value[1] == '{')
    return strspn(value + 2, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_!") + 3 == size;
  if (value[1] == '(')
    return value[size - 1] == ')' && !may_write(value);
  return strspn(value + 1, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_") + 1 == size;
}

/* Beyond the last: "". */
static const char *
word_of(const ShellCommand *command, guint at)
{
  static const char none[4]; /* gcc sees offsets past prefixes that it cannot have */
  const char *word = at < command->words->len ? g_ptr_array_index(command->words, at) : NULL;
  return word == NULL ? none : word;
}

static void
tell(const Looking *looking, CommandValueKind kind, const char *before, const char *value)
{
  if (value != NULL && *value != '\0' && !command_value_is_reference(value))
    looking->found(kind, before, value, looking->data);
}

/* What of the word @at begins at @value. */
static void
tell_part(const Looking *looking, CommandValueKind kind, const ShellCommand *command, guint at,
          const char *value)
{
  const char *word = word_of(command, at);
  if (value == NULL)
    return;
  const char *former = value == word && at > 0 ? word_of(command, at - 1) : "";
  g_autofree char *before = g_strdup_printf("%s%.*s", former, (int)(value - word), word);
  tell(looking, kind, before, value);
}

/* --- by name --- */

/* "--password-file", "--netrc-file". Its value is a path; what writes the file may be in it. */
static bool
names_secret_file(const char *name)
{
  if (!g_str_has_suffix(name, "file"))
    return false;
  g_autofree char *rest = g_strndup(name, strlen(name) - strlen("file"));
  return configuration_names_secret(rest) || strstr(rest, "netrc") != NULL;
}

static bool
is_substitution(const char *value)
{
  return g_str_has_prefix(value, "$(") || *value == '`';
}

/* "NAME=value", "--name=value", "-Dname=value", "Name: value". NULL: it is none with a secret. */
static const char *
value_by_name(const char *word)
{
  size_t dashes = strspn(word, "-"), size = strcspn(word + dashes, "=: \t\n\"'{");
  char mark = word[dashes + size];
  if (size == 0 || (mark != '=' && mark != ':'))
    return NULL;
  g_autofree char *name = g_strndup(word + dashes, size);
  bool header = mark == ':' && (g_ascii_strcasecmp(name, "Authorization") == 0 ||
                                g_ascii_strcasecmp(name, "Proxy-Authorization") == 0 ||
                                g_ascii_strcasecmp(name, "Cookie") == 0);
  const char *value = word + dashes + size + 1;
  bool file = is_substitution(value) && names_secret_file(name);
  if (!header && !file && !configuration_names_secret(name))
    return NULL;
  value += strspn(value, " \t");
  static const char *const schemes[] = {"Bearer ", "Basic ",  "token ",
                                        "Token ",  "bearer ", "basic "};
  for (size_t i = 0; i < G_N_ELEMENTS(schemes); i++)
    if (g_str_has_prefix(value, schemes[i]))
      value += strlen(schemes[i]);
  return value;
}

static void
look_at_names(const Looking *looking)
{
  const ShellCommand *command = looking->command;
  for (guint i = 0; i < command->variables->len; i++) {
    const char *pair = g_ptr_array_index(command->variables, i);
    const char *value = value_by_name(pair);
    g_autofree char *before = value == NULL ? NULL : g_strndup(pair, (gsize)(value - pair));
    tell(looking, VALUE_NAMED, before, value);
  }
  for (guint i = 0; i < command->words->len; i++) {
    const char *word = word_of(command, i), *next = word_of(command, i + 1);
    tell_part(looking, VALUE_NAMED, command, i, value_by_name(word));
    bool takes = *next != '\0' && *next != '-' && strchr(word, '=') == NULL;
    /* "--token x"; "config set //h/:_authToken x" */
    bool option = g_str_has_prefix(word, "--");
    bool key = i > looking->first && *word != '-' &&
               (strcmp(word_of(command, i - 1), "set") == 0 ||
                secret_is_named(looking->program, "git npm yarn pnpm composer aws pip poetry"));
    /* Of fish, csh and Windows: "set -x NAME x". */
    key |= *word != '-' && secret_is_named(looking->program, "set setenv setx");
    bool file = takes && option && is_substitution(next) && names_secret_file(word);
    if (takes && (option || key) && (file || configuration_names_secret(word)))
      tell_part(looking, VALUE_NAMED, command, i + 1, next);
  }
}

/* --- SQL --- */

/* "IDENTIFIED BY 'x'", "PASSWORD 'x'": the next text in quotes; not what ends the name itself. */
static void
look_at_sql(const Looking *looking, const char *text)
{
  static const char *const marks[] = {"identified", "password"};
  g_autofree char *lower = g_ascii_strdown(text, -1);
  for (size_t i = 0; i < G_N_ELEMENTS(marks); i++)
    for (const char *at = strstr(lower, marks[i]); at != NULL; at = strstr(at + 1, marks[i])) {
      const char *from = text + (at - lower) + strlen(marks[i]);
      size_t gap = 0;
      while (gap < SQL_GAP_MAX && from[gap] != '\0' && strchr("'\";", from[gap]) == NULL)
        gap++;
      if (gap == 0 || (from[gap] != '\'' && from[gap] != '"'))
        continue;
      const char *value = from + gap + 1;
      g_autofree char *whole = g_strndup(value, strcspn(value, (char[]){from[gap], '\0'}));
      g_autofree char *before = g_strndup(from, gap);
      tell(looking, VALUE_NAMED, before, whole);
    }
}

static bool
may_be_sql(const char *text)
{
  return strpbrk(text, "'\"") != NULL && strchr(text, ' ') != NULL;
}

/* --- by option --- */

static bool
has_word(const ShellCommand *command, const char *word)
{
  for (guint i = 0; i < command->words->len; i++)
    if (strcmp(word_of(command, i), word) == 0)
      return true;
  return false;
}

/* "-px": "x"; "--x=y": "y". NULL: the word is no such option. *@glued: the value is in it. */
static const char *
glued_value(const char *word, const char *option, bool *glued)
{
  size_t size = strlen(option);
  if (strncmp(word, option, size) != 0)
    return NULL;
  bool letter = option[0] == '-' && option[1] != '-' && size == 2;
  *glued = word[size] == '=' || (letter && word[size] != '\0');
  return word[size] == '\0' ? word + size : *glued ? word + size + (word[size] == '=') : NULL;
}

/* The letter @option in a cluster of them: "-ib". */
static bool
is_letter_of(const char *word, const char *option)
{
  return word[0] == '-' && word[1] != '-' && option[0] == '-' && strlen(option) == 2 &&
         strchr(word + 1, option[1]) != NULL;
}

/* What is next is its value: "-sSu user:x". */
static bool
is_last_letter(const char *word, const char *option)
{
  return is_letter_of(word, option) && word[strlen(word) - 1] == option[1];
}

static void
take_value(const Looking *looking, OptionForm form, guint at, const char *value)
{
  const char *colon = NULL;
  bool marked = form == OPTION_COLON || form == OPTION_PERCENT || form == OPTION_EQUALS;
  if (marked)
    colon = strchr(value, form == OPTION_COLON ? ':' : form == OPTION_PERCENT ? '%' : '=');
  else if (form == OPTION_SOURCE)
    colon = g_str_has_prefix(value, "pass:") ? value + 4 : NULL;
  bool parted = marked || form == OPTION_SOURCE;
  tell_part(looking, VALUE_OPTION, looking->command, at,
            !parted         ? value
            : colon == NULL ? NULL
                            : colon + 1);
}

/* The argument at or after @at that is no option; of OPTION_VERB_SECOND the one after it. */
static void
take_argument(const Looking *looking, OptionForm form, guint at)
{
  const ShellCommand *command = looking->command;
  unsigned skipped = form == OPTION_VERB_SECOND;
  for (guint i = at; i < command->words->len; i++) {
    const char *word = word_of(command, i);
    if (*word == '-' || skipped-- > 0)
      continue;
    const char *slash = strchr(word, '/');
    bool parted = form == OPTION_SLASH;
    tell_part(looking, VALUE_OPTION, command, i,
              !parted                          ? word
              : slash == NULL || slash == word ? NULL
                                               : slash + 1);
    return;
  }
}

static void
take_last(const Looking *looking)
{
  const ShellCommand *command = looking->command;
  guint last = command->words->len - 1;
  if (last >= looking->first && *word_of(command, last) != '-' &&
      *word_of(command, last - 1) != '-')
    tell_part(looking, VALUE_OPTION, command, last, word_of(command, last));
}

static void
take_option(const Looking *looking, const SecretOption *option, guint at)
{
  const ShellCommand *command = looking->command;
  const char *word = word_of(command, at);
  bool glued = false;
  if (option->form == OPTION_LAST) {
    guint last = command->words->len - 1;
    if (at < last && (is_letter_of(word, option->option) || strcmp(word, option->option) == 0 ||
                      (*option->option != '-' && g_str_has_prefix(word, option->option))))
      tell_part(looking, VALUE_OPTION, command, last, word_of(command, last));
    return;
  }
  if (option->form == OPTION_VERB || option->form == OPTION_VERB_SECOND) {
    if (strcmp(word, option->option) == 0)
      take_argument(looking, option->form, at + 1);
    return;
  }
  const char *value = glued_value(word, option->option, &glued);
  if (value == NULL && is_last_letter(word, option->option))
    value = "";
  if (value == NULL ||
      (glued && option->form == OPTION_NEXT && word[strlen(option->option)] != '='))
    return;
  if (glued)
    take_value(looking, option->form, at, value);
  else if (option->form != OPTION_GLUED && at + 1 < command->words->len)
    take_value(looking, option->form, at + 1, word_of(command, at + 1));
}

static void
look_at_options(const Looking *looking)
{
  for (size_t i = 0; i < secret_option_count; i++) {
    const SecretOption *option = &secret_options[i];
    if (!secret_is_named(looking->program, option->programs) ||
        (option->with != NULL && !has_word(looking->command, option->with)))
      continue;
    bool own = strcmp(option->option, looking->program) == 0;
    if (own && option->form == OPTION_LAST)
      take_last(looking);
    else if (own)
      take_argument(looking, option->form, looking->first);
    for (guint at = looking->first; at < looking->command->words->len; at++)
      take_option(looking, option, at);
  }
}

/* --- what is fed --- */

/* A format of printf that has no letter of its own: "%s\n". */
static bool
is_bare_format(const char *word)
{
  return *word == '%' && strspn(word, "%s:\\n ") == strlen(word);
}

/* "x x/root_password password PW": the fourth field, in one word or the next. */
static void
tell_selection(const Looking *looking, const ShellCommand *from, guint at)
{
  const char *word = word_of(from, at), *mark = word;
  if (at > 0 && strcmp(word_of(from, at - 1), "password") == 0)
    tell_part(looking, looking->kind, from, at, word);
  for (unsigned i = 0; i < SELECTIONS_MAX && (mark = strstr(mark, "password")) != NULL; i++) {
    mark += strlen("password");
    if (*mark == ' ' || *mark == '\t')
      tell_part(looking, looking->kind, from, at, mark + strspn(mark, " \t"));
  }
}

static void
tell_fed_word(const Looking *looking, SecretReading reading, const ShellCommand *from, guint at)
{
  const char *word = word_of(from, at);
  const char *colon = reading == READS_AFTER_COLON ? strchr(word, ':') : NULL;
  if (reading == READS_SELECTIONS)
    tell_selection(looking, from, at);
  else if (!is_bare_format(word))
    tell_part(looking, looking->kind, from, at, colon == NULL ? word : colon + 1);
}

static void
tell_fed_line(const Looking *looking, SecretReading reading, const char *line)
{
  const char *value = line;
  if (reading == READS_AFTER_COLON && strchr(line, ':') != NULL)
    value = strchr(line, ':') + 1;
  if (reading == READS_SELECTIONS) {
    const char *mark = strstr(line, "password ");
    if (mark == NULL)
      return;
    value = mark + strlen("password ");
  }
  g_autofree char *before = g_strndup(line, (gsize)(value - line));
  tell(looking, looking->kind, before, value);
}

/* What @from writes, as far as its text tells it. */
static void
tell_output(const Looking *looking, SecretReading reading, const ShellCommand *from)
{
  guint first = 0;
  const char *program = shell_program(from, &first);
  bool writes = program != NULL && secret_is_named(program, "echo printf print yes");
  for (guint i = first; writes && i < from->words->len; i++) {
    const char *word = word_of(from, i);
    if (*word != '-' || strlen(word) > 3)
      tell_fed_word(looking, reading, from, i);
  }
  g_auto(GStrv) lines = from->input == NULL ? NULL : g_strsplit(from->input->str, "\n", 200);
  for (char **line = lines; line != NULL && *line != NULL; line++)
    tell_fed_line(looking, reading, g_strstrip(*line));
}

static bool
writes_secret_file(const Looking *looking)
{
  const ShellCommand *command = looking->command;
  for (guint i = 0; i < command->redirects->len; i++) {
    const char *target = g_ptr_array_index(command->redirects, i);
    if (secret_is_file(target + strspn(target, ">")))
      return true;
  }
  for (guint i = looking->first;
       secret_is_named(looking->program, "tee sponge") && i < command->words->len; i++)
    if (secret_is_file(word_of(command, i)))
      return true;
  return false;
}

static void
look_at_input(const Looking *looking)
{
  const ShellCommand *command = looking->command;
  Looking fed = *looking;
  fed.kind = writes_secret_file(looking) ? VALUE_WRITTEN : VALUE_FED;
  SecretReading reading = fed.kind == VALUE_WRITTEN ? READS_ALL : secret_reading(command);
  if (reading == READS_NONE)
    return;
  tell_output(&fed, reading, command);
  for (unsigned i = 0; i < PIPES_MAX && command->piped_from >= 0; i++) {
    const ShellCommand *source = command;
    for (int from = command->piped_first; from <= command->piped_from; from++) {
      source = g_ptr_array_index(looking->commands, from);
      tell_output(&fed, reading, source);
    }
    command = source;
  }
}

/* "<(echo x)", which is read as a file. What a shell reads so are commands, which are looked at. */
static void
look_at_places(const Looking *looking)
{
  static const char others[] = "sh bash dash ash ksh zsh . source diff cmp comm";
  SecretReading reading = secret_reading(looking->command);
  if (secret_is_named(looking->program, others))
    return;
  Looking placed = *looking;
  placed.kind = reading == READS_NONE ? VALUE_PLACED : VALUE_FED;
  for (guint i = looking->first; i < looking->command->words->len; i++) {
    const char *word = word_of(looking->command, i);
    if (!g_str_has_prefix(word, "<("))
      continue;
    g_autofree char *inside = g_strndup(word + 2, strlen(word + 2) - g_str_has_suffix(word, ")"));
    g_autoptr(GPtrArray) writers = shell_commands(inside);
    for (guint j = 0; j < writers->len; j++)
      tell_output(&placed, reading == READS_NONE ? READS_ALL : reading,
                  g_ptr_array_index(writers, j));
  }
}

/* `cmd /S /C net user x y`: the place of "net"; 0: there is none. */
static guint
windows_script(const Looking *looking)
{
  const ShellCommand *command = looking->command;
  if (!secret_is_windows_shell(looking->program))
    return 0;
  for (guint i = looking->first; i + 1 < command->words->len; i++) {
    const char *option = word_of(command, i);
    if (g_ascii_strcasecmp(option, "/c") == 0 || g_ascii_strcasecmp(option, "-c") == 0 ||
        g_ascii_strcasecmp(option, "-command") == 0)
      return i + 1;
  }
  return 0;
}

static void
look_at(Looking *looking)
{
  look_at_names(looking);
  look_at_options(looking);
  look_at_input(looking);
  look_at_places(looking);
  for (guint i = 0; i < looking->command->words->len; i++)
    if (may_be_sql(word_of(looking->command, i)))
      look_at_sql(looking, word_of(looking->command, i));
  if (looking->command->input != NULL)
    look_at_sql(looking, looking->command->input->str);
}

/* `powershell -Command "net user x y; z"`. What is such a script in its turn is not looked into:
 * texts can be nested so that each level doubles the time. */
static void
look_at_script(const Looking *outer, const char *script)
{
  g_autoptr(GPtrArray) commands = shell_commands(script);
  for (guint i = 0; i < commands->len; i++) {
    Looking looking = *outer;
    looking.commands = commands;
    looking.command = g_ptr_array_index(commands, i);
    const char *program = shell_program(looking.command, &looking.first);
    looking.program = program != NULL ? program : "";
    look_at(&looking);
  }
}

void
command_values(const GPtrArray *commands, guint at, CommandValueFound found, void *data)
{
  Looking looking = {.commands = commands,
                     .command = g_ptr_array_index(commands, at),
                     .program = "",
                     .found = found,
                     .data = data};
  const char *program = shell_program(looking.command, &looking.first);
  if (program != NULL)
    looking.program = program;
  guint script = windows_script(&looking);
  if (script > 0) {
    looking.program = word_of(looking.command, script);
    looking.first = script + 1;
    look_at_script(&looking, looking.program);
  }
  look_at(&looking);
}
