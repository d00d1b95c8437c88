/* sudoers(5): who may run what, with or without a password. A fact "rule" has who it is of as its
 * scope, and "NOPASSWD COMMAND" or "PASSWD COMMAND"; "alias" has "NAME = MEMBER". Arguments of
 * commands, which may be secret, are "..." there. */
#include <string.h>

#include "inspect/baseline/baseline.h"
#include "inspect/baseline/facts.h"

/* Takes off what is up to the next @separator that is not escaped and not in quotes; NULL: there is
 * nothing left. (transfer full) */
static char *
next_part(const char **rest, char separator)
{
  if (**rest == '\0')
    return NULL;
  GString *part = g_string_new(NULL);
  bool quoted = false;
  for (; **rest != '\0'; (*rest)++) {
    char c = **rest;
    if (c == '\\' && (*rest)[1] != '\0') {
      g_string_append_c(part, *++*rest);
      continue;
    }
    if (c == separator && !quoted)
      break;
    if (c == '"')
      quoted = !quoted;
    else
      g_string_append_c(part, c);
  }
  *rest += **rest == separator;
  g_strstrip(part->str);
  return g_string_free(part, FALSE);
}

/* A tag at the start of a command: "NOPASSWD:". */
static bool
take_tag(char **command, bool *asks)
{
  static const char *const tags = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  size_t size = strspn(*command, tags);
  const char *after = *command + size + strspn(*command + size, " \t");
  if (size == 0 || *after != ':')
    return false;
  if (strncmp(*command, "NOPASSWD", MAX(size, 8)) == 0)
    *asks = false;
  else if (strncmp(*command, "PASSWD", MAX(size, 6)) == 0)
    *asks = true;
  *command += after + 1 - *command;
  *command += strspn(*command, " \t");
  return true;
}

/* Without the arguments, and without the digest before it. (transfer full) */
static char *
without_arguments(const char *command)
{
  size_t size = strcspn(command, " \t");
  if (g_str_has_prefix(command, "sha") && memchr(command, ':', size) != NULL) {
    command += size + strspn(command + size, " \t");
    size = strcspn(command, " \t");
  }
  return g_strdup_printf("%.*s%s", (int)size, command, command[size] == '\0' ? "" : " ...");
}

/* "(runas) TAG: command, command", as values of facts. (transfer full) */
static GPtrArray *
commands_of(const char *text)
{
  GPtrArray *commands = g_ptr_array_new_with_free_func(g_free);
  bool asks = true;
  for (char *part; (part = next_part(&text, ',')) != NULL; g_free(part)) {
    char *command = part;
    if (*command == '(' && strchr(command, ')') != NULL)
      command = g_strchug(strchr(command, ')') + 1);
    while (take_tag(&command, &asks))
      continue;
    if (*command == '\0' || *command == '!')
      continue;
    g_autofree char *shown = without_arguments(command);
    g_ptr_array_add(commands, g_strconcat(asks ? "PASSWD " : "NOPASSWD ", shown, NULL));
  }
  return commands;
}

/* Where a list of names ends: at a blank that no comma is beside, or at "=". */
static size_t
list_size(const char *text)
{
  size_t at = 0;
  for (;;) {
    size_t name = strcspn(text + at, " \t,=");
    at += name;
    size_t blanks = strspn(text + at, " \t");
    if (text[at + blanks] != ',')
      return at;
    at += blanks + 1;
    at += strspn(text + at, " \t");
    if (text[at] == '\0')
      return at;
  }
}

/* "users hosts = commands : hosts = commands". */
static void
take_rule(Facts *facts, const char *line)
{
  size_t size = list_size(line);
  const char *equals = strchr(line + size, '=');
  if (equals == NULL)
    return;
  g_autofree char *users = g_strndup(line, size);
  g_autoptr(GPtrArray) commands = commands_of(equals + 1);
  const char *rest = users;
  for (char *who; (who = next_part(&rest, ',')) != NULL; g_free(who)) {
    if (*who == '!' || *who == '\0')
      continue;
    facts->scope = who;
    for (guint i = 0; i < commands->len && !facts_are_full(facts); i++)
      facts_add(facts, "rule", g_ptr_array_index(commands, i));
    facts->scope = NULL;
  }
}

/* "NAME = MEMBER, MEMBER : NAME = MEMBER". */
static void
take_aliases(Facts *facts, const char *text)
{
  for (char *alias; (alias = next_part(&text, ':')) != NULL; g_free(alias)) {
    char *equals = strchr(alias, '=');
    if (equals == NULL)
      continue;
    *equals = '\0';
    const char *members = equals + 1;
    for (char *member; (member = next_part(&members, ',')) != NULL; g_free(member)) {
      g_autofree char *shown = without_arguments(member);
      facts_add_format(facts, "alias", "%s = %s", g_strchomp(alias), shown);
    }
  }
}

/* "Defaults:git !authenticate, ...": whom it is for, and nothing of the other settings. */
static void
take_defaults(Facts *facts, const char *text)
{
  static const char *const wanted = "!authenticate";
  g_auto(GStrv) words = g_strsplit_set(text, " \t,", -1);
  size_t size = strcspn(text, " \t");
  if (g_strv_contains((const char *const *)words, wanted))
    facts_add_format(facts, "defaults", "%.*s %s", (int)size, text, wanted);
}

static bool
take_include(Facts *facts, const char *line)
{
  size_t size = strcspn(line, " \t");
  g_autofree char *word = g_strndup(line, size);
  bool folder = config_is_one_of(word, "#includedir @includedir");
  if (!folder && !config_is_one_of(word, "#include @include"))
    return false;
  g_auto(GStrv) words = config_words(line + size, false);
  if (words[0] != NULL)
    facts_add(facts, folder ? "includedir" : "include", words[0]);
  return true;
}

/* From a "#" on it is a comment, except before the number of a user. */
static void
cut_comment(char *line)
{
  for (char *at = line; (at = strchr(at, '#')) != NULL; at++)
    if ((at == line || g_ascii_isspace(at[-1])) && !g_ascii_isdigit(at[1])) {
      *at = '\0';
      break;
    }
  g_strchomp(line);
}

static void
take_line(Facts *facts, const char *text)
{
  if (take_include(facts, text))
    return;
  g_autofree char *line = g_strdup(text);
  cut_comment(line);
  size_t size = strcspn(line, " \t");
  g_autofree char *word = g_strndup(line, size);
  if (*line == '\0')
    return;
  if (config_is_one_of(word, "User_Alias Runas_Alias Host_Alias Cmnd_Alias Cmd_Alias"))
    take_aliases(facts, line + size);
  else if (g_str_has_prefix(line, "Defaults"))
    take_defaults(facts, line + strlen("Defaults"));
  else
    take_rule(facts, line);
}

static void
read_sudoers(Slice bytes, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "sudo"};
  g_auto(ConfigLines) lines = {.line = NULL};
  config_lines_init(&lines, bytes, true);
  for (const char *line; (line = config_lines_next(&lines)) != NULL && !facts_are_full(&facts);) {
    facts.line = lines.number;
    take_line(&facts, line);
  }
}

static const char *const sudoers_places[] = {"etc/sudoers", "etc/sudoers.d/", NULL};

const Detector sudoers_detector = {
    .name = "sudoers",
    .version = 2,
    .places = sudoers_places,
    .alike = true,
    .observes = true,
    .most = FACT_FILE_BYTES_MAX,
    .read = read_sudoers,
};
