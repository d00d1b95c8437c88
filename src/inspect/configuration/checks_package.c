/* Checks of how a RUN uses package managers. */
#include <string.h>

#include "inspect/configuration/check.h"

/* The first argument that is no option and no value of one: "install". */
static const char *
verb_of(const CheckedCommand *command)
{
  const GPtrArray *words = command->command->words;
  for (guint i = command->first; i < words->len; i++) {
    const char *word = g_ptr_array_index(words, i);
    bool with_value = strcmp(word, "-o") == 0 || strcmp(word, "-c") == 0 || strcmp(word, "-t") == 0;
    i += with_value;
    if (*word != '-')
      return word;
  }
  return "";
}

static bool
has_verb(const CheckedCommand *command, const char *names, const char *verbs)
{
  if (!command_is(command, names))
    return false;
  const CheckedCommand verb = {.program = verb_of(command)};
  return command_is(&verb, verbs);
}

static const char apt[] = "apt apt-get aptitude";
static const char red_hat[] = "yum dnf dnf5 microdnf tdnf";
static const char installs[] = "install in add groupinstall localinstall reinstall";

/* --- updates --- */

static bool
upgrades(const CheckedCommand *command)
{
  return has_verb(command, apt, "upgrade dist-upgrade full-upgrade safe-upgrade") ||
         (has_verb(command, "apk", "upgrade") && command_argument(command, 1) == NULL) ||
         (has_verb(command, red_hat, "update upgrade distro-sync") &&
          command_argument(command, 1) == NULL) ||
         (has_verb(command, "zypper", "update up dup dist-upgrade patch") &&
          command_argument(command, 1) == NULL);
}

/* Whether another command of the same RUN uses the lists that this one fetched. */
static bool
is_used(const CheckedCommand *command)
{
  for (guint i = 0; i < command->step->commands->len; i++) {
    const CheckedCommand other = checked_command(command->build, command->step, i);
    if (other.command == command->command)
      continue;
    const char *verb = verb_of(&other);
    const CheckedCommand as_verb = {.program = verb};
    if (command_is(&other, "apt apt-get aptitude apk zypper") &&
        !command_is(&as_verb, "update refresh ref"))
      return true;
    /* What a script does is not known. */
    if (strchr(other.program, '/') != NULL || g_str_has_suffix(other.program, ".sh") ||
        command_is(&other, "sh bash apt-file mk-build-deps"))
      return true;
  }
  return false;
}

static bool
updates_alone(const CheckedCommand *command)
{
  return (has_verb(command, apt, "update") || has_verb(command, "apk", "update") ||
          has_verb(command, "zypper", "refresh ref")) &&
         !is_used(command);
}

/* --- questions --- */

static bool
asks(const CheckedCommand *command)
{
  bool quiet = command_has_letter(command, 'y') || command_has(command, "--yes") ||
               command_has(command, "--assumeyes") || command_has(command, "--assume-yes") ||
               command_has(command, "--quiet=2") || command_has(command, "-qq") ||
               command_has(command, "--force-yes") || command_has(command, "-q=2") ||
               command_has(command, "APT::Get::Assume-Yes=true");
  if (quiet || command->command->piped_from >= 0)
    return false;
  if (has_verb(command, apt, "install upgrade dist-upgrade remove purge autoremove build-dep"))
    return true;
  if (has_verb(command, red_hat, "install update upgrade remove erase groupinstall"))
    return true;
  return has_verb(command, "zypper", "install in update up patch dup remove rm") &&
         !command_has(command, "-n") && !command_has(command, "--non-interactive") &&
         !command_has_letter(command, 'n') && !command_has(command, "--no-confirm");
}

static bool
recommends(const CheckedCommand *command)
{
  return has_verb(command, "apt apt-get aptitude", "install") &&
         !command_has(command, "--no-install-recommends") &&
         !command_has(command, "APT::Install-Recommends=false") &&
         !command_has(command, "APT::Install-Recommends=0") &&
         !command_has(command, "--download-only");
}

static bool
uses_apt(const CheckedCommand *command)
{
  return command_is(command, "apt") && *verb_of(command) != '\0';
}

/* --- what stays behind --- */

/* A mount that keeps it out of the layer, or a layer that is not of the image. Where a history
 * leaves out what was mounted, nothing is known. */
static bool
is_kept_out(const CheckedCommand *command, const char *folder)
{
  if (!command->step->flags_known)
    return true;
  for (char **flag = command->step->flags; flag != NULL && *flag != NULL; flag++)
    if (g_str_has_prefix(*flag, "--mount=") &&
        (strstr(*flag, "type=cache") != NULL || strstr(*flag, "type=tmpfs") != NULL) &&
        (folder == NULL || strstr(*flag, folder) != NULL))
      return true;
  return false;
}

/* An `rm` that takes @folder away, or a `find -delete` in it. */
static bool
removes(const CheckedCommand *command, const char *folder)
{
  bool finds = command_is(command, "find") &&
               (command_has(command, "-delete") || command_has(command, "-exec"));
  return (finds || command_is(command, "rm")) && strstr(command->command->text, folder) != NULL;
}

/* Whether what @names and a verb of @verbs do, or an `rm` of @folder, is in the same RUN. */
static bool
cleans(const CheckedCommand *command, const char *names, const char *verbs, const char *folder)
{
  for (guint i = 0; i < command->step->commands->len; i++) {
    const CheckedCommand other = checked_command(command->build, command->step, i);
    if ((verbs != NULL && has_verb(&other, names, verbs)) ||
        (folder != NULL && removes(&other, folder)))
      return true;
  }
  return false;
}

static bool
keeps_apt(const CheckedCommand *command)
{
  return has_verb(command, apt, "update") && !is_kept_out(command, "/var/lib/apt") &&
         !cleans(command, apt, NULL, "/var/lib/apt") && !cleans(command, apt, NULL, "/var/lib/*");
}

static bool
keeps_apk(const CheckedCommand *command)
{
  return has_verb(command, "apk", "add upgrade update") && !command_has(command, "--no-cache") &&
         !is_kept_out(command, "/apk") && !cleans(command, "apk", NULL, "/var/cache/apk") &&
         !cleans(command, "apk", "cache", NULL);
}

static bool
keeps_yum(const CheckedCommand *command)
{
  return has_verb(command, "yum", installs) && !is_kept_out(command, "/var/cache/yum") &&
         !cleans(command, "yum dnf", "clean", "/var/cache/yum") &&
         !cleans(command, "yum", NULL, "/var/cache/dnf");
}

static bool
keeps_dnf(const CheckedCommand *command)
{
  return has_verb(command, "dnf dnf5 tdnf", installs) && !is_kept_out(command, "/var/cache") &&
         !cleans(command, "dnf dnf5 tdnf yum", "clean", "/var/cache/dnf") &&
         !cleans(command, "dnf", NULL, "/var/cache/libdnf5");
}

static bool
keeps_microdnf(const CheckedCommand *command)
{
  return has_verb(command, "microdnf", installs) && !is_kept_out(command, "/var/cache") &&
         !cleans(command, "microdnf", "clean", "/var/cache");
}

static bool
keeps_zypper(const CheckedCommand *command)
{
  return has_verb(command, "zypper", "install in update up patch") &&
         !is_kept_out(command, "/var/cache/zypp") &&
         !cleans(command, "zypper", "clean cc", "/var/cache/zypp");
}

/* Whether the stage, before this step, sets a variable that switches the cache off. */
static bool
is_switched_off(const CheckedCommand *command, const char *name)
{
  for (guint i = 0; i < command->build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(command->build->steps, i);
    if (step == command->step)
      break;
    for (guint j = 0; step_is(step, "ENV") && j < step->words->len; j++) {
      const char *word = g_ptr_array_index(step->words, j);
      if (word != NULL && g_str_has_prefix(word, name))
        return true;
    }
  }
  const GPtrArray *variables = command->command->variables;
  for (guint i = 0; i < variables->len; i++)
    if (g_str_has_prefix(g_ptr_array_index(variables, i), name))
      return true;
  return false;
}

static bool
runs_pip(const CheckedCommand *command)
{
  const char *module = command_is(command, "python python3") ? command_value(command, "-m") : NULL;
  return has_verb(command, "pip pip3 pip2", "install") ||
         (g_strcmp0(module, "pip") == 0 && command_has_word(command, "install"));
}

static bool
keeps_pip(const CheckedCommand *command)
{
  return runs_pip(command) && !command_has(command, "--no-cache-dir") &&
         !command_has(command, "--no-cache") && !is_kept_out(command, NULL) &&
         !is_switched_off(command, "PIP_NO_CACHE_DIR=") &&
         !cleans(command, "pip pip3", "cache", ".cache");
}

/* --- what nobody needs there --- */

static bool
installs_server(const CheckedCommand *command)
{
  static const char *const names[] = {
      "openssh-server", "telnetd", "xrdp", "vsftpd", "rsh-server", "dropbear", "inetutils-telnetd"};
  bool adds = has_verb(command, apt, "install") || has_verb(command, red_hat, "install") ||
              has_verb(command, "apk", "add") || has_verb(command, "zypper", "install in");
  for (size_t i = 0; adds && i < G_N_ELEMENTS(names); i++)
    if (command_has_word(command, names[i]))
      return true;
  return false;
}

#define DOCKERFILES CHECK_DOCKERFILES
#define BOTH        (CHECK_DOCKERFILES | CHECK_HISTORIES)
#define ALL         CHECK_ALL_STAGES
const ConfigurationCheck configuration_package_checks[] = {
    {"upgrade-in-build", BOTH, .command = upgrades},
    {"update-alone", BOTH, .command = updates_alone},
    {"install-asks", DOCKERFILES | ALL, .command = asks},
    {"install-recommends", DOCKERFILES, .command = recommends},
    {"apt-in-script", DOCKERFILES | ALL, .command = uses_apt},
    {"cache-apt", BOTH, .command = keeps_apt},
    {"cache-apk", BOTH, .command = keeps_apk},
    {"cache-yum", BOTH, .command = keeps_yum},
    {"cache-dnf", BOTH, .command = keeps_dnf},
    {"cache-microdnf", BOTH, .command = keeps_microdnf},
    {"cache-zypper", BOTH, .command = keeps_zypper},
    {"cache-pip", BOTH, .command = keeps_pip},
    {"remote-access-installed", BOTH, .command = installs_server},
    {NULL},
};
