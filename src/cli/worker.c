/* `assay worker`: the caged inspection worker, which `assay` starts by itself. */
#include "inspect/worker.h"

#include <string.h>

#include "cli/command.h"

static int
run(int argc, char **argv)
{
  static const char self_test[] = "--self-test=";
  if (argc == 2 && g_str_has_prefix(argv[1], self_test))
    worker_self_test(argv[1] + strlen(self_test));
  worker_serve(NULL);
  return command_usage_error("no command \"worker\" for people: assay starts it by itself");
}

const Command worker_command = {
    .name = "worker",
    .summary = "Inspect one layer in a cage (started by assay itself)",
    .run_raw = run,
};
