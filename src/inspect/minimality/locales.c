/* The paths of locales by their names; see the header. */
#include "inspect/minimality/locales-private.h"

#include <string.h>

#include "inventory/weights.h"

static const char *const catalogs[] = {"usr/share/locale/", "usr/local/share/locale/",
                                       "usr/share/locale-langpack/", "usr/lib/locale/"};

static void
add_path(GHashTable *used, const char *path)
{
  g_hash_table_add(used, weight_key(weight_hash_of(path)));
}

static void
add_name(GHashTable *used, const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS(catalogs); i++) {
    g_autofree char *path = g_strconcat(catalogs[i], name, NULL);
    add_path(used, path);
  }
}

/* "de_DE.UTF-8@euro" is looked for as that, and without its parts; glibc writes the set of letters
 * as "utf8". */
static void
add_locale(GHashTable *used, const char *locale)
{
  if (*locale == '\0' || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0 ||
      g_str_has_prefix(locale, "C."))
    return;
  add_path(used, "usr/lib/locale/locale-archive");
  add_name(used, locale);
  g_autofree char *plain = g_strndup(locale, strcspn(locale, ".@"));
  g_autofree char *language = g_strndup(locale, strcspn(locale, "._@"));
  g_autofree char *folded = g_strconcat(plain, ".utf8", NULL);
  add_name(used, plain);
  add_name(used, language);
  add_name(used, folded);
}

GHashTable *
locales_used(GStrv env)
{
  GHashTable *used = g_hash_table_new(NULL, NULL);
  for (; env != NULL && *env != NULL; env++) {
    const char *value = strchr(*env, '=');
    bool language = g_str_has_prefix(*env, "LANGUAGE=");
    if (value == NULL ||
        !(language || g_str_has_prefix(*env, "LANG=") || g_str_has_prefix(*env, "LC_")))
      continue;
    g_auto(GStrv) names = g_strsplit(value + 1, ":", language ? -1 : 1);
    for (char **name = names; *name != NULL; name++)
      add_locale(used, *name);
  }
  return used;
}

bool
locales_use(const GHashTable *used, uint64_t hash)
{
  return g_hash_table_contains((GHashTable *)(uintptr_t)used, weight_key(hash));
}
