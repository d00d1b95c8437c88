/* `assay signer`: the process that has the keys, which `assay` starts by itself. */
#include "sign/signer.h"

#include "cli/command.h"

static int
run(int argc, char **argv)
{
  signer_serve();
  return command_usage_error("no command \"signer\" for people: assay starts it by itself");
}

const Command signer_command = {
    .name = "signer",
    .summary = "Sign with keys that the server must not have (started by assay itself)",
    .run_raw = run,
};
