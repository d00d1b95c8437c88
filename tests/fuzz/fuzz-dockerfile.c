/* Dockerfiles of strangers: the reader, the texts of shells in them, and the checks. */
#include "inspect/configuration/configuration.h"
#include "text/dockerfile.h"
#include "text/dockerfile_words.h"
#include "text/shell.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
no_variable(const char *name, void *data, bool *known)
{
  *known &= *name != 'x';
  return *name == 'y' ? "a b" : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  Slice bytes = slice_new(data, size);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) found = configuration_of_dockerfile(bytes, "Dockerfile", NULL, &error);
  g_assert_true((found == NULL) == (error != NULL));
  for (guint i = 0; found != NULL && i < found->len; i++) {
    const Observation *one = ((ImageObservation *)g_ptr_array_index(found, i))->observation;
    g_assert_true(one->line > 0 && one->rule != NULL);
  }
  g_autofree char *text = slice_to_utf8(bytes);
  g_autoptr(GPtrArray) commands = shell_commands(text);
  for (guint i = 0; i < commands->len; i++) {
    const ShellCommand *command = g_ptr_array_index(commands, i);
    guint first = 0;
    shell_program(command, &first);
    g_assert_true(command->words->len + command->variables->len > 0);
    g_assert_true(command->piped_from < (int)i && first <= command->words->len);
  }
  g_autofree char *expanded = dockerfile_expand(text, '\\', no_variable, NULL);
  g_autoptr(GPtrArray) words = dockerfile_words(text, '`', NULL);
  return 0;
}
