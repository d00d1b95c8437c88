/* `assay completion SHELL`: completion scripts, made from the same tables that parse the options.
 */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

/* Calls @visit for @command and all below it, with the words that lead to it ("db update"). */
typedef void (*CommandVisitor)(const Command *command, const char *words);

static void
visit_commands(const Command *const *list, const char *words, CommandVisitor visit)
{
  for (; *list != NULL; list++) {
    if ((*list)->run_raw != NULL)
      continue;
    g_autofree char *path = g_strconcat(words, *words == '\0' ? "" : " ", (*list)->name, NULL);
    visit(*list, path);
    if ((*list)->subcommands != NULL)
      visit_commands((*list)->subcommands, path, visit);
  }
}

/* "table|json": what may be written there, as words with spaces between; NULL: anything. (transfer
 * full) */
static char *
alternatives(const char *shown)
{
  if (shown == NULL || strchr(shown, '|') == NULL)
    return NULL;
  for (const char *p = shown; *p != '\0'; p++)
    if (!g_ascii_islower(*p) && *p != '|')
      return NULL;
  return g_strdelimit(g_strdup(shown), "|", ' ');
}

static void
print_words(const Command *command)
{
  g_autofree char *arguments = alternatives(command->arguments);
  if (arguments != NULL)
    printf("%s ", arguments);
  for (const Command *const *each = command->subcommands; each != NULL && *each != NULL; each++)
    printf("%s ", (*each)->name);
  for (const GOptionEntry *option = command->options; option != NULL && option->long_name != NULL;
       option++)
    if (*option->long_name != '\0' && (option->flags & G_OPTION_FLAG_HIDDEN) == 0)
      printf("--%s ", option->long_name);
  printf("--help");
}

static void
print_case(const Command *command, const char *words)
{
  printf("    '%s') words='", words);
  print_words(command);
  printf("' ;;\n");
}

/* What an option takes, by the command and the option before. */
static void
print_values(const Command *command, const char *words)
{
  for (const GOptionEntry *option = command->options; option != NULL && option->long_name != NULL;
       option++) {
    g_autofree char *values = alternatives(option->arg_description);
    if (values != NULL && option->short_name != 0)
      printf("  '%s --%s' | '%s -%c') words='%s' ;;\n", words, option->long_name, words,
             option->short_name, values);
    else if (values != NULL)
      printf("  '%s --%s') words='%s' ;;\n", words, option->long_name, values);
  }
}

static void
print_names(void)
{
  for (const Command *const *each = commands; *each != NULL; each++)
    if ((*each)->run_raw == NULL)
      printf("%s ", (*each)->name);
}

/* Words that are no command are arguments: they are taken off the end until a command is left,
 * whose options still hold. */
static void
print_bash(void)
{
  printf("_assay() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} path='' word words=''\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case $word in -*) ;; *) path=\"$path${path:+ }$word\" ;; esac\n"
         "  done\n"
         "  while [ -z \"$words\" ]; do\n"
         "    case $path in\n"
         "    '') words='");
  print_names();
  printf("--help --version' ;;\n");
  visit_commands(commands, "", print_case);
  printf("    *' '*) path=${path%% *} ;;\n"
         "    *) path='' ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path ${COMP_WORDS[COMP_CWORD-1]}\" in\n");
  visit_commands(commands, "", print_values);
  printf("  esac\n"
         "  local offered=''\n" /* options to who begins one: an argument may be a file */
         "  for word in $words; do\n"
         "    [[ $word == -* && $current != -* ]] && continue\n"
         "    offered=\"$offered $word\"\n"
         "  done\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$offered\" -- \"$current\")\n"
         "  if [ ${#COMPREPLY[@]} -eq 0 ]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _assay assay\n");
}

/* zsh either sources this, or runs it as the body of the function _assay that a file of that name
 * on fpath is: then the first completion is still to be made. */
static void
print_zsh(void)
{
  printf("#compdef assay\nautoload -U +X bashcompinit && bashcompinit\n");
  print_bash();
  printf("if [ \"$funcstack[1]\" = _assay ]; then _bash_complete -o filenames -F _assay; fi\n");
}

/* Text between single quotes of fish. (transfer full) */
static char *
quote_for_fish(const char *text)
{
  g_auto(GStrv) parts = g_strsplit(text, "'", -1);
  g_autofree char *inner = g_strjoinv("\\'", parts);
  return g_strconcat("'", inner, "'", NULL);
}

static void
print_fish_option(const GOptionEntry *option, const char *command)
{
  g_autofree char *summary = quote_for_fish(option->description);
  g_autofree char *values = alternatives(option->arg_description);
  printf("complete -c assay -n '__fish_seen_subcommand_from %s' -l %s -d %s", command,
         option->long_name, summary);
  if (option->short_name != 0)
    printf(" -s %c", option->short_name);
  if (values != NULL)
    printf(" -x -a '%s'", values);
  else if (option->arg_description != NULL)
    printf(" -r");
  putchar('\n');
}

static void
print_fish_command(const Command *command, const char *words)
{
  const char *name = strrchr(words, ' ');
  g_autofree char *summary = quote_for_fish(command->summary);
  g_autofree char *arguments = alternatives(command->arguments);
  if (name == NULL) {
    printf("complete -c assay -n __fish_use_subcommand -a %s -d %s\n", command->name, summary);
  } else {
    g_autofree char *parent = g_strndup(words, (gsize)(name - words));
    printf("complete -c assay -n '__fish_seen_subcommand_from %s' -a %s -d %s\n", parent,
           command->name, summary);
  }
  if (arguments != NULL)
    printf("complete -c assay -n '__fish_seen_subcommand_from %s' -a '%s'\n", command->name,
           arguments);
  for (const GOptionEntry *option = command->options; option != NULL && option->long_name != NULL;
       option++)
    if (*option->long_name != '\0' && (option->flags & G_OPTION_FLAG_HIDDEN) == 0)
      print_fish_option(option, command->name);
}

static int
run(char **arguments)
{
  const char *shell = arguments[0];
  if (strcmp(shell, "zsh") == 0)
    print_zsh();
  else if (strcmp(shell, "bash") == 0)
    print_bash();
  else if (strcmp(shell, "fish") == 0)
    visit_commands(commands, "", print_fish_command);
  else
    return command_usage_error("no completion for \"%s\"; there is one for bash, zsh and fish",
                               shell);
  return command_end_output(EXIT_FINE);
}

const Command completion_command = {
    .name = "completion",
    .summary = "Print a completion script for bash, zsh or fish",
    .arguments = "bash|zsh|fish",
    .help = "Examples:\n"
            "  assay completion bash > /etc/bash_completion.d/assay\n"
            "  assay completion zsh > \"${fpath[1]}/_assay\"\n"
            "  assay completion fish > ~/.config/fish/completions/assay.fish",
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
