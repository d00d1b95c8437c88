/* `assay fsck`: whether a data folder holds what it says. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/terminal_progress.h"
#include "report/columns.h"
#include "server/fsck.h"

static char *config_path, *data_folder, *format_option;
static gboolean repair_option, content_option;

static const GOptionEntry options[] = {
    {"data", 'd', 0, G_OPTION_ARG_FILENAME, &data_folder,
     "The data folder (default: the configuration's)", "FOLDER"},
    CONFIG_OPTION(config_path),
    {"repair", 0, 0, G_OPTION_ARG_NONE, &repair_option, "Repair what can be", NULL},
    {"content", 0, 0, G_OPTION_ARG_NONE, &content_option,
     "Read all blobs, and compare them with their digests", NULL},
    FORMAT_OPTION("table"),
    {NULL}};

typedef struct {
  json_t *list; /* objects of findings */
  size_t left;  /* that are not repaired */
} Findings;

static void
note(const FsckFinding *finding, void *data)
{
  Findings *findings = data;
  json_t *object = json_object();
  json_set_string(object, "kind", fsck_kind_names[finding->kind]);
  json_set_string(object, "object", finding->object);
  if (finding->repository != NULL)
    json_set_string(object, "repository", finding->repository);
  if (finding->detail != NULL)
    json_set_string(object, "detail", finding->detail);
  json_object_set_new(object, "repaired", json_boolean(finding->repaired));
  json_array_append_new(findings->list, object);
  findings->left += !finding->repaired;
}

static bool
step(uint64_t done, uint64_t total, void *data)
{
  progress_tell(terminal_progress(), "checking", done, total);
  return true;
}

/* --- what it found --- */

static void
print_table(const Findings *findings)
{
  static const Column columns[] = {
      {.title = "PROBLEM"},
      {.title = "OBJECT"},
      {.title = "REPAIRED"},
      {.title = "WHAT IT IS", .least = 20, .flags = COLUMN_EMPTY},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index;
  json_t *each;
  json_array_foreach(findings->list, index, each) {
    columns_add(table,
                (const char *[]){json_get_string(each, "kind"), json_get_string(each, "object"),
                                 json_get_boolean(each, "repaired", false) ? "yes" : "no",
                                 json_get_string(each, "detail")});
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(json_array_size(findings->list) > 0 ? text : "nothing is wrong\n", stdout);
  if (findings->left > 0 && !repair_option)
    command_tell("--repair repairs what can be");
}

static void
print_json(const Findings *findings)
{
  g_autoptr(json_t) object = json_object();
  json_set_number(object, "problems", json_array_size(findings->list));
  json_set_number(object, "left", findings->left);
  json_object_set(object, "findings", findings->list);
  command_print_json(object);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json;
  if (!command_wants_json(format_option, "table", &json))
    return EXIT_ERROR;
  g_autoptr(Config) config = config_open(config_path, &error);
  if (config == NULL)
    return command_fail(error);
  if (data_folder == NULL)
    data_folder = config->data != NULL ? g_strdup(config->data) : config_default_data_folder();
  g_autoptr(json_t) list = json_array();
  Findings findings = {list, 0};
  const FsckOptions asked = {repair_option, content_option, note, step, &findings};
  bool whole =
      become_owner_of(data_folder, &error) && server_fsck(config, data_folder, &asked, &error);
  terminal_progress_end();
  if (!whole)
    return command_fail(error);
  (json ? print_json : print_table)(&findings);
  return command_end_output(findings.left > 0 ? EXIT_REFUSED : EXIT_FINE);
}

const Command fsck_command = {
    .name = "fsck",
    .summary = "Check that a data folder holds what its registry says",
    .arguments = "",
    .help =
        "Compares the metadata with the files of the data folder, and what is written down of\n"
        "manifests with their text, while no server serves it. Each problem is a line:\n\n"
        "  missing-blob       its file is gone; repaired: forgotten, so that clients push it "
        "again\n"
        "  damaged-blob       its file has changed; repaired: moved to `damaged/`, and forgotten\n"
        "  unknown-file       no row speaks of it; repaired: removed\n"
        "  damaged-manifest   its text has changed: push it again\n"
        "  missing-reference  that an image needs a blob is not written down; repaired: it is\n"
        "  unknown-reference, unknown-link, unknown-upload\n"
        "                     rows that speak of what is not there; repaired: removed\n\n"
        "While a server runs, it reads all blobs itself, slowly (scrub_bytes_per_second).\n\n"
        "Exit codes: 0 nothing is wrong, or all of it was repaired; 1 something is wrong; 2 it\n"
        "could not be checked.\n\n"
        "Examples:\n"
        "  assay fsck\n"
        "  assay fsck --content --repair\n"
        "  assay fsck --data /srv/assay --format json",
    .options = options,
    .run = run,
};
