/* Answers in XML; see the header. */
#include "sign/keys/xml_texts.h"

#include <string.h>

#include "text/xml_walk.h"

static void
keep(const char *path, const char *text, void *data)
{
  GHashTable *texts = data;
  const char *last = strrchr(path, '/');
  const char *name = last == NULL ? path : last + 1;
  if (*text != '\0' && !g_hash_table_contains(texts, name))
    g_hash_table_insert(texts, g_strdup(name), g_strdup(text));
}

GHashTable *
xml_texts(Slice xml, GError **error)
{
  static const XmlVisits visits = {NULL, keep};
  g_autoptr(GHashTable) texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return xml_walk(xml, &visits, texts, error) ? g_steal_pointer(&texts) : NULL;
}
