/* `assay signer`: the process that signs, which `assay` starts by itself. */
#include "sign/signer_serve.h"

#include "base/error.h"
#include "cli/command.h"

static int
run(int argc, char **argv)
{
  g_autoptr(GError) error = NULL;
  if (!signer_serve(&error) && !g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED))
    return command_fail(error);
  return command_usage_error("no command \"signer\" for people: assay starts it by itself");
}

const Command signer_command = {
    .name = "signer",
    .summary = "Sign with keys (started by assay itself)",
    .run_raw = run,
};
