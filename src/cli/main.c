/* The program's entrance: the list of commands. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "assay-version.h"
#include "cli/command.h"

const Command *const commands[] = {
    &scan_command, &serve_command,      &images_command, &findings_command,
    &db_command,   &completion_command, &worker_command, NULL,
};

static const Command assay = {
    .name = "assay",
    .summary = "A container registry that tests every image it holds.",
    .help =
        "`assay COMMAND --help` tells about one command; `man assay` about all of them.\n"
        "`assay version` prints the version.\n"
        "\n"
        "Exit codes: 0 done; 1 the answer is no (a policy refuses, --max-age is passed); 2 wrong\n"
        "usage, or something failed and standard error says what.",
    .subcommands = commands,
};

int
main(int argc, char **argv)
{
  setlocale(LC_CTYPE, "C.UTF-8");
  /* A reader that went away is an error of that write, not the end of the program. */
  signal(SIGPIPE, SIG_IGN);
  if (argc >= 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0)) {
    printf("assay %s\n", ASSAY_VERSION);
    return command_end_output(EXIT_FINE);
  }
  return command_run(&assay, "assay", argc, argv);
}
