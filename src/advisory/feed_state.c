/* The state of each feed; see the header. */
#include "advisory/feed_state.h"

#include "advisory/feed_store-private.h"
#include "advisory/update-private.h"

static void
feed_state_free(void *data)
{
  FeedState *state = data;
  g_free(state->name);
  g_free(state->type);
  g_free(state->source);
  g_free(state->source_date);
  g_free(state->problem);
  g_free(state->last_error);
  g_free(state);
}

/* What the data folder knows of it. */
static void
add_copy(FeedState *state, const StoredFeed *copy)
{
  state->problem = g_strdup(copy->problem);
  state->last_error = stored_feed_last_error(copy);
  /* A source that has nothing new leaves the database as it is. */
  if (state->updated != 0 && state->problem == NULL)
    state->checked = MAX(copy->updated, state->updated);
}

static FeedState *
known_state(const AdvisoryFeedStatus *known, const StoredFeed *copy)
{
  FeedState *state = g_new0(FeedState, 1);
  state->name = g_strdup(known->feed);
  state->type = g_strdup(known->type);
  state->source = g_strdup(known->source);
  state->source_date = g_strdup(known->source_date);
  state->count = known->count;
  state->updated = state->checked = known->updated;
  if (copy != NULL)
    add_copy(state, copy);
  return state;
}

static FeedState *
missing_state(const StoredFeed *copy)
{
  FeedState *state = g_new0(FeedState, 1);
  state->name = g_strdup(copy->config.name);
  state->type = g_strdup(copy->config.type);
  state->source = g_strdup(copy->source != NULL       ? copy->source
                           : copy->config.url != NULL ? copy->config.url
                                                      : copy->config.path);
  add_copy(state, copy);
  return state;
}

GPtrArray *
feed_states_load(const AdvisorySettings *settings, const char *data_folder,
                 AdvisoryDatabase *database, GError **error)
{
  g_autoptr(GPtrArray) known = advisory_database_feeds(database, error);
  g_autoptr(GPtrArray) copies =
      known == NULL ? NULL : stored_feeds_load(settings, data_folder, error);
  if (copies == NULL)
    return NULL;
  GPtrArray *states = g_ptr_array_new_with_free_func(feed_state_free);
  g_autofree char *base = update_base_path(data_folder);
  bool imported = g_file_test(base, G_FILE_TEST_EXISTS);
  for (guint i = 0; i < known->len; i++) {
    const AdvisoryFeedStatus *each = g_ptr_array_index(known, i);
    const StoredFeed *copy = stored_feeds_find(copies, each->feed);
    g_ptr_array_add(states, known_state(each, copy));
  }
  guint in_database = states->len;
  for (guint i = 0; i < copies->len; i++) {
    const StoredFeed *copy = g_ptr_array_index(copies, i);
    bool listed = false;
    for (guint j = 0; j < in_database && !listed; j++)
      listed = g_str_equal(((const FeedState *)states->pdata[j])->name, copy->config.name);
    if (!listed && (!imported || g_file_test(copy->folder, G_FILE_TEST_EXISTS)))
      g_ptr_array_add(states, missing_state(copy));
  }
  return states;
}
