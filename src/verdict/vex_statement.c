/* Statements, as the readers of the formats make them; see vex-private.h. */
#include "base/error.h"
#include "verdict/vex-private.h"

void
vex_statement_free(void *data)
{
  VexStatement *statement = data;
  g_free(statement->id);
  g_strfreev(statement->aliases);
  g_free(statement->product);
  g_free(statement->component);
  g_free(statement->platform);
  g_free(statement->written);
  g_free(statement->justification);
  g_free(statement->detail);
  g_free(statement);
}

int64_t
vex_time(const char *text)
{
  g_autoptr(GDateTime) moment = text == NULL ? NULL : g_date_time_new_from_iso8601(text, NULL);
  return moment == NULL
             ? 0
             : g_date_time_to_unix(moment) * G_USEC_PER_SEC + g_date_time_get_microsecond(moment);
}

bool
vex_add(VexDocument *document, const VexSaid *said, const char *product, const char *component,
        GError **error)
{
  if (said->id == NULL || product == NULL)
    return true;
  if (document->statements->len >= VEX_STATEMENTS_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "%s: more than %u statements", document->name,
                     VEX_STATEMENTS_MAX);
  VexStatement *statement = g_new0(VexStatement, 1);
  statement->id = g_strdup(said->id);
  statement->aliases = g_strdupv(said->aliases);
  statement->product = g_strdup(product);
  statement->component = g_strdup(component);
  statement->platform = g_strdup(said->platform);
  statement->written = g_strdup(said->written);
  statement->status = said->status;
  statement->justification = g_strdup(said->justification);
  statement->detail = g_strdup(said->detail);
  statement->time = said->time;
  g_ptr_array_add(document->statements, statement);
  return true;
}
