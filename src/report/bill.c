/* What bills of materials share; see the header. */
#include "report/bill.h"

#include <string.h>

#include "base/calendar.h"
#include "inventory/purl.h"

static void
tell(const char *name, const char *value, BillFactVisitor visit, void *data)
{
  if (value != NULL && *value != '\0')
    visit(name, value, data);
}

void
bill_package_facts(const ImageInventory *inventory, const ImagePackage *image_package,
                   BillFactVisitor visit, void *data)
{
  const Package *package = image_package->package;
  const LayerInventory *layer = g_ptr_array_index(inventory->layers, image_package->layer);
  if (purl_has_upstream(package)) {
    tell("source:name", package->source_name, visit, data);
    tell("source:version", package->source_version, visit, data);
  }
  tell("module", package->module, visit, data);
  tell("owner", package->owner, visit, data);
  tell("owner:foreign", package->foreign_owner ? "true" : NULL, visit, data);
  tell("declared", package->declared ? "true" : NULL, visit, data);
  tell("development", package->development ? "true" : NULL, visit, data);
  tell("layer", layer->layer.text, visit, data);
}

void
bill_os_facts(const OsRelease *os, BillFactVisitor visit, void *data)
{
  tell("os:version", os->version, visit, data);
  tell("os:codename", os->codename, visit, data);
  tell("os:parent_codename", os->parent_codename, visit, data);
  tell("os:pretty_name", os->pretty_name, visit, data);
  g_autofree char *like = os->id_like == NULL ? NULL : g_strjoinv(" ", os->id_like);
  tell("os:id_like", like, visit, data);
}

void
bill_image_facts(const Report *report, BillFactVisitor visit, void *data)
{
  const ImageInventory *inventory = report->inventory;
  for (guint i = 0; i < inventory->unread->len; i++)
    tell("unread", g_ptr_array_index(inventory->unread, i), visit, data);
  for (guint i = 0; inventory->gaps != NULL && i < inventory->gaps->len; i++)
    tell("unread", g_ptr_array_index(inventory->gaps, i), visit, data);
}

GPtrArray *
bill_names(const ImageInventory *inventory)
{
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < inventory->packages->len; i++) {
    const ImagePackage *package = &g_array_index(inventory->packages, ImagePackage, i);
    char *name = purl_text_of_package(package->package, inventory->os);
    unsigned count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, name)) + 1;
    g_hash_table_replace(counts, g_strdup(name), GUINT_TO_POINTER(count));
    if (count > 1) {
      char *plain = name;
      name = g_strdup_printf("%s%cn=%u", plain, strchr(plain, '?') != NULL ? '&' : '?', count);
      g_free(plain);
    }
    g_ptr_array_add(names, name);
  }
  return names;
}

char *
bill_uuid(const char *text)
{
  g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
  /* RFC 9562, version 8: of a kind of one's own. */
  hash[12] = '8';
  hash[16] = 'a';
  return g_strdup_printf("%.8s-%.4s-%.4s-%.4s-%.12s", hash, hash + 8, hash + 12, hash + 16,
                         hash + 20);
}

char *
bill_timestamp(const Report *report)
{
  char *moment = calendar_moment(report->created);
  return moment != NULL ? moment : g_strdup("1970-01-01T00:00:00Z");
}

bool
bill_is_of_image(const Report *report)
{
  static const char *const others[] = {"rootfs:", "sbom:"};
  bool other = report->target == NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(others) && !other; i++)
    other = g_str_has_prefix(report->target, others[i]);
  return report->digest != NULL || !other;
}
