/* What the two halves of an update share: paths, what a feed gets to work with, failures. */
#include "advisory/update-private.h"
#include "advisory/update.h"

char *
advisory_database_path(const char *data_folder)
{
  return g_build_filename(data_folder, "advisories.db", NULL);
}

char *
update_base_path(const char *data_folder)
{
  return g_build_filename(data_folder, FEED_STORE_FOLDER, ".imported.db", NULL);
}

void
update_tell_failure(Update *update, const char *feed, const char *problem)
{
  update->outcome->failed++;
  g_ptr_array_add(update->outcome->messages, g_strdup_printf("%s: %s", feed, problem));
}

FeedContext
update_make_context(const Update *update, const StoredFeed *feed)
{
  return (FeedContext){.config = &feed->config,
                       .folder = feed->folder,
                       .ca_file = update->ca_file,
                       .progress = update->progress,
                       .cancellable = update->cancellable,
                       .notes = update->outcome->notes};
}
