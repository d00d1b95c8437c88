/* What the advisories say of each distinct package, as rows: questions about all images are looked
 * up in them. A row is the word of the advisories by which its package was matched last
 * (packages.matched). It is written when the package comes and when the advisories change, as far
 * as it differs from what is there, so that `first_seen` tells since when a vulnerability was known
 * to be in a package. */
#include "base/error.h"
#include "oci/digest.h"
#include "pipeline/pipeline-private.h"

typedef struct {
  char *id, *fixed_version;
  Severity severity;
  AdvisoryState state;
  bool known_exploited;
} Fact;

static void
fact_free(void *data)
{
  Fact *fact = data;
  g_free(fact->id);
  g_free(fact->fixed_version);
  g_free(fact);
}

int64_t
package_findings_stamp(const AdvisoryDatabase *advisories)
{
  if (advisories == NULL)
    return 0;
  Digest digest =
      digest_of(DIGEST_SHA256, slice_from_string(advisory_database_generation(advisories)));
  return digest_number(&digest);
}

/* --- matching --- */

static void
note_fact(const MatchFact *from, void *data)
{
  PackageMatch *match = data;
  Fact *fact = g_new0(Fact, 1);
  fact->id = g_strdup(from->id);
  fact->fixed_version = g_strdup(from->fixed_version);
  fact->severity = from->severity;
  fact->state = from->state;
  fact->known_exploited = from->known_exploited;
  if (match->facts == NULL)
    match->facts = g_ptr_array_new_with_free_func(fact_free);
  g_ptr_array_add(match->facts, fact);
  match->tally.counts[from->severity]++;
  match->tally.fixable[from->severity] += from->fixed_version != NULL;
}

bool
package_findings_match(AdvisoryDatabase *advisories, const char *ecosystem, const Package *package,
                       PackageMatch *match, GError **error)
{
  match->tally.third_party = match_is_third_party(ecosystem, package);
  if (advisories != NULL && *ecosystem != '\0' &&
      match_covers(advisories, ecosystem, package->architecture)) {
    bool undecided = false;
    if (!match_package_facts(advisories, ecosystem, package, note_fact, match, &undecided, error))
      return false;
    match->tally.uncovered = undecided;
    return true;
  }
  match->tally.uncovered = 1;
  return true;
}

void
package_match_clear(PackageMatch *match)
{
  g_clear_pointer(&match->facts, g_ptr_array_unref);
}

/* --- writing --- */

/* vulnerability -> Fact, as the rows have it. (transfer full) */
static GHashTable *
load_facts(SqlConnection *db, int64_t package, GError **error)
{
  Found found;
  g_autoptr(GHashTable) facts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, fact_free);
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT vulnerability, fixed_version, severity, state, known_exploited "
                "FROM package_findings WHERE package = $1",
                SQL_INTEGER(package), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    Fact *fact = g_new0(Fact, 1);
    fact->id = g_strdup(sql_rows_text(rows, 0));
    fact->fixed_version = g_strdup(sql_rows_text(rows, 1));
    fact->severity = (Severity)sql_rows_integer(rows, 2);
    fact->state = (AdvisoryState)sql_rows_integer(rows, 3);
    fact->known_exploited = sql_rows_integer(rows, 4) != 0;
    g_hash_table_insert(facts, fact->id, fact);
  }
  return found == ABSENT ? g_steal_pointer(&facts) : NULL;
}

static bool
is_same(const Fact *left, const Fact *right)
{
  return left->severity == right->severity && left->state == right->state &&
         left->known_exploited == right->known_exploited &&
         g_strcmp0(left->fixed_version, right->fixed_version) == 0;
}

static bool
write_fact(SqlConnection *db, int64_t package, const Fact *fact, GError **error)
{
  return sql_run(db, NULL, error,
                 "INSERT INTO package_findings (vulnerability, package, severity, state, "
                 "fixed_version, known_exploited, first_seen) VALUES ($1, $2, $3, $4, $5, $6, $7) "
                 "ON CONFLICT (vulnerability, package) DO UPDATE SET severity = excluded.severity, "
                 "state = excluded.state, fixed_version = excluded.fixed_version, "
                 "known_exploited = excluded.known_exploited",
                 SQL_TEXT(fact->id), SQL_INTEGER(package), SQL_INTEGER(fact->severity),
                 SQL_INTEGER(fact->state), SQL_TEXT(fact->fixed_version),
                 SQL_INTEGER(fact->known_exploited), SQL_INTEGER(g_get_real_time()), SQL_END);
}

static bool
write_facts(SqlConnection *db, int64_t package, const GPtrArray *facts, GError **error)
{
  g_autoptr(GHashTable) stored = load_facts(db, package, error);
  if (stored == NULL)
    return false;
  for (guint i = 0; facts != NULL && i < facts->len; i++) {
    const Fact *fact = g_ptr_array_index(facts, i);
    const Fact *known = g_hash_table_lookup(stored, fact->id);
    if ((known == NULL || !is_same(known, fact)) && !write_fact(db, package, fact, error))
      return false;
    g_hash_table_remove(stored, fact->id);
  }
  GHashTableIter iter;
  void *id;
  g_hash_table_iter_init(&iter, stored);
  while (g_hash_table_iter_next(&iter, &id, NULL))
    if (!sql_run(db, NULL, error,
                 "DELETE FROM package_findings WHERE vulnerability = $1 AND package = $2",
                 SQL_TEXT(id), SQL_INTEGER(package), SQL_END))
      return false;
  return true;
}

bool
package_findings_write(SqlConnection *db, int64_t package, const PackageMatch *match, int64_t stamp,
                       GError **error)
{
  int64_t there = 0;
  g_autofree char *counts = tally_to_text(match->tally.counts);
  g_autofree char *fixable = tally_to_text(match->tally.fixable);
  /* One that went since it was read leaves nothing. */
  return sql_run(db, &there, error,
                 "UPDATE packages SET matched = $2, counts = $3, fixable = $4, uncovered = $5, "
                 "third_party = $6 WHERE id = $1",
                 SQL_INTEGER(package), SQL_INTEGER(stamp), SQL_TEXT(counts), SQL_TEXT(fixable),
                 SQL_INTEGER(match->tally.uncovered), SQL_INTEGER(match->tally.third_party),
                 SQL_END) &&
         (there == 0 || write_facts(db, package, match->facts, error));
}

bool
package_findings_write_new(SqlConnection *db, int64_t package, const PackageMatch *match,
                           GError **error)
{
  for (guint i = 0; match->facts != NULL && i < match->facts->len; i++)
    if (!write_fact(db, package, g_ptr_array_index(match->facts, i), error))
      return false;
  return true;
}

/* --- sums --- */

void
tally_add(Tally *sum, const Tally *more)
{
  for (int i = 0; i <= SEVERITY_CRITICAL; i++) {
    sum->counts[i] += more->counts[i];
    sum->fixable[i] += more->fixable[i];
  }
  sum->uncovered += more->uncovered;
  sum->third_party += more->third_party;
}

char *
tally_to_text(const uint32_t numbers[SEVERITY_CRITICAL + 1])
{
  GString *text = g_string_new(NULL);
  for (int i = 0; i <= SEVERITY_CRITICAL; i++)
    g_string_append_printf(text, "%s%u", i == 0 ? "" : ",", numbers[i]);
  return g_string_free(text, FALSE);
}

void
tally_from_text(const char *text, uint32_t numbers[SEVERITY_CRITICAL + 1])
{
  Slice rest = slice_from_string(text), field;
  for (int i = 0; i <= SEVERITY_CRITICAL && slice_next_field(&rest, ',', &field); i++) {
    uint64_t value = 0;
    slice_to_uint64(field, &value);
    numbers[i] = (uint32_t)value;
  }
}

void
tally_from_row(SqlRows *rows, int column, Tally *tally)
{
  tally_from_text(sql_rows_text(rows, column), tally->counts);
  tally_from_text(sql_rows_text(rows, column + 1), tally->fixable);
  tally->uncovered = (uint32_t)sql_rows_integer(rows, column + 2);
  tally->third_party = (uint32_t)sql_rows_integer(rows, column + 3);
}
