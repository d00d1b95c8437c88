/* Checks of secrets that an image's configuration or history holds: by the names of variables, and
 * by what commands are given. */
#include <string.h>

#include "inspect/configuration/command_values.h"
#include "inspect/configuration/configuration-private.h"

/* "NAME=value" that holds one. */
static bool
is_secret(const char *pair)
{
  const char *sign = pair == NULL ? NULL : strchr(pair, '=');
  if (sign == NULL)
    return false;
  g_autofree char *name = g_strndup(pair, (gsize)(sign - pair));
  return configuration_names_secret(name) && configuration_may_be_secret(sign + 1);
}

/* All of it but the last letters of its name is of no use to anybody. (transfer full) */
static char *
masked_pair(const char *pair)
{
  return g_strdup_printf("%.*s=****", (int)MIN(strcspn(pair, "="), 100), pair);
}

static void
check_variables(const Build *build, Checking *into)
{
  g_autoptr(GHashTable) all = g_hash_table_new(g_str_hash, g_str_equal);
  char **set = build->config == NULL ? NULL : build->config->env;
  for (; set != NULL && *set != NULL; set++)
    if (is_secret(*set)) {
      g_hash_table_add(all, *set);
      g_autofree char *shown = masked_pair(*set);
      checking_found_config(into, "config:Env", shown);
    }
  for (guint i = 0; i < build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(build->steps, i);
    for (guint j = 0; step_is(step, "ENV") && j < step->words->len; j++) {
      const char *word = g_ptr_array_index(step->words, j);
      /* What is set still is in the config. */
      if (!is_secret(word) || g_hash_table_contains(all, word))
        continue;
      g_autofree char *shown = masked_pair(word);
      checking_found_word(into, step, j, shown);
    }
  }
}

static void
check_arguments(const Build *build, Checking *into)
{
  for (guint i = 0; i < build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(build->steps, i);
    for (guint j = 0; step_is(step, "ARG") && j < step->words->len; j++) {
      const char *word = g_ptr_array_index(step->words, j);
      if (!is_secret(word))
        continue;
      g_autofree char *shown = masked_pair(word);
      checking_found_word(into, step, j, shown);
    }
  }
}

/* An argument that is made for a secret: whoever gives one leaves it in the history. */
static bool
takes_secret(const BuildStep *step, const char *word)
{
  g_autofree char *name = g_strndup(word, strcspn(word, "="));
  return step_is(step, "ARG") && configuration_names_secret(name) && !is_secret(word);
}

static void
check_labels(const Build *build, Checking *into)
{
  GHashTable *labels = build->config == NULL ? NULL : build->config->labels;
  GHashTableIter iter;
  void *name, *value;
  if (labels == NULL)
    return;
  g_hash_table_iter_init(&iter, labels);
  while (g_hash_table_iter_next(&iter, &name, &value))
    if (configuration_names_secret(name) && configuration_may_be_secret(value)) {
      g_autofree char *shown = masked_pair(name);
      checking_found_config(into, "config:Labels", shown);
    }
}

/* --- in commands --- */

/* "scheme://user:password@host", where the password is written and not a variable. */
static bool
has_password(const char *word)
{
  const char *mark = strstr(word, "://");
  if (mark == NULL)
    return false;
  const char *user = mark + 3;
  const char *at = memrchr(user, '@', strcspn(user, "/?#"));
  const char *colon = at == NULL ? NULL : memchr(user, ':', (size_t)(at - user));
  if (colon == NULL)
    return false;
  g_autofree char *password = g_strndup(colon + 1, (gsize)(at - colon - 1));
  return configuration_may_be_secret(password);
}

typedef struct {
  CommandValueKind kind;
  bool any; /* also one that looks like none: of an account it is one all the same */
  bool found;
} Literal;

/* A CommandValueFound of Literal: whether there is one of its kind that is written out. */
static void
take_literal(CommandValueKind kind, const char *before, const char *value, void *data)
{
  Literal *literal = data;
  literal->found |= kind == literal->kind && strpbrk(value, "$`") == NULL &&
                    (literal->any || configuration_may_be_secret(value));
}

static bool
has_literal(const CheckedCommand *command, CommandValueKind kind, bool any)
{
  guint at = 0;
  Literal literal = {kind, any, false};
  if (g_ptr_array_find(command->step->commands, command->command, &at))
    command_values(command->step->commands, at, take_literal, &literal);
  return literal.found;
}

static bool
is_of_accounts(const CheckedCommand *command)
{
  return command_is(command, "passwd chpasswd chgpasswd newusers usermod useradd adduser");
}

static bool
gives_credentials(const CheckedCommand *command)
{
  const GPtrArray *words = command->command->words;
  bool shows = command_is(command, "echo printf");
  for (guint i = command->first; !shows && i < words->len; i++)
    if (has_password(g_ptr_array_index(words, i)))
      return true;
  return !is_of_accounts(command) &&
         (has_literal(command, VALUE_OPTION, false) || has_literal(command, VALUE_FED, false));
}

static bool
sets_secret(const CheckedCommand *command)
{
  const GPtrArray *variables = command->command->variables;
  for (guint i = 0; i < variables->len; i++)
    if (is_secret(g_ptr_array_index(variables, i)))
      return true;
  for (guint i = command->first; command_is(command, "export") && i < command->command->words->len;
       i++)
    if (is_secret(g_ptr_array_index(command->command->words, i)))
      return true;
  return false;
}

static bool
sets_password(const CheckedCommand *command)
{
  if (command_is(command, "passwd") && command_has_word(command, "-d"))
    return true;
  if (command_is(command, "passwd chpasswd chgpasswd newusers"))
    return has_literal(command, VALUE_FED, true);
  const char *value =
      command_is(command, "usermod useradd")
          ? (command_value(command, "-p") != NULL ? command_value(command, "-p")
                                                  : command_value(command, "--password"))
          : NULL;
  /* "!" and "*" are no password. */
  return value != NULL && *value != '!' && *value != '*' && strchr(value, '$') != value;
}

#define DOCKERFILES CHECK_DOCKERFILES
#define BOTH        (CHECK_DOCKERFILES | CHECK_HISTORIES)
#define ALL         CHECK_ALL_STAGES
const ConfigurationCheck configuration_secret_checks[] = {
    {"secret-in-env", BOTH | ALL, .build = check_variables},
    {"secret-in-arg", BOTH | ALL, .build = check_arguments},
    {"arg-for-secret", DOCKERFILES | ALL, .word = takes_secret},
    {"secret-in-label", CHECK_HISTORIES, .build = check_labels},
    {"credentials-in-command", BOTH | ALL, .command = gives_credentials},
    {"secret-in-command", BOTH | ALL, .command = sets_secret},
    {"password-set", BOTH, .command = sets_password},
    {NULL},
};
