/* assay db: update, import, status and export of the advisory database. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "advisory/feed_state.h"
#include "artifact/advisories.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/settings.h"
#include "cli/db_config.h"
#include "cli/db_registry.h"
#include "cli/interrupt.h"
#include "cli/terminal_progress.h"
#include "report/columns.h"

/* What clocks may differ by. */
#define CLOCK_SLACK ((int64_t)3600 * G_USEC_PER_SEC)

static char *config_path, *data_folder, *format, *max_age;
static char **feed_names;
static gboolean only_missing, quiet;
static FeedSettings imported; /* its strings come from the options */

#define COMMON_OPTIONS CONFIG_OPTION(config_path), DB_FOLDER_OPTION(data_folder)

static Config *
load_config(GError **error)
{
  return db_config_open(config_path, &data_folder, error);
}

static int
tell_messages(const UpdateOutcome *outcome)
{
  terminal_progress_end();
  for (guint i = 0; i < outcome->messages->len; i++)
    command_tell("%s", (const char *)outcome->messages->pdata[i]);
  for (guint i = 0; !quiet && i < outcome->notes->len; i++)
    command_tell("note: %s", (const char *)outcome->notes->pdata[i]);
  return command_end_output(outcome->failed == 0 ? EXIT_FINE : EXIT_ERROR);
}

static int
tell_outcome(const UpdateOutcome *outcome)
{
  if (!quiet)
    printf("feeds: %u updated, %u unchanged, %u failed\n", outcome->updated, outcome->unchanged,
           outcome->failed);
  return tell_messages(outcome);
}

static int
fail(const GError *error)
{
  terminal_progress_end();
  return command_fail(error);
}

static int
run_update(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(UpdateOutcome) outcome = NULL;
  g_autoptr(Config) config = load_config(&error);
  if (config == NULL || !become_owner_of(data_folder, &error))
    return fail(error);
  const Progress *progress = quiet ? NULL : terminal_progress();
  if (only_missing
          ? !advisories_update_missing(&config->advisories, data_folder, progress,
                                       interrupt_cancellable(), &outcome, &error)
          : !advisories_update(&config->advisories, data_folder, (const char *const *)feed_names,
                               progress, interrupt_cancellable(), &outcome, &error))
    return fail(error);
  return tell_outcome(outcome);
}

static const GOptionEntry update_options[] = {
    {"feed", 'f', 0, G_OPTION_ARG_STRING_ARRAY, &feed_names, "Only this feed (may be repeated)",
     "NAME"},
    {"if-missing", 0, 0, G_OPTION_ARG_NONE, &only_missing,
     "Only where there is no database yet; waits for an "
     "update that is running",
     NULL},
    {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Nothing but errors", NULL},
    COMMON_OPTIONS,
    {NULL}};

static const Command update_command = {
    .name = "update",
    .summary = "Fetch the feeds and build the advisory database",
    .arguments = "",
    .help =
        "A feed that cannot be had keeps its last copy; the exit code is then 2, and the\n"
        "others are updated all the same. Where the configuration has `advisory_registry`, the\n"
        "database that is published there is taken first.\n\n"
        "Examples:\n"
        "  assay db update\n"
        "  assay db update --feed debian --feed kev\n"
        "  assay db update --if-missing\n",
    .options = update_options,
    .run = run_update,
};

static int
import_database_file(const Config *config, const char *path)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(UpdateOutcome) outcome = NULL;
  if (!advisory_import_database(&config->advisories, data_folder, path, terminal_progress(),
                                &outcome, &error))
    return fail(error);
  printf("imported %s\n", path);
  return tell_messages(outcome);
}

static int
run_import(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(UpdateOutcome) outcome = NULL;
  const char *path = arguments[0], *type = imported.type;
  if ((path == NULL) == (imported.url == NULL))
    return command_usage_error("give either a PATH or --url");
  if (type == NULL && path == NULL)
    return command_usage_error("--url needs --type");
  g_autoptr(Config) config = load_config(&error);
  if (config == NULL || !become_owner_of(data_folder, &error))
    return command_fail(error);
  if (type == NULL && advisory_is_database_file(path))
    return import_database_file(config, path);
  if (type == NULL && access(path, R_OK) < 0)
    return command_usage_error("%s: %s", path, g_strerror(errno));
  if (type == NULL)
    return command_usage_error("%s is not an exported database: say what it is with --type", path);
  if (imported.name == NULL)
    imported.name = imported.suite != NULL ? imported.suite : imported.type;
  if (!advisory_import(&config->advisories, data_folder, &imported, path, terminal_progress(),
                       interrupt_cancellable(), &outcome, &error))
    return fail(error);
  return tell_outcome(outcome);
}

static const GOptionEntry import_options[] = {
    {"type", 't', 0, G_OPTION_ARG_STRING, &imported.type,
     /* Too many for the rest of a line. */
     "What it is:\n            "
     "debian-tracker,debian-repo,alpine-secdb,arch-tracker,osv,updateinfo,csaf,oval,kev,epss,"
     "retirejs",
     "TYPE"},
    {"name", 'n', 0, G_OPTION_ARG_STRING, &imported.name,
     "The feed's name (default: the suite, or the type)", "NAME"},
    {"ecosystem", 'e', 0, G_OPTION_ARG_STRING, &imported.ecosystem,
     "What the packages are of: almalinux:9, rocky:9, wolfi, npm", "NAME"},
    {"url", 'u', 0, G_OPTION_ARG_STRING, &imported.url, "Fetch from here instead of a PATH", "URL"},
    {"suite", 's', 0, G_OPTION_ARG_STRING, &imported.suite, "debian-repo: bookworm-security",
     "SUITE"},
    {"keyring", 'k', 0, G_OPTION_ARG_FILENAME, &imported.keyring,
     "debian-repo: the keyring of the suite's signature (default: the distribution's)", "FILE"},
    {"sources", 0, 0, G_OPTION_ARG_STRING, &imported.sources,
     "debian-repo: read the changelogs of these source packages only", "A,B,C"},
    COMMON_OPTIONS,
    {NULL}};

static const Command import_command = {
    .name = "import",
    .summary = "Add a feed from a file, a folder or an address, or take an exported database",
    .arguments = "[PATH]",
    .help = "The feed stays until its folder in DATA/feeds is removed: `assay db update` builds\n"
            "with it, and fetches it again when it came from an address.\n\n"
            "Examples:\n"
            "  assay db import --type alpine-secdb /media/secdb\n"
            "  assay db import --type osv --name almalinux AlmaLinux.zip\n"
            "  assay db import --type updateinfo --ecosystem rocky:9 updateinfo.xml.gz\n"
            "  assay db import --type debian-repo --url http://deb.debian.org/debian-security \\\n"
            "      --suite bookworm-security --sources openssl,glibc\n"
            "  assay db import advisories.db\n",
    .options = import_options,
    .most_arguments = 1,
    .run = run_import,
};

static char *
format_time(int64_t microseconds)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(microseconds / G_USEC_PER_SEC);
  return time != NULL ? g_date_time_format_iso8601(time) : g_strdup("");
}

static char *
format_age(int64_t updated)
{
  if (updated == 0)
    return g_strdup("never");
  int64_t seconds = MAX((g_get_real_time() - updated) / G_USEC_PER_SEC, 0);
  if (seconds < 120)
    return g_strdup_printf("%d s", (int)seconds);
  if (seconds < 2 * 3600)
    return g_strdup_printf("%d min", (int)(seconds / 60));
  if (seconds < 2 * 86400)
    return g_strdup_printf("%d h", (int)(seconds / 3600));
  return g_strdup_printf("%" G_GINT64_FORMAT " days", seconds / 86400);
}

/* Why nothing newer is there; NULL: something is. */
static const char *
error_of(const FeedState *feed)
{
  return feed->last_error != NULL ? feed->last_error : feed->problem;
}

static void
print_status_json(const AdvisoryDatabase *database, const char *path, const GPtrArray *feeds)
{
  g_autoptr(json_t) status = json_object();
  json_t *list = json_array();
  json_set_string(status, "path", path);
  json_set_string(status, "generation", advisory_database_generation(database));
  json_object_set_new(status, "feeds", list);
  for (guint i = 0; i < feeds->len; i++) {
    const FeedState *feed = feeds->pdata[i];
    g_autofree char *updated = feed->updated == 0 ? NULL : format_time(feed->updated);
    g_autofree char *checked = feed->checked == 0 ? NULL : format_time(feed->checked);
    int64_t age = MAX((g_get_real_time() - feed->checked) / G_USEC_PER_SEC, 0);
    json_t *entry = json_object();
    json_set_string(entry, "name", feed->name);
    json_set_string(entry, "type", feed->type);
    json_set_string(entry, "source", feed->source);
    json_set_string(entry, "updated", updated);
    json_set_string(entry, "checked", checked);
    json_object_set_new(entry, "age_seconds", feed->checked == 0 ? json_null() : json_integer(age));
    json_set_string(entry, "problem", feed->problem);
    json_set_string(entry, "last_error", feed->last_error);
    json_set_string(entry, "source_date", feed->source_date);
    json_object_set_new(entry, "statements", json_integer((json_int_t)feed->count));
    json_array_append_new(list, entry);
  }
  command_print_json(status);
}

static void
print_status_table(const GPtrArray *feeds)
{
  static const Column columns[] = {
      {.title = "FEED"},
      {.title = "TYPE"},
      {.title = "AGE", .flags = COLUMN_RIGHT},
      {.title = "STATEMENTS", .flags = COLUMN_RIGHT},
      {.title = "SOURCE DATE"},
      {.title = "LAST ERROR", .least = 20, .flags = COLUMN_CUT | COLUMN_EMPTY},
      {.title = "SOURCE", .least = 20, .flags = COLUMN_CUT},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < feeds->len; i++) {
    const FeedState *feed = feeds->pdata[i];
    g_autofree char *age = format_age(feed->checked);
    g_autofree char *count = g_strdup_printf("%" G_GUINT64_FORMAT, feed->count);
    columns_add(table, (const char *[]){feed->name, feed->type, age, count, feed->source_date,
                                        error_of(feed), feed->source});
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(text, stdout);
}

/* Whether the feed is older than @oldest seconds, or may be. */
static bool
tell_if_old(const FeedState *feed, uint64_t oldest)
{
  g_autofree char *age = format_age(feed->checked);
  const char *failure = error_of(feed);
  int64_t now = g_get_real_time();
  bool never = max_age != NULL && feed->checked == 0;
  bool ahead = max_age != NULL && feed->checked > now + CLOCK_SLACK;
  if (feed->problem != NULL)
    command_tell("%s: its last copy cannot be read: %s", feed->name, feed->problem);
  if (never)
    command_tell("%s: was never taken: %s", feed->name,
                 failure != NULL ? failure : "run `assay db update`");
  else if (ahead)
    command_tell("%s: taken at a time that is still to come, so its age is not known: this "
                 "machine's clock was wrong then, or is now",
                 feed->name);
  else if (feed->checked == 0 || now - feed->checked <= (int64_t)oldest * G_USEC_PER_SEC)
    return false;
  else
    command_tell("%s: %s old%s%s", feed->name, age, failure != NULL ? ": " : "",
                 failure != NULL ? failure : "");
  return true;
}

static bool
tell_old_feeds(const GPtrArray *feeds, uint64_t oldest)
{
  bool found = false;
  for (guint i = 0; i < feeds->len; i++)
    found |= tell_if_old(g_ptr_array_index(feeds, i), oldest);
  return found;
}

static int
run_status(char **arguments)
{
  g_autoptr(GError) error = NULL;
  bool json = g_strcmp0(format, "json") == 0;
  if (!json && format != NULL && strcmp(format, "table") != 0)
    return command_usage_error("--format is table or json, not %s", format);
  uint64_t oldest = UINT32_MAX;
  if (max_age != NULL && !duration_parse(max_age, &oldest))
    return command_usage_error("--max-age: must be a time: " DURATION_IN_WORDS ", is \"%s\"",
                               max_age);
  g_autoptr(Config) config = load_config(&error);
  if (config == NULL)
    return command_fail(error);
  g_autofree char *path = advisory_database_path(data_folder);
  g_autoptr(AdvisoryDatabase) database = advisory_database_open_verified(path, &error);
  g_autoptr(GPtrArray) feeds =
      database == NULL ? NULL
                       : feed_states_load(&config->advisories, data_folder, database, &error);
  if (feeds == NULL)
    return command_fail(error);
  if (json)
    print_status_json(database, path, feeds);
  else
    print_status_table(feeds);
  return command_end_output(tell_old_feeds(feeds, oldest) ? EXIT_REFUSED : EXIT_FINE);
}

static const GOptionEntry status_options[] = {
    {"format", 0, 0, G_OPTION_ARG_STRING, &format, "How to write it (default: table)",
     "table|json"},
    {"max-age", 0, 0, G_OPTION_ARG_STRING, &max_age,
     "Exit with 1 when a feed was never taken, or was not up to date for longer: 24h, 7d", "TIME"},
    COMMON_OPTIONS,
    {NULL}};

static const Command status_command = {
    .name = "status",
    .summary = "Show each feed's age, count of statements, and source",
    .arguments = "",
    .help =
        "Every byte of the database is checked. The age is the time since the feed's source was\n"
        "last asked with success, or, in a database that was imported, since it was taken. A feed\n"
        "of the configuration that was never taken is listed too, with what the last update "
        "met.\n\n"
        "Exit codes: 0 there is a database; 1 a feed is older than --max-age, or was never taken;\n"
        "2 there is no database, or it is damaged.\n\n"
        "Examples:\n"
        "  assay db status\n"
        "  assay db status --max-age 2d > /dev/null || assay db update\n"
        "  assay db status --format json | jq '.feeds[] | select(.last_error != null)'\n",
    .options = status_options,
    .run = run_status,
};

static int
run_export(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Config) config = load_config(&error);
  if (config == NULL || !advisory_export(data_folder, arguments[0], &error))
    return command_fail(error);
  /* What went to /dev/stdout is not to be followed by words. */
  if (!g_file_test(arguments[0], G_FILE_TEST_IS_SYMLINK) &&
      g_file_test(arguments[0], G_FILE_TEST_IS_REGULAR))
    printf("exported to %s\n", arguments[0]);
  return command_end_output(EXIT_FINE);
}

static const GOptionEntry export_options[] = {COMMON_OPTIONS, {NULL}};

static const Command export_command = {
    .name = "export",
    .summary = "Copy the database to a file, for a site without a network",
    .arguments = "FILE",
    .help = "The other site takes it with `assay db import FILE`, which checks that it came\n"
            "whole.\n\n"
            "Examples:\n"
            "  assay db export /media/advisories.db\n",
    .options = export_options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run_export,
};

static const Command *const subcommands[] = {&update_command,
                                             &import_command,
                                             &status_command,
                                             &export_command,
                                             &db_push_command,
                                             &db_pull_command,
                                             NULL};

const Command db_command = {
    .name = "db",
    .summary = "Update, publish, import, export and look at the advisory database",
    .subcommands = subcommands,
};
