/* Tags that neither move nor go, by the patterns of their namespace. Who pushes the same digest
 * again is right: a CI job that is repeated does that. Tags of signatures and attestations
 * ("sha256-...") are written anew by each signer and are never immutable. */
#include <string.h>

#include "oci/reference.h"
#include "registry/namespaces.h"
#include "registry/registry-private.h"
#include "text/glob.h"

static bool
matches(const char *pattern, const char *repository, const char *tag)
{
  const char *colon = strrchr(pattern, ':');
  if (colon == NULL)
    return glob_matches(pattern, tag);
  g_autofree char *of_repository = g_strndup(pattern, (gsize)(colon - pattern));
  return glob_matches(of_repository, repository) && glob_matches(colon + 1, tag);
}

const char *
immutable_rule(const Namespace *space, const char *repository, const char *tag)
{
  const char *rule = NULL;
  if (tag_suffix_beside(tag) != NULL)
    return NULL;
  for (guint i = 0; i < space->immutable->len; i++) {
    const char *pattern = g_ptr_array_index(space->immutable, i);
    bool takes_out = pattern[0] == '!';
    if (!matches(pattern + takes_out, repository, tag))
      continue;
    if (takes_out)
      return NULL;
    if (rule == NULL)
      rule = pattern;
  }
  return rule;
}

static bool
refuse(const char *space, const char *repository, const char *tag, const char *rule,
       const char *digest, bool moved, GError **error)
{
  return registry_error_set(error, REGISTRY_DENIED,
                            "tag %s of %s is immutable by the rule \"%s\" of namespace %s: it is "
                            "%s and %s; %s, or change the rule (assay namespace set)",
                            tag, repository, rule, space, digest,
                            moved ? "does not move" : "is not deleted",
                            moved ? "push another tag" : "leave it");
}

/* Of tags of @repository that @rows have (name, digest), the first that is immutable is refused. */
static bool
check_rows(SqlConnection *db, const char *repository, SqlRows *rows, bool moved, GError **error)
{
  Found found = sql_next(rows, error);
  if (found != FOUND)
    return found == ABSENT;
  g_autofree char *name = namespace_of(repository);
  g_autoptr(Namespace) space = namespace_load(db, name, error);
  if (space == NULL)
    return false;
  for (; found == FOUND; found = sql_next(rows, error)) {
    const char *rule = immutable_rule(space, repository, sql_rows_text(rows, 0));
    if (rule != NULL)
      return refuse(name, repository, sql_rows_text(rows, 0), rule, sql_rows_text(rows, 1), moved,
                    error);
  }
  return found == ABSENT;
}

bool
immutable_refuse_move(SqlConnection *db, const char *repository, const char *tag,
                      const Digest *digest, GError **error)
{
  g_autoptr(SqlRows) rows = sql_query(
      db, error,
      "SELECT name, digest FROM tags WHERE repository = $1 AND name = $2 AND digest <> $3",
      SQL_TEXT(repository), SQL_TEXT(tag), SQL_TEXT(digest->text), SQL_END);
  return check_rows(db, repository, rows, true, error);
}

bool
immutable_refuse_untag(SqlConnection *db, const char *repository, const char *tag, GError **error)
{
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT name, digest FROM tags WHERE repository = $1 AND name = $2",
                SQL_TEXT(repository), SQL_TEXT(tag), SQL_END);
  return check_rows(db, repository, rows, false, error);
}

bool
immutable_refuse_delete(SqlConnection *db, const char *repository, const Digest *digest,
                        const GPtrArray *tags, GError **error)
{
  if (tags->len == 0)
    return true;
  g_autofree char *name = namespace_of(repository);
  g_autoptr(Namespace) space = namespace_load(db, name, error);
  if (space == NULL)
    return false;
  for (guint i = 0; i < tags->len; i++) {
    const char *tag = g_ptr_array_index(tags, i), *rule = immutable_rule(space, repository, tag);
    if (rule != NULL)
      return refuse(name, repository, tag, rule, digest->text, false, error);
  }
  return true;
}
