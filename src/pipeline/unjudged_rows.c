/* Writing down that ClamAV did not judge all of a layer (unjudged.c). */
#include "pipeline/pipeline-private.h"

bool
unjudged_note(SqlConnection *db, const LayerInventory *inventory, GError **error)
{
  const char *layer = inventory->layer.text;
  if (inventory->clamav == CLAMAV_JUDGED)
    return true; /* a row goes when the images are scanned anew */
  int64_t due = inventory->clamav == CLAMAV_AWAY ? 0 : g_get_real_time() + UNJUDGED_RETRY;
  return sql_run(db, NULL, error,
                 "INSERT INTO unjudged_layers (layer, due) VALUES ($1, $2) "
                 "ON CONFLICT (layer) DO UPDATE SET due = excluded.due",
                 SQL_TEXT(layer), SQL_INTEGER(due), SQL_END);
}
