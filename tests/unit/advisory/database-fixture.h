/* A folder for an advisory database, and what tests build there. */
#pragma once

#include <fcntl.h>

#include "advisory/database/database.h"
#include "base/error.h"
#include "base/fd.h"

typedef struct {
  char *folder, *path;
} Fixture;

static inline void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("assay-database-XXXXXX", &error);
  g_assert_no_error(error);
  fixture->path = g_build_filename(fixture->folder, "advisories.db", NULL);
}

static inline void
tear_down(Fixture *fixture, gconstpointer data)
{
  g_assert_true(directory_remove(AT_FDCWD, fixture->folder, NULL));
  g_free(fixture->folder);
  g_free(fixture->path);
}

static inline AdvisoryBuilder *
new_builder(const Fixture *fixture, const char *feed)
{
  g_autoptr(GError) error = NULL;
  AdvisoryBuilder *builder = advisory_builder_new(fixture->path, &error);
  g_assert_no_error(error);
  AdvisoryFeedStatus status = {.feed = feed, .type = "osv", .source = "test", .updated = 17};
  g_assert_true(advisory_builder_begin_feed(builder, &status, &error));
  return builder;
}

static inline void
add(AdvisoryBuilder *builder, AdvisoryRange range)
{
  g_autoptr(GError) error = NULL;
  g_assert_true(advisory_builder_add_range(builder, &range, &error));
  g_assert_no_error(error);
}

static inline void
finish(AdvisoryBuilder *builder)
{
  g_autoptr(GError) error = NULL;
  g_assert_true(advisory_builder_finish(builder, &error));
  g_assert_no_error(error);
}

static inline AdvisoryDatabase *
open_database(const Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  AdvisoryDatabase *database = advisory_database_open(fixture->path, &error);
  g_assert_no_error(error);
  return database;
}

static inline bool
describe(const AdvisoryRange *range, void *data)
{
  g_string_append_printf(data, "%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%d|%d", range->id,
                         range->ecosystem, range->package, range->feed,
                         advisory_state_name(range->state), severity_name(range->severity),
                         range->module != NULL ? range->module : "-",
                         range->introduced != NULL ? range->introduced : "-",
                         range->fixed_version != NULL ? range->fixed_version : "-",
                         range->vendor_id != NULL ? range->vendor_id : "-",
                         range->note != NULL ? range->note : "-", range->scheme, range->derived);
  if (range->architectures != NULL || range->release_version != NULL)
    g_string_append_printf(data, "|%s|%s",
                           range->architectures != NULL ? range->architectures : "-",
                           range->release_version != NULL ? range->release_version : "-");
  g_string_append_c(data, ';');
  return true;
}
