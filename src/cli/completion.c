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

/* What may be written at a place. */
typedef struct {
  char *words; /* with spaces between; NULL: anything */
  bool list;   /* several of them, with commas between */
  bool files;  /* a file, too */
} Values;

static void
values_clear(Values *values)
{
  g_free(values->words);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Values, values_clear)

static bool
is_word(const char *text)
{
  return *text != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyz-")] == '\0';
}

/* Of those of @text between @separators; what stands for a file is none of the words. */
static Values
values_of(const char *text, const char *separators)
{
  Values values = {.files = false};
  g_autoptr(GString) words = g_string_new(NULL);
  g_auto(GStrv) parts = g_strsplit_set(text != NULL ? text : "", separators, -1);
  bool others = false;
  for (char **part = parts; *part != NULL; part++)
    if (is_word(*part))
      g_string_append_printf(words, "%s%s", words->len > 0 ? " " : "", *part);
    else if (strcmp(*part, "FILE") == 0)
      values.files = true;
    else
      others = true;
  if (!others && words->len > 0 && g_strv_length(parts) > 1)
    values.words = g_strdup(words->str);
  return values;
}

/* "table|json", "FILE|strict"; or LIST, TYPE and FORMAT, whose words the description ends with. */
static Values
values_of_option(const GOptionEntry *option)
{
  const char *shown = option->arg_description, *colon = strrchr(option->description, ':');
  bool list = g_strcmp0(shown, "LIST") == 0;
  if (colon == NULL || (!list && g_strcmp0(shown, "TYPE") != 0 && g_strcmp0(shown, "FORMAT") != 0))
    return values_of(shown, "|");
  Values values = values_of(colon + strspn(colon, ": \n"), ",");
  values.list = list;
  return values;
}

static void
print_words(const Command *command)
{
  g_auto(Values) arguments = values_of(command->arguments, "|");
  if (arguments.words != NULL)
    printf("%s ", arguments.words);
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
  g_auto(Values) arguments = values_of(command->arguments, "|");
  printf("    '%s') words='", words);
  print_words(command);
  printf("'%s ;;\n", arguments.files ? " files=1" : "");
}

/* What an option takes, by the command and the option before. */
static void
print_values(const Command *command, const char *words)
{
  for (const GOptionEntry *option = command->options; option != NULL && option->long_name != NULL;
       option++) {
    g_auto(Values) values = values_of_option(option);
    if (values.words == NULL)
      continue;
    printf("  '%s --%s'", words, option->long_name);
    if (option->short_name != 0)
      printf(" | '%s -%c'", words, option->short_name);
    printf(") words='%s' files=%s list=%s ;;\n", values.words, values.files ? "1" : "",
           values.list ? "1" : "");
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
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
         "  local path='' word words='' files='' list='' before=''\n"
         "  [ \"$previous\" = = ] && previous=${COMP_WORDS[COMP_CWORD-2]}\n"
         "  [ \"$current\" = = ] && current=''\n"
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
         "  case \"$path $previous\" in\n");
  visit_commands(commands, "", print_values);
  printf("  esac\n"
         "  if [ -n \"$list\" ] && [[ $current == *,* ]]; then before=${current%%,*},; fi\n"
         "  local offered=''\n" /* options to who begins one: an argument may be a file */
         "  for word in $words; do\n"
         "    [[ $word == -* && $current != -* ]] && continue\n"
         "    offered=\"$offered $before$word\"\n"
         "  done\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$offered\" -- \"$current\")\n"
         "  if [ ${#COMPREPLY[@]} -eq 0 ] || [ -n \"$files\" ]; then\n"
         "    mapfile -O ${#COMPREPLY[@]} -t COMPREPLY < <(compgen -f -- \"$current\")\n"
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
  g_autofree char *line = g_strndup(option->description, strcspn(option->description, "\n"));
  g_autofree char *summary = quote_for_fish(line);
  g_auto(Values) values = values_of_option(option);
  printf("complete -c assay -n '__fish_seen_subcommand_from %s' -l %s -d %s", command,
         option->long_name, summary);
  if (option->short_name != 0)
    printf(" -s %c", option->short_name);
  if (values.list)
    printf(" -x -a '(__fish_append , %s)'", values.words);
  else if (values.words != NULL)
    printf(" %s -a '%s'", values.files ? "-r" : "-x", values.words);
  else if (option->arg_description != NULL)
    printf(" -r");
  putchar('\n');
}

static void
print_fish_command(const Command *command, const char *words)
{
  const char *name = strrchr(words, ' ');
  g_autofree char *summary = quote_for_fish(command->summary);
  g_auto(Values) arguments = values_of(command->arguments, "|");
  if (name == NULL) {
    printf("complete -c assay -n __fish_use_subcommand -a %s -d %s\n", command->name, summary);
  } else {
    g_autofree char *parent = g_strndup(words, (gsize)(name - words));
    printf("complete -c assay -n '__fish_seen_subcommand_from %s' -a %s -d %s\n", parent,
           command->name, summary);
  }
  if (arguments.words != NULL)
    printf("complete -c assay -n '__fish_seen_subcommand_from %s' -a '%s'\n", command->name,
           arguments.words);
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
