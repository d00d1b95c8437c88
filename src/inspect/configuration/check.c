/* What the checks ask of steps and commands; see the header. */
#include "inspect/configuration/check.h"

#include <string.h>

const ConfigurationCheck *const configuration_families[] = {
    configuration_image_checks,  configuration_stage_checks,   configuration_file_checks,
    configuration_secret_checks, configuration_fetch_checks,   configuration_run_checks,
    configuration_trust_checks,  configuration_package_checks, NULL,
};

CheckedCommand
checked_command(const Build *build, const BuildStep *step, guint at)
{
  CheckedCommand command = {.build = build, .step = step};
  command.command = g_ptr_array_index(step->commands, at);
  const char *program = shell_program(command.command, &command.first);
  command.program = program != NULL ? program : "";
  return command;
}

bool
step_is(const BuildStep *step, const char *keyword)
{
  return strcmp(step->keyword, keyword) == 0;
}

bool
command_is(const CheckedCommand *command, const char *names)
{
  size_t size = strlen(command->program);
  for (const char *name = names; size > 0 && *name != '\0'; name += strspn(name, " ")) {
    size_t length = strcspn(name, " ");
    if (length == size && strncmp(name, command->program, size) == 0)
      return true;
    name += length;
  }
  return false;
}

static const char *
word_at(const CheckedCommand *command, guint at)
{
  return g_ptr_array_index(command->command->words, at);
}

const char *
command_argument(const CheckedCommand *command, guint number)
{
  for (guint i = command->first; i < command->command->words->len; i++)
    if (*word_at(command, i) != '-' && number-- == 0)
      return word_at(command, i);
  return NULL;
}

bool
command_has(const CheckedCommand *command, const char *option)
{
  size_t size = strlen(option);
  for (guint i = command->first; i < command->command->words->len; i++) {
    const char *word = word_at(command, i);
    if (strncmp(word, option, size) == 0 && (word[size] == '\0' || word[size] == '='))
      return true;
  }
  return false;
}

bool
command_has_letter(const CheckedCommand *command, char letter)
{
  for (guint i = command->first; i < command->command->words->len; i++) {
    const char *word = word_at(command, i);
    if (word[0] == '-' && word[1] != '-' && strchr(word + 1, letter) != NULL)
      return true;
  }
  return false;
}

bool
command_has_word(const CheckedCommand *command, const char *word)
{
  for (guint i = command->first; i < command->command->words->len; i++)
    if (strcmp(word_at(command, i), word) == 0)
      return true;
  return false;
}

const char *
command_value(const CheckedCommand *command, const char *option)
{
  size_t size = strlen(option);
  for (guint i = command->first; i < command->command->words->len; i++) {
    const char *word = word_at(command, i);
    if (strncmp(word, option, size) != 0)
      continue;
    if (word[size] == '=')
      return word + size + 1;
    if (word[size] == '\0' && i + 1 < command->command->words->len)
      return word_at(command, i + 1);
  }
  return NULL;
}
