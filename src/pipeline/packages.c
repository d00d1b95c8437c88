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
#include "base/json.h"
#include "inventory/ecosystem.h"
#include "pipeline/pipeline-private.h"
#include "verdict/completeness.h"

/* A set ends after a package whose id has these bits set: of 32 packages each on average. */
#define SET_ENDS ((int64_t)31)
#define SET_MOST 256u

typedef struct {
  const ImagePackage *package;
  char *ecosystem; /* "": of no distribution that we know */
  Digest digest;   /* of all that matching looks at */
} Member;

static void
member_clear(void *data)
{
  g_free(((Member *)data)->ecosystem);
}

int64_t
packages_id_of(const char *hex)
{
  g_autofree char *head = g_strndup(hex, 16);
  return (int64_t)(g_ascii_strtoull(head, NULL, 16) >> 1);
}

static int64_t
member_id(const Member *member)
{
  return packages_id_of(digest_hex(&member->digest));
}

/* The same package in any image has the same digest. */
static Digest
package_digest(const char *ecosystem, const Package *package)
{
  const char *const fields[] = {ecosystem,
                                package->type,
                                package->name,
                                package->version,
                                package->architecture,
                                package->source_name,
                                package->source_version,
                                package->module,
                                package->vendor};
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
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

/* By layer and digest. (transfer full): Member */
static GArray *
members_of(const ImageInventory *inventory)
{
  GArray *members = g_array_new(FALSE, TRUE, sizeof(Member));
  g_array_set_clear_func(members, member_clear);
  for (guint i = 0; i < inventory->packages->len; i++) {
    Member member = {.package = &g_array_index(inventory->packages, ImagePackage, i)};
    const Package *package = member.package->package;
    member.ecosystem = ecosystem_of_image(inventory->os, package->type);
    if (member.ecosystem == NULL)
      member.ecosystem = g_strdup("");
    member.digest = package_digest(member.ecosystem, package);
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

/* --- storing --- */

static bool
set_taken(const char *what, int64_t id, GError **error)
{
  return error_set(error, ASSAY_ERROR_MISMATCH,
                   "%s has the id %" G_GINT64_FORMAT ", which another has already; such an image "
                   "cannot be kept beside what is stored",
                   what, id);
}

/* Whether the row of that id is this package's. */
static bool
check_package(SqlConnection *db, int64_t id, const Member *member, GError **error)
{
  const Package *package = member->package->package;
  const char *const fields[] = {
      member->ecosystem,       package->type,         package->name,
      package->version,        package->architecture, package->source_name,
      package->source_version, package->module,       package->vendor};
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT ecosystem, type, name, version, architecture, source_name, "
                "source_version, module, vendor FROM packages WHERE id = $1",
                SQL_INTEGER(id), SQL_END);
  Found found = sql_next(rows, error);
  bool same = found == FOUND;
  for (int i = 0; same && i < (int)G_N_ELEMENTS(fields); i++)
    same = g_strcmp0(sql_rows_text(rows, i), fields[i]) == 0;
  return found != FAILED && (same || set_taken(package->name, id, error));
}

static bool
store_package(SqlConnection *db, const Member *member, AdvisoryDatabase *advisories, GError **error)
{
  const Package *package = member->package->package;
  int64_t id = member_id(member), added = 0;
  return sql_run(db, &added, error,
                 "INSERT INTO packages (id, ecosystem, type, name, version, architecture, "
                 "source_name, source_version, module, vendor) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
                 "ON CONFLICT (id) DO NOTHING",
                 SQL_INTEGER(id), SQL_TEXT(member->ecosystem), SQL_TEXT(package->type),
                 SQL_TEXT(package->name), SQL_TEXT(package->version),
                 SQL_TEXT(package->architecture), SQL_TEXT(package->source_name),
                 SQL_TEXT(package->source_version), SQL_TEXT(package->module),
                 SQL_TEXT(package->vendor), SQL_END) &&
         (added > 0 ? package_findings_add(db, id, member->ecosystem, package, advisories, error)
                    : check_package(db, id, member, error));
}

static Digest
set_digest(const Member *members, guint count)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  for (guint i = 0; i < count; i++) {
    byte_array_add_prefixed(bytes, slice_from_string(members[i].digest.text));
    byte_array_add_prefixed(bytes, slice_from_string(members[i].package->package->location));
  }
  return digest_of(DIGEST_SHA256, slice_new(bytes->data, bytes->len));
}

static bool
add_set(SqlConnection *db, int64_t id, const Digest *digest, const Member *members, guint count,
        AdvisoryDatabase *advisories, GError **error)
{
  if (!sql_run(db, NULL, error, "INSERT INTO package_sets (id, digest) VALUES ($1, $2)",
               SQL_INTEGER(id), SQL_TEXT(digest->text), SQL_END))
    return false;
  for (guint i = 0; i < count; i++)
    if (!store_package(db, &members[i], advisories, error) ||
        !sql_run(db, NULL, error,
                 "INSERT INTO package_set_members (package_set, package, location) "
                 "VALUES ($1, $2, $3)",
                 SQL_INTEGER(id), SQL_INTEGER(member_id(&members[i])),
                 SQL_TEXT(members[i].package->package->location), SQL_END))
      return false;
  return true;
}

/* A set that is there is there whole. */
static bool
store_set(SqlConnection *db, int64_t image, const Member *members, guint count,
          AdvisoryDatabase *advisories, GError **error)
{
  Digest digest = set_digest(members, count);
  int64_t id = packages_id_of(digest_hex(&digest));
  Found found;
  {
    g_autoptr(SqlRows) rows = NULL;
    found = sql_first(db, &rows, error, "SELECT digest FROM package_sets WHERE id = $1",
                      SQL_INTEGER(id), SQL_END);
    if (found == FOUND && g_strcmp0(sql_rows_text(rows, 0), digest.text) != 0)
      return set_taken("a set of packages", id, error);
  }
  return found != FAILED &&
         (found == FOUND || add_set(db, id, &digest, members, count, advisories, error)) &&
         sql_run(db, NULL, error,
                 "INSERT INTO image_sets (image, package_set, layer) VALUES ($1, $2, $3)",
                 SQL_INTEGER(image), SQL_INTEGER(id), SQL_INTEGER(members->package->layer),
                 SQL_END);
}

/* What findings name besides packages. */
typedef struct {
  GPtrArray *layers; /* char *: their digests */
  OsRelease *os;
} Facts;
static const JsonMember fact_members[] = {
    {JSON_MEMBER(Facts, layers), .kind = &json_lines},
    {JSON_MEMBER(Facts, os), .kind = &json_child, .table = &os_release_table},
};
static const JsonTable facts_table = JSON_TABLE(Facts, fact_members);

static char *
facts_to_text(const ImageInventory *inventory)
{
  g_autoptr(GPtrArray) layers = g_ptr_array_new();
  for (guint i = 0; i < inventory->layers->len; i++)
    g_ptr_array_add(layers,
                    ((LayerInventory *)g_ptr_array_index(inventory->layers, i))->layer.text);
  Facts facts = {layers, inventory->os};
  g_autoptr(json_t) json = json_table_write(&facts_table, &facts);
  return json_to_text(json);
}

/* What is not known whatever the advisories: a line each, for the sentences have none within. */
static char *
gaps_to_text(const ImageInventory *inventory)
{
  g_autoptr(GPtrArray) gaps = completeness_gaps(inventory, NULL);
  g_ptr_array_add(gaps, NULL);
  return g_strjoinv("\n", (char **)gaps->pdata);
}

/* One that was matched by other advisories is matched for the image alone: its rows follow when all
 * are matched again. */
static bool
add_member(SqlRows *rows, const Member *member, AdvisoryDatabase *advisories, int64_t stamp,
           Tally *sum, GError **error)
{
  g_auto(PackageMatch) match = {{{0}, {0}, 0, 0}, NULL};
  if (sql_rows_integer(rows, 1) == stamp)
    tally_from_row(rows, 2, &match.tally);
  else if (!package_findings_match(advisories, member->ecosystem, member->package->package, &match,
                                   error))
    return false;
  tally_add(sum, &match.tally);
  return true;
}

static bool
add_members(SqlConnection *db, int64_t image, const GArray *members, AdvisoryDatabase *advisories,
            Tally *sum, GError **error)
{
  Found found;
  int64_t stamp = package_findings_stamp(advisories);
  g_autoptr(GHashTable) by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
  g_autofree int64_t *ids = g_new(int64_t, members->len + 1);
  for (guint i = 0; i < members->len; i++) {
    ids[i] = member_id(&g_array_index(members, Member, i));
    g_hash_table_insert(by_id, &ids[i], &g_array_index(members, Member, i));
  }
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT packages.id, matched, counts, fixable, uncovered, third_party "
                "FROM image_sets JOIN package_set_members ON package_set_members.package_set = "
                "image_sets.package_set "
                "JOIN packages ON packages.id = package_set_members.package "
                "WHERE image_sets.image = $1",
                SQL_INTEGER(image), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND) {
    int64_t id = sql_rows_integer(rows, 0);
    const Member *member = g_hash_table_lookup(by_id, &id);
    if (member != NULL && !add_member(rows, member, advisories, stamp, sum, error))
      return false;
  }
  return found == ABSENT;
}

bool
packages_store(SqlConnection *db, int64_t image, const ImageInventory *inventory,
               AdvisoryDatabase *advisories, Tally *sum, GError **error)
{
  g_autoptr(GArray) members = members_of(inventory);
  g_autofree char *facts = facts_to_text(inventory), *gaps = gaps_to_text(inventory);
  if (!packages_forget(db, image, error))
    return false;
  for (guint i = 0, length = 0; i < members->len; i += length) {
    length = set_length(members, i);
    if (!store_set(db, image, &g_array_index(members, Member, i), length, advisories, error))
      return false;
  }
  return add_members(db, image, members, advisories, sum, error) &&
         sql_run(db, NULL, error,
                 "UPDATE images SET facts = $2, gaps = $3, package_count = $4 WHERE id = $1",
                 SQL_INTEGER(image), SQL_TEXT(facts), SQL_TEXT(gaps), SQL_INTEGER(members->len),
                 SQL_END);
}

bool
packages_forget(SqlConnection *db, int64_t image, GError **error)
{
  return sql_run(db, NULL, error, "DELETE FROM image_packages WHERE image = $1", SQL_INTEGER(image),
                 SQL_END) &&
         sql_run(db, NULL, error, "DELETE FROM image_sets WHERE image = $1", SQL_INTEGER(image),
                 SQL_END);
}

/* --- loading --- */

/* A layer that has its digest alone, and holds the packages that it brought. */
static void
add_layer(ImageInventory *inventory, const char *digest)
{
  LayerInventory *layer = layer_inventory_new();
  digest_parse(digest, &layer->layer, NULL);
  g_ptr_array_add(inventory->layers, layer);
}

/* (transfer full), NULL: the text is damaged */
static ImageInventory *
inventory_of_facts(const char *text, const char *gaps, GError **error)
{
  Facts facts = {0};
  g_autoptr(json_t) json = json_parse(slice_from_string(text), error);
  if (json == NULL || !json_table_read(&facts_table, json, &facts, error)) {
    json_table_clear(&facts_table, &facts);
    return NULL;
  }
  ImageInventory *inventory = g_new0(ImageInventory, 1);
  inventory->packages = g_array_new(FALSE, FALSE, sizeof(ImagePackage));
  inventory->unread = g_ptr_array_new_with_free_func(g_free);
  inventory->layers = g_ptr_array_new_with_free_func((GDestroyNotify)layer_inventory_free);
  inventory->gaps = g_ptr_array_new_with_free_func(g_free);
  inventory->os = g_steal_pointer(&facts.os);
  for (guint i = 0; i < facts.layers->len; i++)
    add_layer(inventory, g_ptr_array_index(facts.layers, i));
  json_table_clear(&facts_table, &facts);
  Slice rest = slice_from_string(gaps), line;
  while (slice_next_line(&rest, &line))
    g_ptr_array_add(inventory->gaps, slice_to_string(line));
  return inventory;
}

static void
take_row(SqlRows *rows, ImageInventory *inventory)
{
  ImagePackage one = {NULL, (unsigned)sql_rows_integer(rows, 0)};
  if (one.layer >= inventory->layers->len)
    return;
  LayerInventory *layer = g_ptr_array_index(inventory->layers, one.layer);
  Package *package = g_new0(Package, 1);
  package->location = g_strdup(sql_rows_text(rows, 1));
  package->type = g_strdup(sql_rows_text(rows, 2));
  package->name = g_strdup(sql_rows_text(rows, 3));
  package->version = g_strdup(sql_rows_text(rows, 4));
  package->architecture = g_strdup(sql_rows_text(rows, 5));
  package->source_name = g_strdup(sql_rows_text(rows, 6));
  package->source_version = g_strdup(sql_rows_text(rows, 7));
  package->module = g_strdup(sql_rows_text(rows, 8));
  package->vendor = g_strdup(sql_rows_text(rows, 9));
  g_ptr_array_add(layer->packages, package);
  one.package = package;
  g_array_append_val(inventory->packages, one);
}

static bool
load_packages(SqlConnection *db, int64_t image, guint count, ImageInventory *inventory,
              GError **error)
{
  Found found;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT image_sets.layer, location, type, name, version, architecture, "
                "source_name, source_version, module, vendor FROM image_sets "
                "JOIN package_set_members ON package_set_members.package_set = "
                "image_sets.package_set "
                "JOIN packages ON packages.id = package_set_members.package "
                "WHERE image_sets.image = $1",
                SQL_INTEGER(image), SQL_END);
  while ((found = sql_next(rows, error)) == FOUND)
    take_row(rows, inventory);
  if (found == FAILED)
    return false;
  g_array_sort(inventory->packages, image_package_compare);
  return inventory->packages->len == count ||
         error_set(error, ASSAY_ERROR_MISMATCH,
                   "%u of its %u packages are in the metadata database; push the image again",
                   inventory->packages->len, count);
}

bool
packages_load(SqlPool *sql, const char *manifest, ImageInventory **inventory, GError **error)
{
  *inventory = NULL;
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  if (db == NULL)
    return false;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT id, package_count, gaps, facts FROM images WHERE manifest = $1 AND "
                "state = $2 AND facts IS NOT NULL",
                SQL_TEXT(manifest), SQL_INTEGER(SCAN_DONE), SQL_END);
  Found found = sql_next(rows, error);
  if (found != FOUND)
    return found == ABSENT;
  g_autoptr(ImageInventory) loaded =
      inventory_of_facts(sql_rows_text(rows, 3), sql_rows_text(rows, 2), error);
  int64_t id = sql_rows_integer(rows, 0), count = sql_rows_integer(rows, 1);
  g_clear_pointer(&rows, sql_rows_free);
  if (loaded == NULL || !load_packages(db, id, (guint)count, loaded, error)) {
    g_prefix_error(error, "image %s: ", manifest);
    return false;
  }
  *inventory = g_steal_pointer(&loaded);
  return true;
}
