/* The packages of an image, read from the rows that packages.c wrote. */
#include "base/error.h"
#include "pipeline/pipeline-private.h"

/* The same package at the places of @lines, for image_package_places(). */
static void
add_places(ImageInventory *inventory, const ImagePackage *package, const char *lines)
{
  LayerInventory *layer = g_ptr_array_index(inventory->layers, package->layer);
  const Package *of = package->package;
  Slice rest = slice_from_string(lines), line;
  while (slice_next_line(&rest, &line)) {
    Package *other = g_new0(Package, 1);
    *other = (Package){.type = g_strdup(of->type),
                       .name = g_strdup(of->name),
                       .version = g_strdup(of->version),
                       .architecture = g_strdup(of->architecture),
                       .source_name = g_strdup(of->source_name),
                       .source_version = g_strdup(of->source_version),
                       .module = g_strdup(of->module),
                       .vendor = g_strdup(of->vendor),
                       .location = slice_to_string(line)};
    const ImagePackage one = {.package = other, .layer = package->layer};
    g_ptr_array_add(layer->packages, other);
    g_array_append_val(inventory->doubles, one);
  }
}

static void
take_row(SqlRows *rows, ImageInventory *inventory)
{
  ImagePackage one = {.layer = (unsigned)sql_rows_integer(rows, 0)};
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
  one.by_owner = g_strcmp0(sql_rows_text(rows, 10), MATCH_BY_OWNER) == 0;
  package->owner = g_strdup(sql_rows_text(rows, 11));
  package->declared = sql_rows_integer(rows, 13) != 0;
  package->symbols = g_strdup(sql_rows_text(rows, 14));
  package->development = sql_rows_integer(rows, 15) != 0;
  g_ptr_array_add(layer->packages, package);
  one.package = package;
  g_array_append_val(inventory->packages, one);
  if (sql_rows_text(rows, 12) != NULL)
    add_places(inventory, &one, sql_rows_text(rows, 12));
}

static bool
load_packages(SqlConnection *db, int64_t image, guint count, ImageInventory *inventory,
              GError **error)
{
  Found found;
  g_autoptr(SqlRows) rows =
      sql_query(db, error,
                "SELECT image_sets.layer, location, type, name, version, architecture, "
                "source_name, source_version, module, vendor, ecosystem, owner, places, declared, "
                "symbols, development "
                "FROM image_sets "
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
  g_array_sort(inventory->doubles, image_package_compare);
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
      packages_facts_read(sql_rows_text(rows, 3), sql_rows_text(rows, 2), error);
  int64_t id = sql_rows_integer(rows, 0), count = sql_rows_integer(rows, 1);
  g_clear_pointer(&rows, sql_rows_free);
  if (loaded == NULL || !load_packages(db, id, (guint)count, loaded, error)) {
    g_prefix_error(error, "image %s: ", manifest);
    return false;
  }
  *inventory = g_steal_pointer(&loaded);
  return true;
}
