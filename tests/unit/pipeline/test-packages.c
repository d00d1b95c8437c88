/* Packages of images as rows, where what was looked up before the transaction is not so any more
 * when they are written. */
#include <fcntl.h>

#include "../advisory/database-fixture.h"
#include "jobs/schema.h"
#include "pipeline/pipeline-private.h"
#include "pipeline/schema.h"
#include "registry/schema.h"

/* More than one set. */
#define PACKAGES 100u

typedef struct {
  Fixture base;
  AdvisoryDatabase *advisories;
  SqlPool *sql;
  ImageInventory *image;
} Store;

static void
change(Store *store, const char *text)
{
  g_autoptr(GError) error = NULL;
  sql_write(store->sql, NULL, &error, text, SQL_END);
  g_assert_no_error(error);
}

static int64_t
number_of(Store *store, const char *text)
{
  g_autoptr(GError) error = NULL;
  int64_t number = -1;
  g_autoptr(SqlConnection) db = sql_acquire(store->sql, &error);
  g_autoptr(SqlRows) rows = sql_query(db, &error, text, SQL_END);
  g_assert_true(sql_number(rows, &number, &error));
  return number;
}

static void
add_package(ImageInventory *image, const char *name, unsigned layer)
{
  Package *package = g_new0(Package, 1);
  package->type = g_strdup("deb");
  package->name = g_strdup(name);
  package->version = g_strdup("1");
  package->source_name = g_strdup(name);
  package->source_version = g_strdup("1");
  package->location = g_strdup("var/lib/dpkg/status");
  LayerInventory *brought = g_ptr_array_index(image->layers, layer);
  g_ptr_array_add(brought->packages, package);
  ImagePackage one = {.package = package, .layer = layer};
  g_array_append_val(image->packages, one);
}

/* Of two layers, the upper of which brings one of the lower's packages again. */
static ImageInventory *
image_new(void)
{
  ImageInventory *image = image_inventory_empty();
  image->os = g_new0(OsRelease, 1);
  image->os->id = g_strdup("debian");
  image->os->version_id = g_strdup("11");
  image->os->location = g_strdup("etc/os-release");
  for (unsigned i = 0; i < 2; i++) {
    LayerInventory *layer = layer_inventory_new();
    layer->layer = digest_of(DIGEST_SHA256, slice_new(&i, sizeof i));
    g_ptr_array_add(image->layers, layer);
  }
  for (unsigned i = 0; i < PACKAGES; i++) {
    g_autofree char *name = g_strdup_printf("p%u", i);
    add_package(image, name, 0);
  }
  add_package(image, "p1", 1);
  g_array_sort(image->packages, image_package_compare);
  return image;
}

static void
open_store(Store *store, gconstpointer data)
{
  static const Schema *const schemas[] = {&registry_schema, &pipeline_schema, &jobs_schema, NULL};
  g_autoptr(GError) error = NULL;
  set_up(&store->base, NULL);
  AdvisoryBuilder *builder = new_builder(&store->base, "a");
  add(builder, (AdvisoryRange){.id = "CVE-1",
                               .ecosystem = "debian:11",
                               .package = "p1",
                               .fixed_version = "2",
                               .state = STATE_FIXED,
                               .severity = SEVERITY_HIGH});
  finish(builder);
  advisory_builder_free(builder);
  store->advisories = open_database(&store->base);
  g_autofree char *url = g_strdup_printf("sqlite:%s/metadata.db", store->base.folder);
  store->sql = sql_pool_open(url, schemas, true, &error);
  g_assert_no_error(error);
  store->image = image_new();
  change(store, "INSERT INTO images (id, manifest, state, scanned, package_count, counts, fixable) "
                "VALUES (1, 'sha256:1', 2, 0, 0, '', ''), (2, 'sha256:2', 2, 0, 0, '', '')");
}

static void
close_store(Store *store, gconstpointer data)
{
  image_inventory_free(store->image);
  sql_pool_close(store->sql);
  advisory_database_unref(store->advisories);
  tear_down(&store->base, NULL);
}

typedef struct {
  int64_t image;
  const PreparedPackages *packages;
} Writing;

static bool
write_image(SqlConnection *db, void *data, GError **error)
{
  const Writing *writing = data;
  return packages_store(db, writing->image, writing->packages, error);
}

static PreparedPackages *
prepare(Store *store)
{
  g_autoptr(GError) error = NULL;
  PreparedPackages *prepared =
      packages_prepare(store->sql, store->image, store->advisories, &error);
  g_assert_no_error(error);
  return prepared;
}

static bool
store_image(Store *store, int64_t image, const PreparedPackages *packages, GError **error)
{
  Writing writing = {image, packages};
  return sql_transact(store->sql, write_image, &writing, error);
}

static void
store_other(Store *store)
{
  g_autoptr(PreparedPackages) prepared = prepare(store);
  g_assert_true(store_image(store, 1, prepared, NULL));
}

static void
delete_all(Store *store)
{
  change(store, "DELETE FROM image_sets");
  change(store, "DELETE FROM package_sets");
  change(store, "DELETE FROM package_set_members");
  change(store, "DELETE FROM package_findings");
  change(store, "DELETE FROM packages");
}

static void
delete_sets(Store *store)
{
  change(store, "DELETE FROM image_sets");
  change(store, "DELETE FROM package_sets");
  change(store, "DELETE FROM package_set_members");
}

static void
delete_one_package(Store *store)
{
  delete_sets(store);
  change(store, "DELETE FROM package_findings");
  change(store, "DELETE FROM packages WHERE name = 'p1'");
}

static void
match_by_others(Store *store)
{
  change(store, "UPDATE packages SET matched = 7, counts = '9,9,9,9,9,9', fixable = ''");
}

static void
take_packages(Store *store)
{
  change(store, "UPDATE packages SET vendor = 'another'");
}

static void
take_sets(Store *store)
{
  change(store, "UPDATE package_sets SET digest = 'of another'");
}

typedef struct {
  const char *name;
  void (*before)(Store *store), (*known)(Store *store), (*meanwhile)(Store *store);
  bool refused;
} Case;

static const Case cases[] = {
    {"a new image", NULL, NULL, NULL, false},
    {"one that another is like", store_other, NULL, NULL, false},
    {"packages of sets that are gone", store_other, delete_sets, NULL, false},
    {"another is stored meanwhile", NULL, NULL, store_other, false},
    {"what another has goes meanwhile", store_other, NULL, delete_all, false},
    {"its sets go meanwhile", store_other, NULL, delete_sets, false},
    {"and one package with them", store_other, NULL, delete_one_package, false},
    {"one package, where there are no sets", store_other, delete_sets, delete_one_package, false},
    {"packages that others matched", store_other, match_by_others, NULL, false},
    {"an id of a set that is taken meanwhile", store_other, NULL, take_sets, true},
    {"an id of a package that is taken", store_other, delete_sets, take_packages, true},
};

/* The image is stored whole, and the packages that came have their findings. */
static void
test_case(Store *store, gconstpointer data)
{
  const Case *test = data;
  g_autoptr(GError) error = NULL;
  if (test->before != NULL)
    test->before(store);
  if (test->known != NULL)
    test->known(store);
  g_autoptr(PreparedPackages) prepared = prepare(store);
  if (test->meanwhile != NULL)
    test->meanwhile(store);
  if (store_image(store, 2, prepared, &error) == test->refused)
    g_error("%s: %s", test->name, error == NULL ? "it is stored" : error->message);
  if (test->refused) {
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH);
    return;
  }
  g_autoptr(ImageInventory) loaded = NULL;
  packages_load(store->sql, "sha256:2", &loaded, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(loaded->packages->len, ==, PACKAGES + 1);
  g_assert_cmpuint(packages_sum(prepared)->counts[SEVERITY_HIGH], ==, 2);
  g_assert_cmpuint(packages_sum(prepared)->fixable[SEVERITY_HIGH], ==, 2);
  g_assert_cmpint(number_of(store, "SELECT count(*) FROM package_findings"), ==, 1);
  g_assert_cmpint(number_of(store, "SELECT count(*) FROM packages"), ==, PACKAGES);
  bool others = test->known == match_by_others;
  g_assert_cmpint(number_of(store, "SELECT count(*) FROM packages WHERE matched = 7"), ==,
                  others ? PACKAGES : 0);
  g_assert_cmpint(
      number_of(store,
                "SELECT count(*) FROM packages WHERE name = 'p1' AND counts = '0,0,0,0,1,0'"),
      ==, others ? 0 : 1);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *name = g_strdup_printf("/packages/%s", cases[i].name);
    g_test_add(name, Store, &cases[i], open_store, test_case, close_store);
  }
  return g_test_run();
}
