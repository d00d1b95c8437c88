/* Checks of what a RUN does besides installing packages. */
#include <string.h>

#include "inspect/configuration/configuration-private.h"

static bool
uses_sudo(const CheckedCommand *command)
{
  const GPtrArray *words = command->command->words;
  const char *word = words->len == 0 ? "" : g_ptr_array_index(words, 0);
  return strcmp(word, "sudo") == 0 || strcmp(word, "/usr/bin/sudo") == 0;
}

/* Whether a mode in letters gives all the right to write: "a+w", "o=rwx", "+w" does so only by the
 * umask. */
static bool
opens_in_letters(const char *mode)
{
  g_auto(GStrv) parts = g_strsplit(mode, ",", 20);
  for (char **part = parts; *part != NULL; part++) {
    size_t who = strspn(*part, "ugoa");
    const char *rest = *part + who;
    bool others = memchr(*part, 'o', who) != NULL || memchr(*part, 'a', who) != NULL;
    if (others && (*rest == '+' || *rest == '=') && strchr(rest, 'w') != NULL &&
        strchr(rest, 't') == NULL)
      return true;
  }
  return false;
}

static bool
is_octal(const char *mode)
{
  size_t size = strlen(mode);
  return size >= 3 && size <= 5 && strspn(mode, "01234567") == size;
}

/* The mode of a chmod or install; or NULL. */
static const char *
mode_of(const CheckedCommand *command)
{
  if (command_is(command, "chmod"))
    return command_argument(command, 0);
  if (!command_is(command, "install mkdir"))
    return NULL;
  const char *mode = command_value(command, "-m");
  return mode != NULL ? mode : command_value(command, "--mode");
}

/* Whether the same RUN removes what the command's last argument names. */
static bool
is_removed(const CheckedCommand *command)
{
  const GPtrArray *words = command->command->words, *all = command->step->commands;
  const char *target = g_ptr_array_index(words, words->len - 1);
  for (guint i = 0; i < all->len; i++) {
    const ShellCommand *other = g_ptr_array_index(all, i);
    guint first = 0;
    const char *program = shell_program(other, &first);
    for (guint j = first; g_strcmp0(program, "rm") == 0 && j < other->words->len; j++)
      if (strcmp(g_ptr_array_index(other->words, j), target) == 0)
        return true;
  }
  return false;
}

/* A sticky folder (1777) is as /tmp is. */
static bool
opens_to_all(const CheckedCommand *command)
{
  const char *mode = mode_of(command);
  if (mode == NULL || is_removed(command))
    return false;
  size_t size = strlen(mode);
  if (!is_octal(mode))
    return opens_in_letters(mode);
  bool sticky = size >= 4 && ((mode[size - 4] - '0') & 1) != 0;
  return ((mode[size - 1] - '0') & 2) != 0 && !sticky;
}

static bool
sets_id_bits(const CheckedCommand *command)
{
  const char *mode = mode_of(command);
  bool of_folder = command_is(command, "mkdir") || command_has(command, "--directory") ||
                   (command_is(command, "install") && command_has_letter(command, 'd'));
  if (mode == NULL || of_folder)
    return false;
  size_t size = strlen(mode);
  if (is_octal(mode))
    return size >= 4 && ((mode[size - 4] - '0') & 6) != 0;
  const char *sign = strpbrk(mode, "+=");
  return sign != NULL && strchr(sign, 's') != NULL;
}

/* The last: nothing happens in that folder. */
static bool
changes_folder_in_vain(const CheckedCommand *command)
{
  const GPtrArray *all = command->step->commands;
  return command_is(command, "cd") && all->len > 0 &&
         g_ptr_array_index(all, all->len - 1) == command->command;
}

static const BuildStep *
first_with(const Build *build, const char *name)
{
  for (guint i = 0; i < build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(build->steps, i);
    for (guint j = 0; build_is_of_image(build, step) && j < step->commands->len; j++) {
      guint first;
      const char *program = shell_program(g_ptr_array_index(step->commands, j), &first);
      if (program != NULL && strcmp(program, name) == 0)
        return step;
    }
  }
  return NULL;
}

static void
check_two_fetchers(const Build *build, Checking *into)
{
  const BuildStep *wget = first_with(build, "wget"), *curl = first_with(build, "curl");
  if (wget != NULL && curl != NULL)
    checking_found(into, wget->line > curl->line ? wget : curl, NULL);
}

/* --- how it runs --- */

static bool
runs_insecurely(const Build *build, const BuildStep *step)
{
  return g_strcmp0(build_step_flag(step, "security"), "insecure") == 0;
}

static bool
runs_in_host_network(const Build *build, const BuildStep *step)
{
  return g_strcmp0(build_step_flag(step, "network"), "host") == 0;
}

/* The engine's API without TLS. */
static bool
sets_docker_host(const BuildStep *step, const char *word)
{
  return step_is(step, "ENV") && g_str_has_prefix(word, "DOCKER_HOST=tcp://") &&
         strstr(word, ":2375") != NULL;
}

/* A folder that is searched for programs or libraries by all that runs. */
static bool
preloads(const CheckedCommand *command)
{
  const GPtrArray *redirects = command->command->redirects;
  for (guint i = 0; i < redirects->len; i++)
    if (g_str_has_suffix(g_ptr_array_index(redirects, i), "/etc/ld.so.preload"))
      return true;
  return false;
}

/* "NOPASSWD" that is written into sudo's rules. */
static bool
frees_sudo(const CheckedCommand *command)
{
  bool into = command_is(command, "tee") && command_argument(command, 0) != NULL &&
              strstr(command_argument(command, 0), "/sudoers") != NULL;
  const GPtrArray *redirects = command->command->redirects;
  for (guint i = 0; i < redirects->len; i++)
    into |= strstr(g_ptr_array_index(redirects, i), "/sudoers") != NULL;
  const ShellCommand *source =
      command->command->piped_from >= 0
          ? g_ptr_array_index(command->step->commands, command->command->piped_from)
          : NULL;
  return into && (strstr(command->command->text, "NOPASSWD") != NULL ||
                  (source != NULL && strstr(source->text, "NOPASSWD") != NULL));
}

static bool
sets_pipefail(const GPtrArray *words)
{
  for (guint i = 0; i < words->len; i++)
    if (g_strcmp0(g_ptr_array_index(words, i), "pipefail") == 0)
      return true;
  return false;
}

/* By the last SHELL before the step, in its stage or in the one that this begins with. A shell that
 * is none of POSIX has no commands here. */
static bool
shell_has_pipefail(const Build *build, const BuildStep *step)
{
  const BuildStep *shell = NULL;
  int stage = step->stage;
  while (shell == NULL && stage >= 0) {
    for (guint i = 0; i < build->steps->len; i++) {
      const BuildStep *other = g_ptr_array_index(build->steps, i);
      if (other == step)
        break;
      if (other->stage == stage && !other->onbuild && step_is(other, "SHELL"))
        shell = other;
    }
    stage = ((const BuildStage *)g_ptr_array_index(build->stages, stage))->from;
  }
  return shell != NULL && sets_pipefail(shell->words);
}

/* Of a pipe only the last command's failure counts, unless the shell is told otherwise: by "set -o
 * pipefail" before. The first pipe of a RUN is told. */
static bool
loses_failures(const CheckedCommand *command)
{
  const GPtrArray *all = command->step->commands;
  if (command->command->piped_from < 0)
    return false;
  for (guint i = 0; i < all->len; i++) {
    const ShellCommand *other = g_ptr_array_index(all, i);
    if (other == command->command)
      break;
    bool sets = other->words->len > 0 && strcmp(g_ptr_array_index(other->words, 0), "set") == 0;
    if (other->piped_from >= 0 || (sets && sets_pipefail(other->words)))
      return false;
  }
  return !shell_has_pipefail(command->build, command->step);
}

#define DOCKERFILES CHECK_DOCKERFILES
#define BOTH        (CHECK_DOCKERFILES | CHECK_HISTORIES)
#define ALL         CHECK_ALL_STAGES
const ConfigurationCheck configuration_run_checks[] = {
    {"pipe-loses-failures", DOCKERFILES | ALL, .command = loses_failures},
    {"sudo", BOTH | ALL, .command = uses_sudo},
    {"sudo-without-password", BOTH, .command = frees_sudo},
    {"world-writable", BOTH, .command = opens_to_all},
    {"set-id-bits", BOTH, .command = sets_id_bits},
    {"ld-preload", BOTH, .command = preloads},
    {"cd-in-vain", DOCKERFILES | ALL, .command = changes_folder_in_vain},
    {"wget-and-curl", DOCKERFILES, .build = check_two_fetchers},
    {"run-insecure", DOCKERFILES | ALL, .step = runs_insecurely},
    {"run-host-network", DOCKERFILES | ALL, .step = runs_in_host_network},
    {"docker-host", BOTH, .word = sets_docker_host},
    {NULL},
};
