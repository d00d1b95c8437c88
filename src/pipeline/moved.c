/* What the pipeline keeps by repository gets the new name with it. How an image stands is worked
 * out again, as of one whose standing has expired: another namespace may have another policy. */
#include "pipeline/pipeline-private.h"
#include "registry/namespace.h"

bool
pipeline_repository_moved(SqlConnection *db, const char *from, const char *to, GError **error)
{
  g_autofree char *space = namespace_of(to);
  return sql_run(db, NULL, error, "DELETE FROM standings WHERE repository = $1", SQL_TEXT(to),
                 SQL_END) &&
         sql_run(db, NULL, error,
                 "UPDATE standings SET repository = $2, namespace = $3, stamp = 0, "
                 "expires = 1 "
                 "WHERE repository = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_TEXT(space), SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM image_sboms WHERE repository = $1", SQL_TEXT(to),
                 SQL_END) &&
         sql_run(db, NULL, error, "UPDATE image_sboms SET repository = $2 WHERE repository = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END) &&
         sql_run(db, NULL, error,
                 "UPDATE standing_changes SET repository = $2 WHERE repository = $1",
                 SQL_TEXT(from), SQL_TEXT(to), SQL_END);
}
