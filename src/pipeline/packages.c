/* The packages of images as rows that images share.
 *
 * The packages that a layer brought to an image are cut into sets, at packages that their hashes
 * choose: so a layer of which one package differs shares all sets but one with the layer that it
 * was built from. An image is some rows (image_sets), whatever number of packages it has, and which
 * images have a package is found by way of the sets (package_set_members, image_sets).
 *
 * Ids are 63 bits of a hash. What is stored under an id is compared with what is to be stored, so
 * that nobody can make a package stand for another. */
#include <string.h>

#include "base/error.h"
#include "pipeline/pipeline-private.h"
#include "verdict/match.h"

/* A set ends after a package whose id has these bits set: of 32 packages each on average. */
#define SET_ENDS       ((int64_t)31)
#define SET_MOST       256u
#define PACKAGE_FIELDS 10

typedef struct {
  const ImagePackage *package;
  char *ecosystem; /* "": of no distribution that we know */
  char *places;    /* other files that show it, a line each; NULL: there are none */
  Digest digest;   /* of all that matching looks at */
  bool stored;     /* it is a row, or will be one by the time that it is written */
  bool counted;    /* `match` has its tally by the present advisories */
  bool matched;    /* and what is found in it */
  PackageMatch match;
} Member;

static void
member_clear(void *data)
{
  Member *member = data;
  g_free(member->ecosystem);
  g_free(member->places);
  package_match_clear(&member->match);
}

typedef struct {
  guint first, length; /* in the members */
  Digest digest;
  bool stored; /* it is a row */
} Set;

struct PreparedPackages {
  AdvisoryDatabase *advisories; /* or NULL */
  GArray *members;              /* Member, by layer and digest */
  GArray *sets;                 /* Set */
  char *facts, *gaps, *observed;
  Tally sum;
};

static int64_t
member_id(const Member *member)
{
  return digest_number(&member->digest);
}

/* All that matching looks at: in any image, a package of the same fields is the same. */
static void
fields_of(const Member *member, const char *fields[PACKAGE_FIELDS])
{
  const Package *package = member->package->package;
  const char *const all[PACKAGE_FIELDS] = {
      member->ecosystem,     package->type,        package->name,           package->version,
      package->architecture, package->source_name, package->source_version, package->module,
      package->vendor,       package->symbols};
  memcpy(fields, all, sizeof all);
}

static Digest
member_digest(const Member *member)
{
  const char *fields[PACKAGE_FIELDS];
  fields_of(member, fields);
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  /* The last came later: what has none has the digest that it had. */
  size_t count = PACKAGE_FIELDS - (fields[PACKAGE_FIELDS - 1] == NULL);
  for (size_t i = 0; i < count; i++) {
    byte_array_add_varint(bytes, fields[i] != NULL);
    byte_array_add_prefixed(bytes, slice_from_string(fields[i]));
  }
  return digest_of(DIGEST_SHA256, slice_new(bytes->data, bytes->len));
}

static int
compare_members(gconstpointer a, gconstpointer b)
{
  const Member *left = a, *right = b;
  unsigned lower = left->package->layer, upper = right->package->layer;
  return lower != upper ? (lower > upper) - (lower < upper)
                        : strcmp(left->digest.text, right->digest.text);
}

static GArray *
members_of(const ImageInventory *inventory)
{
  GArray *members = g_array_new(FALSE, TRUE, sizeof(Member));
  g_array_set_clear_func(members, member_clear);
  for (guint i = 0; i < inventory->packages->len; i++) {
    Member member = {.package = &g_array_index(inventory->packages, ImagePackage, i)};
    member.ecosystem = match_ecosystem(inventory->os, member.package);
    if (member.ecosystem == NULL)
      member.ecosystem = g_strdup("");
    member.digest = member_digest(&member);
    member.places = packages_places_to_text(inventory, member.package);
    g_array_append_val(members, member);
  }
  g_array_sort(members, compare_members);
  return members;
}

/* How many members from @first on are of one set. */
static guint
set_length(const GArray *members, guint first)
{
  const Member *member = &g_array_index(members, Member, first);
  unsigned layer = member->package->layer;
  guint length = 1;
  for (guint i = first; (member_id(member) & SET_ENDS) != SET_ENDS && length < SET_MOST; length++) {
    member = ++i < members->len ? &g_array_index(members, Member, i) : NULL;
    if (member == NULL || member->package->layer != layer)
      break;
  }
  return length;
}

/* What few packages have is in the digest of those alone. */
static void
add_evidence(GByteArray *bytes, const Member *member)
{
  const Package *package = member->package->package;
  byte_array_add_prefixed(bytes, slice_from_string(package->location));
  if (member->places == NULL && package->owner == NULL && !package->declared &&
      !package->development)
    return;
  byte_array_add_varint(bytes, package->declared);
  byte_array_add_prefixed(bytes, slice_from_string(package->owner));
  byte_array_add_prefixed(bytes, slice_from_string(member->places));
  if (package->development)
    byte_array_add_varint(bytes, package->development);
}

static Digest
set_digest(const Member *members, guint count)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  for (guint i = 0; i < count; i++) {
    byte_array_add_prefixed(bytes, slice_from_string(members[i].digest.text));
    add_evidence(bytes, &members[i]);
  }
  return digest_of(DIGEST_SHA256, slice_new(bytes->data, bytes->len));
}

static GArray *
sets_of(const GArray *members)
{
  GArray *sets = g_array_new(FALSE, TRUE, sizeof(Set));
  for (guint i = 0; i < members->len; i += g_array_index(sets, Set, sets->len - 1).length) {
    Set set = {.first = i, .length = set_length(members, i)};
    set.digest = set_digest(&g_array_index(members, Member, i), set.length);
    g_array_append_val(sets, set);
  }
  return sets;
}

static bool
set_taken(const char *what, int64_t id, GError **error)
{
  return error_set(error, ASSAY_ERROR_MISMATCH,
                   "%s has the id %" G_GINT64_FORMAT ", which another has already; such an image "
                   "cannot be kept beside what is stored",
                   what, id);
}

/* --- preparing: what is there --- */

/* Of five columns: matched, and those of tally_from_row(). */
static void
take_tally(SqlRows *rows, int column, int64_t stamp, Member *member)
{
  member->stored = true;
  member->counted = sql_rows_integer(rows, column) == stamp;
  if (member->counted)
    tally_from_row(rows, column + 1, &member->match.tally);
}

/* A set that is there is there whole. */
static bool
look_up_set(SqlConnection *db, PreparedPackages *prepared, Set *set, int64_t stamp, GError **error)
{
  Found found;
  int64_t id = digest_number(&set->digest);
  guint next = set->first, end = set->first + set->length;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT package_sets.digest, packages.id, matched, counts, fixable, uncovered, "
                "third_party FROM package_sets "
                "JOIN package_set_members ON package_set_members.package_set = package_sets.id "
                "JOIN packages ON packages.id = package_set_members.package "
                "WHERE package_sets.id = $1 ORDER BY package_set_members.package",
                SQL_INTEGER(id), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    if (g_strcmp0(sql_rows_text(rows, 0), set->digest.text) != 0)
      return set_taken("a set of packages", id, error);
    set->stored = true;
    /* Both are in the order of the ids, which begin the digests. */
    while (next < end &&
           member_id(&g_array_index(prepared->members, Member, next)) < sql_rows_integer(rows, 1))
      next++;
    if (next < end)
      take_tally(rows, 2, stamp, &g_array_index(prepared->members, Member, next));
  }
  return found == ABSENT;
}

static bool
look_up_package(SqlConnection *db, Member *member, int64_t stamp, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error,
                          "SELECT matched, counts, fixable, uncovered, third_party FROM packages "
                          "WHERE id = $1",
                          SQL_INTEGER(member_id(member)), SQL_END);
  if (found == FOUND)
    take_tally(rows, 0, stamp, member);
  return found != FAILED;
}

/* In sets that are not there. What several layers bring is written with the first. */
static bool
look_up_packages(SqlConnection *db, PreparedPackages *prepared, const Set *set, GHashTable *seen,
                 int64_t stamp, GError **error)
{
  for (guint i = set->first; i < set->first + set->length; i++) {
    Member *member = &g_array_index(prepared->members, Member, i);
    if (!g_hash_table_add(seen, member->digest.text))
      member->stored = true;
    else if (!look_up_package(db, member, stamp, error))
      return false;
  }
  return true;
}

static bool
look_up(SqlPool *sql, PreparedPackages *prepared, GError **error)
{
  int64_t stamp = package_findings_stamp(prepared->advisories);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return false;
  for (guint i = 0; i < prepared->sets->len; i++) {
    Set *set = &g_array_index(prepared->sets, Set, i);
    if (!look_up_set(db, prepared, set, stamp, error) ||
        (!set->stored && !look_up_packages(db, prepared, set, seen, stamp, error)))
      return false;
  }
  return true;
}

/* --- preparing: what is found --- */

static bool
match_member(const PreparedPackages *prepared, const Member *member, PackageMatch *match,
             GError **error)
{
  return package_findings_match(prepared->advisories, member->ecosystem, member->package->package,
                                match, error);
}

/* One that is a row, and was matched by other advisories, is matched for the image alone: the row
 * follows when all are matched again. */
static bool
match_and_sum(PreparedPackages *prepared, GError **error)
{
  for (guint i = 0; i < prepared->members->len; i++) {
    Member *member = &g_array_index(prepared->members, Member, i);
    if (!member->counted) {
      member->matched = match_member(prepared, member, &member->match, error);
      if (!member->matched)
        return false;
    }
    tally_add(&prepared->sum, &member->match.tally);
  }
  return true;
}

PreparedPackages *
packages_prepare(SqlPool *sql, const ImageInventory *inventory, AdvisoryDatabase *advisories,
                 GError **error)
{
  g_autoptr(PreparedPackages) prepared = g_new0(PreparedPackages, 1);
  prepared->advisories = advisories == NULL ? NULL : advisory_database_ref(advisories);
  prepared->members = members_of(inventory);
  prepared->sets = sets_of(prepared->members);
  prepared->facts = packages_facts_to_text(inventory);
  prepared->observed = packages_observed_to_text(inventory);
  prepared->gaps = packages_gaps_to_text(inventory);
  return look_up(sql, prepared, error) && match_and_sum(prepared, error)
             ? g_steal_pointer(&prepared)
             : NULL;
}

void
prepared_packages_free(PreparedPackages *prepared)
{
  if (prepared == NULL)
    return;
  advisory_database_unref(prepared->advisories);
  g_array_unref(prepared->members);
  g_array_unref(prepared->sets);
  g_free(prepared->facts);
  g_free(prepared->observed);
  g_free(prepared->gaps);
  g_free(prepared);
}

const Tally *
packages_sum(const PreparedPackages *prepared)
{
  return &prepared->sum;
}

/* --- writing --- */

/* Whether the row of that id is this package's. */
static bool
check_package(SqlConnection *db, const Member *member, GError **error)
{
  const char *fields[PACKAGE_FIELDS];
  fields_of(member, fields);
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT ecosystem, type, name, version, architecture, source_name, "
                "source_version, module, vendor, symbols FROM packages WHERE id = $1",
                SQL_INTEGER(member_id(member)), SQL_END);
  Found found = sql_next(rows, error);
  bool same = found == FOUND;
  for (int i = 0; same && i < PACKAGE_FIELDS; i++)
    same = g_strcmp0(sql_rows_text(rows, i), fields[i]) == 0;
  return found != FAILED &&
         (same || set_taken(member->package->package->name, member_id(member), error));
}

static bool
insert_package(SqlConnection *db, const Member *member, const PackageMatch *match, int64_t stamp,
               int64_t *added, GError **error)
{
  const Package *package = member->package->package;
  g_autofree char *counts = tally_to_text(match->tally.counts);
  g_autofree char *fixable = tally_to_text(match->tally.fixable);
  return sql_run(db, added, error,
                 "INSERT INTO packages (id, ecosystem, type, name, version, architecture, "
                 "source_name, source_version, module, vendor, matched, counts, fixable, "
                 "uncovered, third_party, symbols) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) "
                 "ON CONFLICT (id) DO NOTHING",
                 SQL_INTEGER(member_id(member)), SQL_TEXT(member->ecosystem),
                 SQL_TEXT(package->type), SQL_TEXT(package->name), SQL_TEXT(package->version),
                 SQL_TEXT(package->architecture), SQL_TEXT(package->source_name),
                 SQL_TEXT(package->source_version), SQL_TEXT(package->module),
                 SQL_TEXT(package->vendor), SQL_INTEGER(stamp), SQL_TEXT(counts), SQL_TEXT(fixable),
                 SQL_INTEGER(match->tally.uncovered), SQL_INTEGER(match->tally.third_party),
                 SQL_TEXT(package->symbols), SQL_END);
}

/* One that was a row a moment ago, and whose facts were not asked for, is matched now. */
static bool
add_package(SqlConnection *db, const PreparedPackages *prepared, const Member *member,
            GError **error)
{
  int64_t added = 0;
  g_auto(PackageMatch) found = {{{0}, {0}, 0, 0}, NULL};
  const PackageMatch *match = member->matched ? &member->match : &found;
  if (!member->matched && !match_member(prepared, member, &found, error))
    return false;
  return insert_package(db, member, match, package_findings_stamp(prepared->advisories), &added,
                        error) &&
         (added > 0 ? package_findings_write_new(db, member_id(member), match, error)
                    : check_package(db, member, error));
}

/* Only where its row is this package's; *linked tells. */
static bool
link_package(SqlConnection *db, int64_t set, const Member *member, int64_t *linked, GError **error)
{
  const Package *package = member->package->package;
  return sql_run(db, linked, error,
                 "INSERT INTO package_set_members (package_set, package, location, owner, places, "
                 "declared, development) SELECT $1, id, $3, $13, $14, $15, $17 FROM packages "
                 "WHERE id = $2 AND "
                 "ecosystem = $4 AND type = $5 "
                 "AND name = $6 AND version = $7 AND source_name = $8 AND source_version = $9 "
                 "AND architecture IS NOT DISTINCT FROM $10 AND module IS NOT DISTINCT FROM $11 "
                 "AND vendor IS NOT DISTINCT FROM $12 AND symbols IS NOT DISTINCT FROM $16",
                 SQL_INTEGER(set), SQL_INTEGER(member_id(member)), SQL_TEXT(package->location),
                 SQL_TEXT(member->ecosystem), SQL_TEXT(package->type), SQL_TEXT(package->name),
                 SQL_TEXT(package->version), SQL_TEXT(package->source_name),
                 SQL_TEXT(package->source_version), SQL_TEXT(package->architecture),
                 SQL_TEXT(package->module), SQL_TEXT(package->vendor), SQL_TEXT(package->owner),
                 SQL_TEXT(member->places), SQL_INTEGER(package->declared),
                 SQL_TEXT(package->symbols), SQL_INTEGER(package->development), SQL_END);
}

static bool
add_member(SqlConnection *db, int64_t set, const PreparedPackages *prepared, const Member *member,
           GError **error)
{
  const Package *package = member->package->package;
  int64_t linked = 0;
  if (member->stored && !link_package(db, set, member, &linked, error))
    return false;
  return linked > 0 ||
         (add_package(db, prepared, member, error) &&
          sql_run(db, NULL, error,
                  "INSERT INTO package_set_members (package_set, package, location, "
                  "owner, places, declared, development) "
                  "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                  SQL_INTEGER(set), SQL_INTEGER(member_id(member)), SQL_TEXT(package->location),
                  SQL_TEXT(package->owner), SQL_TEXT(member->places),
                  SQL_INTEGER(package->declared), SQL_INTEGER(package->development), SQL_END));
}

/* Whether the set of that id is this one. */
static bool
check_set(SqlConnection *db, int64_t id, const Set *set, GError **error)
{
  g_autoptr(SqlRows) rows = NULL;
  Found found = sql_first(db, &rows, error, "SELECT digest FROM package_sets WHERE id = $1",
                          SQL_INTEGER(id), SQL_END);
  return found != FAILED &&
         ((found == FOUND && g_strcmp0(sql_rows_text(rows, 0), set->digest.text) == 0) ||
          set_taken("a set of packages", id, error));
}

/* One that came since it was looked up is there whole. */
static bool
add_set(SqlConnection *db, int64_t id, const PreparedPackages *prepared, const Set *set,
        GError **error)
{
  int64_t added = 0;
  if (!sql_run(db, &added, error,
               "INSERT INTO package_sets (id, digest) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
               SQL_INTEGER(id), SQL_TEXT(set->digest.text), SQL_END))
    return false;
  if (added == 0)
    return check_set(db, id, set, error);
  for (guint i = set->first; i < set->first + set->length; i++)
    if (!add_member(db, id, prepared, &g_array_index(prepared->members, Member, i), error))
      return false;
  return true;
}

static bool
store_set(SqlConnection *db, int64_t image, const PreparedPackages *prepared, const Set *set,
          GError **error)
{
  int64_t id = digest_number(&set->digest), linked = 0;
  unsigned layer = g_array_index(prepared->members, Member, set->first).package->layer;
  /* One that went since is added again. */
  if (set->stored && !sql_run(db, &linked, error,
                              "INSERT INTO image_sets (image, package_set, layer) "
                              "SELECT $1, id, $3 FROM package_sets WHERE id = $2 AND digest = $4",
                              SQL_INTEGER(image), SQL_INTEGER(id), SQL_INTEGER(layer),
                              SQL_TEXT(set->digest.text), SQL_END))
    return false;
  return linked > 0 ||
         (add_set(db, id, prepared, set, error) &&
          sql_run(db, NULL, error,
                  "INSERT INTO image_sets (image, package_set, layer) VALUES ($1, $2, $3)",
                  SQL_INTEGER(image), SQL_INTEGER(id), SQL_INTEGER(layer), SQL_END));
}

bool
packages_store(SqlConnection *db, int64_t image, const PreparedPackages *prepared, GError **error)
{
  if (!packages_forget(db, image, error))
    return false;
  for (guint i = 0; i < prepared->sets->len; i++)
    if (!store_set(db, image, prepared, &g_array_index(prepared->sets, Set, i), error))
      return false;
  return sql_run(db, NULL, error,
                 "UPDATE images SET facts = $2, gaps = $3, package_count = $4, observed = $5 "
                 "WHERE id = $1",
                 SQL_INTEGER(image), SQL_TEXT(prepared->facts), SQL_TEXT(prepared->gaps),
                 SQL_INTEGER(prepared->members->len), SQL_TEXT(prepared->observed), SQL_END);
}

bool
packages_forget(SqlConnection *db, int64_t image, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM image_packages WHERE image = $1", SQL_INTEGER(image),
                 SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM image_sets WHERE image = $1", SQL_INTEGER(image),
                 SQL_END);
}
