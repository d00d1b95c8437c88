/* How images stand: judging them in the background, and writing down what changed. */
#include "pipeline/standings.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "jobs/event.h"
#include "pipeline/pipeline-private.h"
#include "registry/namespaces.h"

/* Judged between two writes, so that pushes come in between. */
#define JUDGED_AT_ONCE 50u

const char *const gate_answer_names[] = {"allowed", "warns", "refused", NULL};

const char *
gate_answer_name(GateAnswer answer)
{
  return gate_answer_names[answer];
}

void
standing_free(Standing *standing)
{
  if (standing == NULL)
    return;
  g_free(standing->repository);
  g_free(standing->manifest);
  g_free(standing->policy);
  g_free(standing->reason);
  g_free(standing);
}

/* --- what is in force --- */

Rules *
standings_rules(Pipeline *pipeline)
{
  Rules *rules = g_new0(Rules, 1);
  g_autoptr(AdvisoryDatabase) advisories = pipeline_advisories(pipeline);
  g_autoptr(PolicySet) policy = pipeline_policy(pipeline);
  rules->judgement = __atomic_load_n(&pipeline->judgement, __ATOMIC_ACQUIRE);
  rules->advisories = g_strdup(advisories == NULL ? "" : advisory_database_generation(advisories));
  rules->policy = g_strdup(policy_set_origin(policy).identity);
  g_autoptr(GString) all = g_string_new(rules->advisories);
  g_string_append_printf(all, "\n%s", rules->policy);
  FindingKinds without = registry_default_without(pipeline->registry);
  if (without != 0)
    g_string_append_printf(all, "\nwithout %x", without);
  Digest digest = digest_of(DIGEST_SHA256, slice_from_string(all->str));
  rules->stamp = digest_number(&digest);
  return rules;
}

void
rules_free(Rules *rules)
{
  g_free(rules->advisories);
  g_free(rules->policy);
  g_free(rules);
}

/* --- judging --- */

/* A standing on its way to its row. */
typedef struct {
  Standing standing;
  ScanState state;
  int64_t stamp, expires;
  char *rules; /* the SHA-256 of the policy, and what its namespace does not look for */
} Judged;

static void
judged_free(void *data)
{
  Judged *judged = data;
  g_free(judged->standing.repository);
  g_free(judged->standing.manifest);
  g_free(judged->standing.policy);
  g_free(judged->standing.reason);
  g_free(judged->rules);
  g_free(judged);
}

static uint64_t
size_of(const StoredManifest *stored)
{
  g_autoptr(Manifest) manifest =
      manifest_parse(slice_from_bytes(stored->bytes), stored->media_type, NULL);
  uint64_t size = 0;
  if (manifest == NULL || manifest->kind != MANIFEST_IMAGE)
    return 0;
  size = manifest->config == NULL ? 0 : (uint64_t)MAX(manifest->config->size, 0);
  for (guint i = 0; i < manifest->layers->len; i++)
    size += (uint64_t)MAX(((const Descriptor *)g_ptr_array_index(manifest->layers, i))->size, 0);
  return size;
}

static GateAnswer
answer_of(const Verdict *verdict)
{
  if (!verdict->allowed)
    return GATE_REFUSED;
  return verdict->reasons->len > 0 || verdict->warnings->len > 0 ? GATE_WARNS : GATE_ALLOWED;
}

/* The first of what is only shown, where nothing refuses. */
static const char *
reason_of(const Verdict *verdict)
{
  if (verdict->message != NULL || verdict->warnings->len == 0)
    return verdict->message;
  return g_ptr_array_index(verdict->warnings, 0);
}

static bool
judge_in(Pipeline *pipeline, const char *repository, const Digest *digest, const Rules *rules,
         GPtrArray *judged, GError **error)
{
  g_autoptr(GError) failure = NULL;
  g_autoptr(StoredManifest) stored =
      registry_manifest_get(pipeline->registry, repository, digest->text, &failure);
  /* Deleted meanwhile. */
  if (stored == NULL)
    return true;
  ScanState scan;
  g_autoptr(Verdict) verdict =
      gate_judge_now(pipeline, repository, digest->text, stored, &scan, &failure);
  g_autoptr(ImageSummary) summary =
      verdict == NULL ? NULL : pipeline_image_summary(pipeline, digest, &failure);
  FindingKinds without = 0;
  if (summary == NULL || !pipeline_without(pipeline, repository, digest, &without, &failure)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  image_summary_leave_out(summary, without);
  bool counted =
      summary->state != SCAN_DONE ||
      g_strcmp0(summary->database != NULL ? summary->database : "", rules->advisories) == 0;
  /* Its counts are about to be made anew: a change is told once, and of both. */
  if (!counted && advisories_are_counting(pipeline))
    return error_set(error, ASSAY_ERROR_BUSY, "all images are being counted again");
  bool same = __atomic_load_n(&pipeline->judgement, __ATOMIC_ACQUIRE) == rules->judgement;
  Judged *one = g_new0(Judged, 1);
  one->standing = (Standing){.repository = g_strdup(repository),
                             .manifest = g_strdup(digest->text),
                             .gate = answer_of(verdict),
                             .unscanned = verdict->unscanned,
                             .policy = g_strdup(verdict->policy),
                             .reason = g_strdup(reason_of(verdict)),
                             .blocking = verdict->blocking,
                             .size = size_of(stored),
                             .pushed = stored->pushed};
  memcpy(one->standing.counts, summary->counts, sizeof summary->counts);
  memcpy(one->standing.fixable, summary->fixable, sizeof summary->fixable);
  one->state = summary->state;
  one->stamp = counted && same ? rules->stamp : 0;
  one->expires = verdict->expires;
  one->rules = without == 0 ? g_strdup(rules->policy)
                            : g_strdup_printf("%s without %u", rules->policy, without);
  g_ptr_array_add(judged, one);
  return true;
}

Standing *
standings_judge_one(Pipeline *pipeline, const char *repository, const Digest *digest,
                    GError **error)
{
  g_autoptr(Rules) rules = standings_rules(pipeline);
  g_autoptr(GPtrArray) judged = g_ptr_array_new_with_free_func(judged_free);
  if (!judge_in(pipeline, repository, digest, rules, judged, error) || judged->len == 0)
    return NULL;
  Judged *one = g_ptr_array_index(judged, 0);
  Standing *standing = g_new0(Standing, 1);
  *standing = one->standing;
  standing->current = one->stamp == rules->stamp;
  one->standing = (Standing){0};
  return standing;
}

/* Repositories that have the manifest. (transfer full): char * */
static GPtrArray *
repositories_of(SqlPool *sql, const char *manifest, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return NULL;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT repository FROM manifests JOIN images ON images.manifest = "
                "manifests.digest WHERE manifests.digest = $1 AND images.state <> $2",
                SQL_TEXT(manifest), SQL_INTEGER(SCAN_NOT_APPLICABLE), SQL_END);
  return sql_texts(rows, error);
}

static bool
judge_manifest(Pipeline *pipeline, const char *manifest, const Rules *rules, GPtrArray *judged,
               GError **error)
{
  Digest digest;
  if (!digest_parse(manifest, &digest, NULL))
    return true;
  g_autoptr(GPtrArray) repositories = repositories_of(pipeline->sql, manifest, error);
  for (guint i = 0; repositories != NULL && i < repositories->len; i++)
    if (!judge_in(pipeline, g_ptr_array_index(repositories, i), &digest, rules, judged, error))
      return false;
  return repositories != NULL;
}

/* --- writing --- */

/* What the row said before. */
typedef struct {
  bool there;
  GateAnswer gate;
  ScanState state;
  Tally tally;
  char *advisories, *rules;
  int64_t expires;
} Former;

static void
former_clear(Former *former)
{
  g_free(former->advisories);
  g_free(former->rules);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Former, former_clear)

void
standings_read_counts(SqlRows *rows, int column, uint32_t *counts, uint32_t *fixable)
{
  for (int i = 0; i <= SEVERITY_CRITICAL; i++) {
    counts[i] = (uint32_t)sql_rows_integer(rows, column + i);
    fixable[i] = (uint32_t)sql_rows_integer(rows, column + SEVERITY_CRITICAL + 1 + i);
  }
}

static bool
read_former(SqlConnection *db, const Standing *standing, Former *former, GError **error)
{
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT gate, state, advisories, rules, expires, "
                "unknown, negligible, low, medium, high, critical, fixable_unknown, "
                "fixable_negligible, fixable_low, fixable_medium, fixable_high, fixable_critical "
                " FROM standings "
                "WHERE repository = $1 AND manifest = $2",
                SQL_TEXT(standing->repository), SQL_TEXT(standing->manifest), SQL_END);
  Found found = sql_next(rows, error);
  former->there = found == FOUND;
  if (found != FOUND)
    return found == ABSENT;
  former->gate = (GateAnswer)sql_rows_integer(rows, 0);
  former->state = (ScanState)sql_rows_integer(rows, 1);
  former->advisories = g_strdup(sql_rows_text(rows, 2));
  former->rules = g_strdup(sql_rows_text(rows, 3));
  former->expires = sql_rows_integer(rows, 4);
  standings_read_counts(rows, 5, former->tally.counts, former->tally.fixable);
  return true;
}

/* The first scan of an image is no change. */
static bool
is_changed(const Former *former, const Judged *judged)
{
  const Standing *standing = &judged->standing;
  bool known = former->there && (former->state == SCAN_DONE || former->state == SCAN_FAILED);
  return known && (former->gate != standing->gate ||
                   memcmp(former->tally.counts, standing->counts, sizeof standing->counts) != 0 ||
                   memcmp(former->tally.fixable, standing->fixable, sizeof standing->fixable) != 0);
}

static const char *
why_changed(const Former *former, const Judged *judged, const Rules *rules)
{
  if (g_strcmp0(former->advisories, rules->advisories) != 0)
    return "advisories";
  if (g_strcmp0(former->rules, judged->rules) != 0)
    return "policy";
  return former->expires != 0 && former->expires <= g_get_real_time() ? "time" : "scan";
}

/* Its id is the time, and one more where that is taken. */
static bool
next_change(SqlConnection *db, int64_t *id, GError **error)
{
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT coalesce(max(id), 0) FROM standing_changes", SQL_END);
  if (!sql_number(rows, id, error))
    return false;
  *id = MAX(g_get_real_time(), *id + 1);
  return true;
}

typedef struct {
  const Standing *standing;
  GateAnswer from;
  char *before, *after; /* its counts */
  const char *why;
} Change;

static Change *
change_new(const Former *former, const Judged *judged, const Rules *rules)
{
  Change *change = g_new0(Change, 1);
  const Standing *standing = &judged->standing;
  change->standing = standing;
  change->from = former->gate;
  change->before = tally_to_text(former->tally.counts);
  change->after = tally_to_text(standing->counts);
  change->why = why_changed(former, judged, rules);
  return change;
}

static void
change_free(void *data)
{
  Change *change = data;
  g_free(change->before);
  g_free(change->after);
  g_free(change);
}

static bool
write_change(SqlConnection *db, const Change *change, GError **error)
{
  int64_t id = 0;
  const Standing *standing = change->standing;
  return next_change(db, &id, error) &&
         sql_run(db, NULL, error,
                 "INSERT INTO standing_changes (id, repository, manifest, gate_before, gate, "
                 "counts_before, counts, why, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                 SQL_INTEGER(id), SQL_TEXT(standing->repository), SQL_TEXT(standing->manifest),
                 SQL_INTEGER(change->from), SQL_INTEGER(standing->gate), SQL_TEXT(change->before),
                 SQL_TEXT(change->after), SQL_TEXT(change->why), SQL_TEXT(standing->reason),
                 SQL_END);
}

/* Of the repository, for an image may stand otherwise in another. */
static bool
tell_change(SqlConnection *db, const Change *change, GError **error)
{
  g_autoptr(json_t) data = json_object();
  const Standing *standing = change->standing;
  json_set_string(data, "repository", standing->repository);
  json_set_string(data, "from", gate_answer_name(change->from));
  json_set_string(data, "to", gate_answer_name(standing->gate));
  json_set_string(data, "why", change->why);
  return event_tell(db, "image.verdict_changed", standing->manifest, data, error);
}

static void
log_change(const Change *change)
{
  const Standing *standing = change->standing;
  log_info("the verdict of an image changed", "repository", standing->repository, "digest",
           standing->manifest, "from", gate_answer_name(change->from), "to",
           gate_answer_name(standing->gate), "findings_before", change->before, "findings",
           change->after, "why", change->why, "reason", standing->reason, NULL);
}

static int
worst_of(const Standing *standing)
{
  int worst = SEVERITY_CRITICAL;
  while (worst >= 0 && standing->counts[worst] == 0)
    worst--;
  return worst;
}

static bool
write_standing(SqlConnection *db, const Judged *judged, const Rules *rules, GError **error)
{
  const Standing *one = &judged->standing;
  const uint32_t *n = one->counts, *f = one->fixable;
  const char *slash = strchr(one->repository, '/');
  g_autofree char *name =
      slash == NULL ? g_strdup("") : g_strndup(one->repository, (gsize)(slash - one->repository));
  return sql_run(
      db, NULL, error,
      "INSERT INTO standings (repository, manifest, namespace, gate, worst, unscanned, "
      "state, "
      "unknown, negligible, low, medium, high, critical, fixable_unknown, fixable_negligible, "
      "fixable_low, fixable_medium, fixable_high, fixable_critical"
      ", blocking, size, pushed, stamp, expires, advisories, rules, "
      "policy, reason, image) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, "
      "$15, "
      "$16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, "
      "(SELECT id FROM images WHERE images.manifest = $2)) "
      "ON CONFLICT (repository, manifest) DO UPDATE SET gate = excluded.gate, "
      "worst = excluded.worst, unscanned = excluded.unscanned, state = excluded.state, "
      "unknown = excluded.unknown, negligible = excluded.negligible, low = excluded.low, "
      "medium = excluded.medium, high = excluded.high, critical = excluded.critical, "
      "fixable_unknown = excluded.fixable_unknown, "
      "fixable_negligible = excluded.fixable_negligible, fixable_low = excluded.fixable_low, "
      "fixable_medium = excluded.fixable_medium, fixable_high = excluded.fixable_high, "
      "fixable_critical = excluded.fixable_critical, blocking = excluded.blocking, "
      "size = excluded.size, pushed = excluded.pushed, stamp = excluded.stamp, "
      "expires = excluded.expires, advisories = excluded.advisories, rules = excluded.rules, "
      "policy = excluded.policy, reason = excluded.reason, image = excluded.image",
      SQL_TEXT(one->repository), SQL_TEXT(one->manifest), SQL_TEXT(name), SQL_INTEGER(one->gate),
      SQL_INTEGER(worst_of(one)), SQL_INTEGER(one->unscanned), SQL_INTEGER(judged->state),
      SQL_INTEGER(n[0]), SQL_INTEGER(n[1]), SQL_INTEGER(n[2]), SQL_INTEGER(n[3]), SQL_INTEGER(n[4]),
      SQL_INTEGER(n[5]), SQL_INTEGER(f[0]), SQL_INTEGER(f[1]), SQL_INTEGER(f[2]), SQL_INTEGER(f[3]),
      SQL_INTEGER(f[4]), SQL_INTEGER(f[5]), SQL_INTEGER(one->blocking),
      SQL_INTEGER((int64_t)one->size), SQL_INTEGER(one->pushed), SQL_INTEGER(judged->stamp),
      SQL_INTEGER(judged->expires), SQL_TEXT(rules->advisories), SQL_TEXT(judged->rules),
      SQL_TEXT(one->policy), SQL_TEXT(one->reason), SQL_END);
}

/* Not of what was deleted while it was judged. */
static bool
is_stored(SqlConnection *db, const Standing *standing, bool *stored, GError **error)
{
  g_autoptr(SqlRows) rows =
      sql_query(db, error, "SELECT 1 FROM manifests WHERE repository = $1 AND digest = $2",
                SQL_TEXT(standing->repository), SQL_TEXT(standing->manifest), SQL_END);
  Found found = sql_next(rows, error);
  *stored = found == FOUND;
  return found != FAILED;
}

typedef struct {
  const GPtrArray *judged;
  const Rules *rules;
  GPtrArray *changes; /* Change; what came of it */
} Writing;

static bool
write_one(SqlConnection *db, const Judged *one, Writing *writing, GError **error)
{
  g_auto(Former) former = {0};
  bool stored = false;
  if (!is_stored(db, &one->standing, &stored, error) ||
      !read_former(db, &one->standing, &former, error))
    return false;
  if (!stored)
    return true;
  if (is_changed(&former, one)) {
    Change *change = change_new(&former, one, writing->rules);
    g_ptr_array_add(writing->changes, change);
    if (!write_change(db, change, error) || !tell_change(db, change, error))
      return false;
  }
  return write_standing(db, one, writing->rules, error);
}

static bool
write_all(SqlConnection *db, void *data, GError **error)
{
  Writing *writing = data;
  g_ptr_array_set_size(writing->changes, 0);
  for (guint i = 0; i < writing->judged->len; i++)
    if (!write_one(db, g_ptr_array_index(writing->judged, i), writing, error))
      return false;
  return true;
}

static bool
write_judged(SqlPool *sql, const GPtrArray *judged, const Rules *rules, GError **error)
{
  g_autoptr(GPtrArray) changes = g_ptr_array_new_with_free_func(change_free);
  Writing writing = {judged, rules, changes};
  if (judged->len > 0 && !sql_transact_later(sql, write_all, &writing, error))
    return false;
  for (guint i = 0; i < changes->len; i++)
    log_change(g_ptr_array_index(changes, i));
  return true;
}

bool
standings_judge(Pipeline *pipeline, const GPtrArray *manifests, const Rules *rules,
                GPtrArray *later, GError **error)
{
  for (guint i = 0; i < manifests->len;) {
    g_autoptr(GPtrArray) judged = g_ptr_array_new_with_free_func(judged_free);
    for (guint end = MIN(manifests->len, i + JUDGED_AT_ONCE); i < end; i++) {
      g_autoptr(GError) failure = NULL;
      const char *manifest = g_ptr_array_index(manifests, i);
      if (cancellable_set_error_if_cancelled(pipeline->stop, error))
        return false;
      if (judge_manifest(pipeline, manifest, rules, judged, &failure))
        continue;
      if (!g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_BUSY))
        log_warning("the verdict of an image cannot be worked out", "digest", manifest, "error",
                    failure->message, NULL);
      /* What will not pass is looked at again when something changes. */
      if (fault_kind(failure) == FAULT_PASSING)
        g_ptr_array_add(later, g_strdup(manifest));
    }
    if (!write_judged(pipeline->sql, judged, rules, error))
      return false;
  }
  return true;
}
