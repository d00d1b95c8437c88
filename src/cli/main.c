/* The program's entrance: the list of commands. */
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "assay-version.h"
#include "cli-commands.h"
#include "cli/command.h"

#define DECLARE(name) extern const Command name##_command;
#define LIST(name)    &name##_command,
CLI_COMMANDS(DECLARE)
const Command *const commands[] = {CLI_COMMANDS(LIST) NULL};

static const Command assay = {
    .name = "assay",
    .summary = "A container registry that scans every image it holds.",
    .help =
        "`assay COMMAND --help` explains one command, `man assay` all of them.\n"
        "`assay version` prints the version.\n"
        "\n"
        "Exit codes: 0 done; 1 the answer is no (a policy refuses, --max-age is passed); 2 wrong\n"
        "usage, or something failed and standard error says what.",
    .subcommands = commands,
};

/* What is opened later must not take the place of a standard stream that was closed: messages would
 * be written into it. Writing stays an error. */
static void
fill_standard_streams(void)
{
  int fd;
  do
    fd = open("/dev/null", O_RDONLY);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0)
    close(fd);
}

int
main(int argc, char **argv)
{
  setlocale(LC_CTYPE, "C.UTF-8");
  fill_standard_streams();
  /* A reader that went away is an error of that write, not the end of the program. */
  signal(SIGPIPE, SIG_IGN);
  /* Ignored, as some starters leave it, it would take from us how workers end. */
  signal(SIGCHLD, SIG_DFL);
  if (argc >= 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0)) {
    printf("assay %s\n", ASSAY_VERSION);
    return command_end_output(EXIT_FINE);
  }
  return command_run(&assay, "assay", argc, argv);
}
