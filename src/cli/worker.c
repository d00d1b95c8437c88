/* `assay worker`: the caged inspection worker, which `assay` starts by itself. */
#include "inspect/worker.h"

#include "cage/worker_process.h"

#include "cli/command.h"

static int
run(int argc, char **argv)
{
  if (argc < 2 && g_getenv(WORKER_JOB_VARIABLE) == NULL)
    return command_usage_error("no command \"worker\" for people: assay starts it by itself");
  return worker_main(argc, argv);
}

const Command worker_command = {
    .name = "worker",
    .summary = "Inspect one layer in a cage (started by assay itself)",
    .run_raw = run,
};
