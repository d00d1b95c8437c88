/* `assay worker`: the caged inspection worker, which `assay` starts by itself. */
#include "inspect/worker.h"

#include "cli/command.h"

const Command worker_command = {
    .name = "worker",
    .summary = "Inspect one layer in a cage (started by assay itself)",
    .run_raw = worker_main,
};
