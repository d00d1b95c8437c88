/* A program that comes from the network and is run unseen.
 *
 * One walk over all steps, in order: what was fetched into a file is kept by its name until its
 * stage ends, or until something verifies checksums or signatures; whoever runs such a file is told
 * of. What is run without a file, out of a pipe or a substitution, nothing can have verified. */
#include <string.h>

#include "inspect/configuration/configuration-private.h"

/* Of the commands between what fetches and what runs. */
#define PIPES_MAX 10

typedef struct {
  const Build *build;
  Checking *into;
  GHashTable *files;     /* the last part of a path -> the path: what was fetched */
  GHashTable *variables; /* names of those whose value was fetched */
} Walk;

/* --- what fetches, and what runs --- */

static bool
is_fetcher(const char *program)
{
  static const char *const names[] = {"curl", "wget",  "wget2", "aria2c",       "fetch",
                                      "http", "https", "xh",    "lwp-download", NULL};
  return program != NULL && g_strv_contains(names, program);
}

static bool
is_shell(const char *program)
{
  static const char *const names[] = {"sh",  "bash", "dash", "ash", "zsh",
                                      "ksh", "mksh", "fish", NULL};
  return program != NULL && g_strv_contains(names, program);
}

/* "python3.11" */
static bool
is_interpreter(const char *program)
{
  static const char *const names[] = {"perl", "ruby",    "node", "nodejs", "php", "lua",
                                      "deno", "Rscript", "pwsh", "tclsh",  NULL};
  return program != NULL && (is_shell(program) || g_strv_contains(names, program) ||
                             (g_str_has_prefix(program, "python") &&
                              strspn(program + strlen("python"), "0123456789.") ==
                                  strlen(program + strlen("python"))));
}

static bool
is_verifier(const CheckedCommand *command)
{
  return command_is(command, "sha1sum sha224sum sha256sum sha384sum sha512sum shasum md5sum b2sum "
                             "b3sum cksum rhash gpgv gpgv2 minisign signify slsa-verifier "
                             "sigstore") ||
         (command_is(command, "gpg gpg2") && command_has(command, "--verify")) ||
         (command_is(command, "cosign") && !command_has_word(command, "login")) ||
         (command_is(command, "openssl") && command_has_word(command, "dgst")) ||
         (command_is(command, "gh") && command_has_word(command, "attestation"));
}

/* Options by which an interpreter takes its program from its arguments, so that what is piped into
 * it is only data. */
static bool
has_own_program(const char *program, const char *option)
{
  bool shell = is_shell(program);
  if (g_str_has_prefix(option, "--"))
    return strcmp(option, "--eval") == 0 || strcmp(option, "--print") == 0;
  const char *letters = shell                                 ? "c"
                        : g_str_has_prefix(program, "python") ? "cm"
                        : strcmp(program, "php") == 0         ? "rfBRF"
                                                              : "enpE";
  return strpbrk(option + 1, letters) != NULL;
}

/* The file that an interpreter runs; "": its standard input. NULL: its program is in its arguments,
 * or it is none. */
static const char *
program_file(const CheckedCommand *command)
{
  const GPtrArray *words = command->command->words;
  if (command_is(command, "source ."))
    return command_argument(command, 0);
  if (!is_interpreter(command->program))
    return NULL;
  for (guint i = command->first; i < words->len; i++) {
    const char *word = g_ptr_array_index(words, i);
    if (strcmp(word, "-") == 0 || strcmp(word, "/dev/stdin") == 0 || strcmp(word, "-s") == 0 ||
        strcmp(word, "--") == 0)
      return "";
    if (*word != '-')
      return word;
    if (has_own_program(command->program, word))
      return NULL;
    bool valued = is_shell(command->program) && word[strlen(word) - 1] == 'o';
    i += valued;
  }
  return "";
}

/* --- without a file --- */

/* Whether the commands of a substitution print what they fetch: the last of a pipe is not asked,
 * for it may be a filter. */
static bool
prints_fetched(const char *inner)
{
  g_autoptr(GPtrArray) commands = shell_commands(inner);
  for (guint i = 0; i < commands->len; i++) {
    guint first = 0;
    if (is_fetcher(shell_program(g_ptr_array_index(commands, i), &first)))
      return true;
  }
  return false;
}

/* "$(curl ...)", "<(curl ...)", "`curl ...`" at the beginning of a word. */
static bool
is_fetched_word(const char *word)
{
  static const char *const starts[] = {"$(", "<(", "`"};
  for (size_t i = 0; i < G_N_ELEMENTS(starts); i++)
    if (g_str_has_prefix(word, starts[i]))
      return strstr(word, "http") != NULL || strchr(word, '$') != NULL
                 ? prints_fetched(word + strlen(starts[i]))
                 : false;
  return false;
}

/* "$x" and "${x}", of what was fetched into x. */
static bool
is_fetched_variable(const Walk *walk, const char *word)
{
  if (*word != '$' || g_hash_table_size(walk->variables) == 0)
    return false;
  const char *start = word + 1 + (word[1] == '{');
  g_autofree char *name =
      g_strndup(start, strspn(start, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_"));
  return g_hash_table_contains(walk->variables, name);
}

static bool
is_unseen_word(const Walk *walk, const char *word)
{
  return is_fetched_word(word) || is_fetched_variable(walk, word);
}

/* Whether @from prints what comes from the network. */
static bool
prints_unseen(const Walk *walk, const ShellCommand *from)
{
  guint first = 0;
  const char *program = shell_program(from, &first);
  if (is_fetcher(program))
    return true;
  bool shows = g_strcmp0(program, "echo") == 0 || g_strcmp0(program, "printf") == 0;
  for (guint i = first; shows && i < from->words->len; i++)
    if (is_unseen_word(walk, g_ptr_array_index(from->words, i)))
      return true;
  return false;
}

/* What is piped into it, also with filters between. */
static bool
is_fed_unseen(const Walk *walk, const CheckedCommand *command)
{
  const ShellCommand *now = command->command;
  if (now->input != NULL && is_unseen_word(walk, now->input->str))
    return true;
  for (unsigned i = 0; i < PIPES_MAX && now->piped_from >= 0; i++) {
    const ShellCommand *source = now;
    for (int from = now->piped_first; from <= now->piped_from; from++) {
      source = g_ptr_array_index(command->step->commands, from);
      if (prints_unseen(walk, source))
        return true;
    }
    now = source;
  }
  return false;
}

static bool
runs_without_file(const Walk *walk, const CheckedCommand *command)
{
  const GPtrArray *words = command->command->words;
  const char *file = program_file(command);
  if (file != NULL && *file == '\0' && is_fed_unseen(walk, command))
    return true;
  /* $(curl ...), whose output is a command */
  if (words->len > 0 && is_unseen_word(walk, g_ptr_array_index(words, 0)))
    return true;
  bool runs = is_interpreter(command->program) || command_is(command, "eval source .");
  for (guint i = command->first; runs && i < words->len; i++)
    if (is_unseen_word(walk, g_ptr_array_index(words, i)))
      return true;
  return false;
}

/* --- with a file --- */

/* The last part of a path or an address, without a query. (transfer full) */
static char *
last_part(const char *path)
{
  g_autofree char *plain = g_strndup(path, strcspn(path, "?#"));
  return g_path_get_basename(plain);
}

static void
keep_file(Walk *walk, const char *folder, const char *path)
{
  if (path == NULL || *path == '\0' || strcmp(path, "-") == 0 || g_str_has_prefix(path, "/dev/"))
    return;
  char *whole = folder == NULL ? g_strdup(path) : g_build_filename(folder, path, NULL);
  g_hash_table_insert(walk->files, last_part(whole), whole);
}

static bool
is_address(const char *word)
{
  return strstr(word, "://") != NULL;
}

/* The name that the server's address has, in @folder. */
static void
keep_named(Walk *walk, const CheckedCommand *command, const char *folder)
{
  for (guint i = command->first; i < command->command->words->len; i++) {
    const char *word = g_ptr_array_index(command->command->words, i);
    if (!is_address(word))
      continue;
    g_autofree char *name = last_part(word);
    keep_file(walk, folder, name);
  }
}

/* The value of the short option @letter: "-fsSLo x", "-ox"; or NULL. *@there: there is one. */
static const char *
value_of_letter(const CheckedCommand *command, char letter, bool *there)
{
  const GPtrArray *words = command->command->words;
  for (guint i = command->first; i < words->len; i++) {
    const char *word = g_ptr_array_index(words, i);
    const char *at = word[0] == '-' && word[1] != '-' ? strchr(word + 1, letter) : NULL;
    if (at == NULL)
      continue;
    *there = true;
    return at[1] != '\0' ? at + 1 : i + 1 < words->len ? g_ptr_array_index(words, i + 1) : NULL;
  }
  return NULL;
}

static void
keep_curl(Walk *walk, const CheckedCommand *command)
{
  bool there = false, remote = false;
  const char *path = value_of_letter(command, 'o', &there);
  if (!there)
    path = command_value(command, "--output");
  value_of_letter(command, 'O', &remote);
  keep_file(walk, command_value(command, "--output-dir"), path);
  if (remote || command_has(command, "--remote-name") || command_has(command, "--remote-name-all"))
    keep_named(walk, command, command_value(command, "--output-dir"));
}

static void
keep_wget(Walk *walk, const CheckedCommand *command)
{
  bool there = false, in_folder = false;
  const char *path = value_of_letter(command, 'O', &there);
  if (!there) {
    path = command_value(command, "--output-document");
    there = path != NULL;
  }
  keep_file(walk, NULL, path);
  const char *folder = value_of_letter(command, 'P', &in_folder);
  if (!there)
    keep_named(walk, command, in_folder ? folder : command_value(command, "--directory-prefix"));
}

static void
keep_fetched(Walk *walk, const CheckedCommand *command)
{
  const ShellCommand *shell = command->command;
  bool fetcher = is_fetcher(command->program);
  if (command_is(command, "wget wget2"))
    keep_wget(walk, command);
  else if (command_is(command, "aria2c"))
    keep_file(walk, command_value(command, "-d"), command_value(command, "-o"));
  else if (fetcher)
    keep_curl(walk, command);
  bool writes = fetcher || (shell->redirects->len > 0 && is_fed_unseen(walk, command));
  for (guint i = 0; writes && i < shell->redirects->len; i++) {
    const char *target = g_ptr_array_index(shell->redirects, i);
    keep_file(walk, NULL, target + strspn(target, ">"));
  }
  for (guint i = command->first; command_is(command, "tee") && i < shell->words->len; i++)
    if (is_fed_unseen(walk, command) && *(const char *)g_ptr_array_index(shell->words, i) != '-')
      keep_file(walk, NULL, g_ptr_array_index(shell->words, i));
  for (guint i = 0; i < shell->variables->len; i++) {
    const char *pair = g_ptr_array_index(shell->variables, i), *sign = strchr(pair, '=');
    if (sign != NULL && is_unseen_word(walk, sign + 1))
      g_hash_table_add(walk->variables, g_strndup(pair, (gsize)(sign - pair)));
  }
}

static bool
was_fetched(const Walk *walk, const char *path)
{
  if (path == NULL || g_hash_table_size(walk->files) == 0)
    return false;
  g_autofree char *name = last_part(path);
  const char *known = g_hash_table_lookup(walk->files, name);
  return known != NULL && (*path != '/' || *known != '/' || strcmp(path, known) == 0);
}

static bool
runs_file(const Walk *walk, const CheckedCommand *command)
{
  const GPtrArray *words = command->command->words;
  const char *program = command->first == 0 || command->first > words->len
                            ? NULL
                            : g_ptr_array_index(words, command->first - 1);
  return was_fetched(walk, program_file(command)) ||
         (program != NULL && strchr(program, '/') != NULL && was_fetched(walk, program));
}

/* --- the walk --- */

static void
forget(Walk *walk)
{
  g_hash_table_remove_all(walk->files);
  g_hash_table_remove_all(walk->variables);
}

/* `ADD https://h/x.sh /`: below a folder it has the name of its address. */
static void
keep_added(Walk *walk, const BuildStep *step)
{
  const char *target = build_step_last_word(step);
  if (!step->flags_known || build_step_flag(step, "checksum") != NULL || target == NULL)
    return;
  for (guint i = 0; i + 1 < step->words->len; i++) {
    const char *source = g_ptr_array_index(step->words, i);
    if (source == NULL || !is_address(source))
      continue;
    g_autofree char *name = last_part(source);
    bool folder = g_str_has_suffix(target, "/") || strcmp(target, ".") == 0;
    keep_file(walk, folder ? target : NULL, folder ? name : target);
  }
}

static void
walk_commands(Walk *walk, const BuildStep *step)
{
  for (guint i = 0; i < step->commands->len; i++) {
    const CheckedCommand command = checked_command(walk->build, step, i);
    if (is_verifier(&command))
      g_hash_table_remove_all(walk->files);
    else if (runs_without_file(walk, &command) || runs_file(walk, &command))
      checking_found_command(walk->into, step, command.command);
    keep_fetched(walk, &command);
  }
}

static void
check_run_unseen(const Build *build, Checking *into)
{
  g_autoptr(GHashTable) files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GHashTable) variables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Walk walk = {build, into, files, variables};
  for (guint i = 0; i < build->steps->len; i++) {
    const BuildStep *step = g_ptr_array_index(build->steps, i);
    if (step_is(step, "FROM"))
      forget(&walk);
    else if (step_is(step, "ADD"))
      keep_added(&walk, step);
    g_hash_table_remove_all(walk.variables);
    walk_commands(&walk, step);
  }
}

const ConfigurationCheck configuration_fetch_checks[] = {
    {"pipe-to-shell", CHECK_DOCKERFILES | CHECK_HISTORIES | CHECK_ALL_STAGES,
     .build = check_run_unseen},
    {NULL},
};
