/* Bases of images in words and as JSON; see the header. */
#include "report/base.h"

#include <string.h>

/* "sha256:" and as many digits as other tables show. */
#define DIGEST_SHOWN ((int)strlen("sha256:1a2b3c4d5e6f"))

static const JsonMember origin_members[] = {
    {JSON_MEMBER_AS("base", ReportOrigins, of_base), .kind = &json_number},
    {JSON_MEMBER(ReportOrigins, own), .kind = &json_number},
};
const JsonTable report_origins_table = JSON_TABLE(ReportOrigins, origin_members);

static const JsonMember difference_members[] = {
    {JSON_MEMBER(ReportBaseDifference, fixed), .kind = &json_number},
    {JSON_MEMBER_AS("new", ReportBaseDifference, added), .kind = &json_number},
};
const JsonTable report_base_difference_table = JSON_TABLE(ReportBaseDifference, difference_members);

static const JsonMember newer_members[] = {
    {JSON_MEMBER(ReportNewerBase, digest), .kind = &json_text, .required = true},
    {JSON_MEMBER(ReportNewerBase, since), .kind = &json_moment},
    {JSON_MEMBER(ReportNewerBase, image), .kind = &json_text},
    {JSON_MEMBER(ReportNewerBase, difference), .kind = &json_child,
     .table = &report_base_difference_table},
};
const JsonTable report_newer_base_table = JSON_TABLE(ReportNewerBase, newer_members);

static const JsonMember members[] = {
    {JSON_MEMBER(ReportBase, repository), .kind = &json_text},
    {JSON_MEMBER(ReportBase, tag), .kind = &json_text},
    {JSON_MEMBER(ReportBase, digest), .kind = &json_text},
    {JSON_MEMBER(ReportBase, layers), .kind = &json_number},
    {JSON_MEMBER(ReportBase, platform), .kind = &json_text},
    {JSON_MEMBER(ReportBase, named), .kind = &json_text},
    {JSON_MEMBER(ReportBase, named_digest), .kind = &json_text},
    {JSON_MEMBER(ReportBase, findings), .kind = &json_child, .table = &report_origins_table},
    {JSON_MEMBER(ReportBase, newer), .kind = &json_child, .table = &report_newer_base_table},
};
const JsonTable report_base_table = JSON_TABLE(ReportBase, members);

ReportBase *
report_base_from_json(const json_t *json, GError **error)
{
  g_autoptr(ReportBase) base = g_new0(ReportBase, 1);
  return json_table_read(&report_base_table, json, base, error) ? g_steal_pointer(&base) : NULL;
}

void
report_base_free(ReportBase *base)
{
  if (base == NULL)
    return;
  json_table_clear(&report_base_table, base);
  g_free(base);
}

/* --- what differs --- */

/* A vulnerability of a package in any of its versions; what was observed at its place. (transfer
 * full) */
static char *
key_of(const Finding *finding)
{
  return g_strdup_printf(
      "%d %s\n%s\n%s\n%s", finding->kind, finding->id, finding->package_type, finding->package,
      finding_is_of_package(finding) || finding->location == NULL ? "" : finding->location);
}

/* How many of @findings have no other of their key among @others. */
static unsigned
count_without(const GPtrArray *findings, const GPtrArray *others, FindingKinds without)
{
  unsigned count = 0;
  g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < others->len; i++)
    g_hash_table_add(keys, key_of(g_ptr_array_index(others, i)));
  for (guint i = 0; i < findings->len; i++) {
    const Finding *finding = g_ptr_array_index(findings, i);
    g_autofree char *key = key_of(finding);
    count += !finding_is_of(finding, without) && !g_hash_table_contains(keys, key);
  }
  return count;
}

bool
report_base_compare(const MatchResult *before, const MatchResult *after, FindingKinds without,
                    ReportBaseDifference *difference)
{
  for (guint i = 0; i < after->gaps->len; i++)
    if (!g_ptr_array_find_with_equal_func(before->gaps, g_ptr_array_index(after->gaps, i),
                                          g_str_equal, NULL))
      return false;
  difference->fixed = count_without(before->findings, after->findings, without);
  difference->added = count_without(after->findings, before->findings, without);
  return true;
}

/* --- in words --- */

/* "library/debian:12 (sha256:1a2b3c4d5e6f)" (transfer full) */
static char *
name_of(const ReportBase *base)
{
  const char *name = base->repository != NULL ? base->repository : base->named;
  const char *digest = base->repository != NULL ? base->digest : base->named_digest;
  const char *tag = base->repository != NULL ? base->tag : NULL;
  if (name == NULL)
    return g_strdup(digest);
  return g_strdup_printf("%s%s%s%s%.*s%s", name, tag != NULL ? ":" : "", tag != NULL ? tag : "",
                         digest != NULL ? " (" : "", DIGEST_SHOWN, digest != NULL ? digest : "",
                         digest != NULL ? ")" : "");
}

char *
report_base_in_words(const ReportBase *base)
{
  g_autofree char *name = name_of(base);
  if (base->repository == NULL)
    return g_strdup_printf("%s, say its annotations; it is not known here, and so not which "
                           "findings come from it",
                           name);
  if (base->layers == 0)
    return g_strdup_printf("%s, say its annotations; its first layers are others, and so it is not "
                           "known which findings come from it",
                           name);
  if (base->findings == NULL)
    return g_strdup_printf("%s; without advisories no findings are counted", name);
  unsigned all = base->findings->of_base + base->findings->own;
  return g_strdup_printf("%s, %u of %u finding%s from it", name, base->findings->of_base, all,
                         all == 1 ? " comes" : "s come");
}

char *
report_newer_base_in_words(const ReportBase *base)
{
  const ReportNewerBase *newer = base->newer;
  if (newer == NULL)
    return NULL;
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(newer->since / G_USEC_PER_SEC);
  g_autofree char *day = g_date_time_format(time, "%Y-%m-%d");
  g_autofree char *difference =
      newer->difference == NULL
          ? g_strdup("")
          : g_strdup_printf("; it fixes %u finding%s, adds %u", newer->difference->fixed,
                            newer->difference->fixed == 1 ? "" : "s", newer->difference->added);
  return g_strdup_printf("%s:%s names %.*s since %s%s", base->repository, base->tag, DIGEST_SHOWN,
                         newer->digest, day, difference);
}
