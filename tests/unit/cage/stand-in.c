/* A script in the place of a worker; see the header. */
#include "stand-in.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cage/nursery.h"
#include "cage/worker_process.h"

#define ROLE "stand-in"

static char *folder, *nursery;  /* the latter is what is started */
static const char *script_path; /* in the nursery */

static void
prepare_nothing(bool heavy)
{
}

static void
run_script(int job)
{
  close(job);
  execl(script_path, script_path, NULL);
}

void
stand_in_serve(int argc, char **argv)
{
  if (argc != 3 || strcmp(argv[1], ROLE) != 0)
    return;
  script_path = argv[2];
  nursery_serve(prepare_nothing, run_script, NULL);
  _exit(1);
}

static char *
write_program(const char *name, const char *shell, const char *text)
{
  char *path = g_build_filename(folder, name, NULL);
  g_autofree char *whole = g_strdup_printf("#!%s\n%s\n", shell, text);
  g_assert_true(g_file_set_contents_full(path, whole, -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
  return path;
}

void
stand_in_use(const char *shell, const char *script)
{
  stand_in_end();
  folder = g_dir_make_tmp("assay-stand-in-XXXXXX", NULL);
  g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
  g_autofree char *worker = write_program("worker", shell, script);
  /* Without what the shell adds to the environment. */
  g_autofree char *start = g_strdup_printf("exec env -u PWD '%s' " ROLE " '%s'", self, worker);
  nursery = write_program("nursery", "/bin/sh", start);
  worker_set_program(nursery);
}

void
stand_in_end(void)
{
  worker_set_program(g_getenv("ASSAY_PROGRAM"));
  if (folder != NULL)
    g_assert_true(directory_remove(AT_FDCWD, folder, NULL));
  g_clear_pointer(&folder, g_free);
  g_clear_pointer(&nursery, g_free);
}
