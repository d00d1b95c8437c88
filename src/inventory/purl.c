/* Package URLs; see the header. */
#include "inventory/purl.h"

#include <string.h>

#include "base/error.h"

/* How names of a type come apart, where it is not the usual way: at the last slash. */
typedef struct {
  const char *type;
  char separator; /* of namespace and name in our names; '\0': the namespace is no part of them */
  bool lower;     /* written in small letters */
  bool distributions; /* the namespace is the distribution */
} PurlType;
static const PurlType purl_types[] = {
    {"generic", '\0', false, false}, {"docker", '\0', false, false}, {"deb", '\0', true, true},
    {"apk", '\0', true, true},       {"rpm", '\0', false, true},     {"alpm", '\0', true, true},
    {"maven", ':', false, false},    {"golang", '/', true, false},   {"composer", '/', true, false},
    {"pypi", '\0', true, false},     {"hex", '/', true, false},      {"bitnami", '\0', true, false},
    {"conan", '\0', false, false},   {"cpan", '\0', false, false},
};
static const PurlType usual_type = {"", '/', false, false};

static const PurlType *
type_find(const char *type)
{
  for (size_t i = 0; i < G_N_ELEMENTS(purl_types); i++)
    if (strcmp(purl_types[i].type, type) == 0)
      return &purl_types[i];
  return &usual_type;
}

/* What others call a distribution. The first name of one is what RPM packages are written by. */
static const struct {
  const char *id, *vendor;
  bool written;
} vendors[] = {
    {"rhel", "redhat", true},
    {"amzn", "amazon", true},
    {"opensuse-leap", "opensuse", true},
    {"opensuse-leap", "opensuse.leap", false},
    {"opensuse-tumbleweed", "opensuse.tumbleweed", false},
    {"almalinux", "alma", false},
    {"ol", "oracle", false},
    {"mariner", "cbl-mariner", false},
    {"sles", "suse linux enterprise server", false},
    {"arch", "archlinux", false},
};

static const char *
vendor_of(const char *id)
{
  for (size_t i = 0; i < G_N_ELEMENTS(vendors); i++)
    if (vendors[i].written && strcmp(vendors[i].id, id) == 0)
      return vendors[i].vendor;
  return id;
}

const char *
purl_distribution(const char *vendor)
{
  for (size_t i = 0; i < G_N_ELEMENTS(vendors); i++)
    if (g_ascii_strcasecmp(vendors[i].vendor, vendor) == 0)
      return vendors[i].id;
  return vendor;
}

static Purl *
purl_new(void)
{
  Purl *purl = g_new0(Purl, 1);
  purl->qualifier = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return purl;
}

void
purl_free(Purl *purl)
{
  if (purl == NULL)
    return;
  g_free(purl->type);
  g_free(purl->namespace);
  g_free(purl->name);
  g_free(purl->version);
  g_hash_table_unref(purl->qualifier);
  g_free(purl->subpath);
  g_free(purl);
}

/* --- writing --- */

/* Colons are never encoded, slashes where they part the text. */
static void
append_encoded(GString *text, const char *part, const char *kept)
{
  g_autofree char *encoded = g_uri_escape_string(part, kept, FALSE);
  g_string_append(text, encoded);
}

char *
purl_to_text(const Purl *purl)
{
  GString *text = g_string_new("pkg:");
  g_string_append(text, purl->type);
  if (purl->namespace != NULL) {
    g_string_append_c(text, '/');
    append_encoded(text, purl->namespace, ":/");
  }
  g_string_append_c(text, '/');
  append_encoded(text, purl->name, ":");
  if (purl->version != NULL) {
    g_string_append_c(text, '@');
    append_encoded(text, purl->version, ":");
  }
  g_autoptr(GList) keys = g_hash_table_get_keys(purl->qualifier);
  keys = g_list_sort(keys, (GCompareFunc)strcmp);
  for (GList *key = keys; key != NULL; key = key->next) {
    g_string_append_printf(text, "%c%s=", key == keys ? '?' : '&', (const char *)key->data);
    append_encoded(text, g_hash_table_lookup(purl->qualifier, key->data), ":");
  }
  if (purl->subpath != NULL) {
    g_string_append_c(text, '#');
    append_encoded(text, purl->subpath, ":/");
  }
  return g_string_free(text, FALSE);
}

/* --- reading --- */

/* NULL: it is no text in UTF-8. (transfer full) */
static char *
decode(const char *text, size_t size)
{
  g_autofree char *decoded = g_uri_unescape_segment(text, text + size, NULL);
  return decoded != NULL && g_utf8_validate(decoded, -1, NULL) ? g_steal_pointer(&decoded) : NULL;
}

/* The parts between slashes, without empty ones and, of a subpath, "." and "..": NULL and no error
 * where none is left. */
static bool
decode_path(const char *text, size_t size, bool plain, char **path)
{
  g_autofree char *copy = g_strndup(text, size);
  g_auto(GStrv) parts = g_strsplit(copy, "/", -1);
  g_autoptr(GString) joined = g_string_new(NULL);
  for (char **part = parts; *part != NULL; part++) {
    if (**part == '\0' || (plain && (strcmp(*part, ".") == 0 || strcmp(*part, "..") == 0)))
      continue;
    g_autofree char *decoded = decode(*part, strlen(*part));
    if (decoded == NULL)
      return false;
    g_string_append_printf(joined, "%s%s", joined->len > 0 ? "/" : "", decoded);
  }
  *path = joined->len > 0 ? g_strdup(joined->str) : NULL;
  return true;
}

static bool
read_qualifiers(Purl *purl, const char *text)
{
  g_auto(GStrv) pairs = g_strsplit(text, "&", -1);
  for (char **pair = pairs; *pair != NULL; pair++) {
    char *equals = strchr(*pair, '=');
    if (equals == NULL || equals == *pair)
      return false;
    g_autofree char *value = decode(equals + 1, strlen(equals + 1));
    if (value == NULL)
      return false;
    for (const char *p = *pair; p < equals; p++)
      if (!g_ascii_isalnum(*p) && strchr(".-_", *p) == NULL)
        return false;
    if (*value != '\0')
      g_hash_table_replace(purl->qualifier, g_ascii_strdown(*pair, equals - *pair),
                           g_steal_pointer(&value));
  }
  return true;
}

static bool
read_type(Purl *purl, const char *text, size_t size)
{
  bool sound = size > 0 && g_ascii_isalpha(text[0]);
  for (size_t i = 0; i < size; i++)
    sound &= g_ascii_isalnum(text[i]) || text[i] == '.' || text[i] == '-' || text[i] == '+';
  purl->type = g_ascii_strdown(text, (gssize)size);
  return sound;
}

/* "NAMESPACE/NAME@VERSION". */
static bool
read_name(Purl *purl, char *text)
{
  char *at = strrchr(text, '@');
  /* That of an npm scope is no version's. */
  if (at != NULL && at > text && at[-1] != '/') {
    purl->version = decode(at + 1, strlen(at + 1));
    if (purl->version == NULL)
      return false;
    if (*purl->version == '\0')
      g_clear_pointer(&purl->version, g_free);
    *at = '\0';
  }
  size_t size = strlen(text);
  while (size > 0 && text[size - 1] == '/')
    text[--size] = '\0';
  char *slash = strrchr(text, '/');
  const char *name = slash != NULL ? slash + 1 : text;
  purl->name = *name == '@' ? NULL : decode(name, strlen(name));
  if (purl->name == NULL || *purl->name == '\0')
    return false;
  return slash == NULL || decode_path(text, (size_t)(slash - text), false, &purl->namespace);
}

/* Destroys @text. */
static bool
read_parts(Purl *purl, char *text)
{
  char *hash = strrchr(text, '#');
  if (hash != NULL && !decode_path(hash + 1, strlen(hash + 1), true, &purl->subpath))
    return false;
  if (hash != NULL)
    *hash = '\0';
  char *question = strchr(text, '?');
  if (question != NULL && question[1] != '\0' && !read_qualifiers(purl, question + 1))
    return false;
  if (question != NULL)
    *question = '\0';
  if (g_ascii_strncasecmp(text, "pkg:", 4) != 0)
    return false;
  char *rest = text + 4;
  rest += strspn(rest, "/");
  char *slash = strchr(rest, '/');
  return slash != NULL && read_type(purl, rest, (size_t)(slash - rest)) &&
         read_name(purl, slash + 1 + strspn(slash + 1, "/"));
}

/* What the rules of the types make of the letters. */
static void
normalise(Purl *purl)
{
  if (type_find(purl->type)->lower) {
    char *name = g_ascii_strdown(purl->name, -1);
    g_free(purl->name);
    purl->name = name;
    char *namespace = purl->namespace == NULL ? NULL : g_ascii_strdown(purl->namespace, -1);
    g_free(purl->namespace);
    purl->namespace = namespace;
  }
  if (strcmp(purl->type, "pypi") == 0)
    g_strdelimit(purl->name, "_", '-');
}

Purl *
purl_parse(const char *text, GError **error)
{
  g_autoptr(Purl) purl = purl_new();
  g_autofree char *copy = g_strndup(text, PURL_BYTES_MAX + 1);
  if (strlen(copy) <= PURL_BYTES_MAX && read_parts(purl, copy)) {
    normalise(purl);
    return g_steal_pointer(&purl);
  }
  g_autofree char *shown = slice_to_printable(slice_from_string(text), 200);
  error_set(error, ASSAY_ERROR_INVALID, "\"%s\" is not a package URL", shown);
  return NULL;
}

/* --- of a package --- */

static void
qualify(Purl *purl, const char *key, const char *value)
{
  if (value != NULL && *value != '\0')
    g_hash_table_replace(purl->qualifier, g_strdup(key), g_strdup(value));
}

/* The version after the epoch of an RPM package. */
static const char *
after_epoch(const char *version)
{
  size_t digits = strspn(version, "0123456789");
  return digits > 0 && version[digits] == ':' ? version + digits + 1 : version;
}

bool
purl_has_upstream(const Package *package)
{
  return strcmp(package->source_name, package->name) != 0 ||
         strcmp(package->source_version, package->version) != 0;
}

static void
qualify_distribution(Purl *purl, const Package *package, const OsRelease *os)
{
  bool rpm = strcmp(package->type, "rpm") == 0;
  qualify(purl, "arch", package->architecture);
  if (os != NULL) {
    const char *release = os->version_id != NULL ? os->version_id : os->codename;
    g_autofree char *distro = g_strconcat(os->id, release != NULL ? "-" : "", release, NULL);
    qualify(purl, "distro", distro);
  }
  if (package->module != NULL)
    qualify(purl, "rpmmod", package->module);
  if (!purl_has_upstream(package))
    return;
  g_autofree char *upstream =
      rpm ? g_strdup_printf("%s-%s.src.rpm", package->source_name,
                            after_epoch(package->source_version))
      : strcmp(package->source_version, package->version) == 0
          ? g_strdup(package->source_name)
          : g_strconcat(package->source_name, "@", package->source_version, NULL);
  qualify(purl, "upstream", upstream);
}

static void
set_names(Purl *purl, const PurlType *type, const Package *package, const OsRelease *os)
{
  const char *name = package->name;
  if (type->distributions)
    purl->namespace = g_strdup(os == NULL                          ? NULL
                               : strcmp(package->type, "rpm") == 0 ? vendor_of(os->id)
                                                                   : os->id);
  const char *end = type->separator == '\0' ? NULL : strrchr(name, type->separator);
  if (strcmp(package->type, "cocoapods") == 0 && strchr(name, '/') != NULL) {
    const char *slash = strchr(name, '/');
    purl->name = g_strndup(name, (size_t)(slash - name));
    purl->subpath = g_strdup(slash + 1);
  } else if (end != NULL && end > name && end[1] != '\0') {
    purl->namespace = g_strndup(name, (size_t)(end - name));
    purl->name = g_strdup(end + 1);
  } else
    purl->name = g_strdup(name);
}

Purl *
purl_of_package(const Package *package, const OsRelease *os)
{
  const PurlType *type = type_find(package->type);
  Purl *purl = purl_new();
  purl->type = g_strdup(package->type);
  set_names(purl, type, package, os);
  const char *version = package->version;
  if (strcmp(package->type, "rpm") == 0) {
    const char *rest = after_epoch(version);
    g_autofree char *epoch =
        rest > version ? g_strndup(version, (size_t)(rest - version - 1)) : NULL;
    qualify(purl, "epoch", epoch);
    version = rest;
  }
  purl->version = version == NULL || *version == '\0' ? NULL : g_strdup(version);
  if (type->distributions)
    qualify_distribution(purl, package, os);
  normalise(purl);
  return purl;
}

char *
purl_text_of_package(const Package *package, const OsRelease *os)
{
  g_autoptr(Purl) purl = purl_of_package(package, os);
  return purl_to_text(purl);
}

/* --- to a package --- */

/* "glibc", "glibc@2.36-9", "glibc-2.36-9.src.rpm". */
static void
read_upstream(Package *package, const char *upstream, const char *epoch)
{
  static const char suffix[] = ".src.rpm";
  const char *at = strrchr(upstream, '@');
  if (g_str_has_suffix(upstream, suffix)) {
    g_autofree char *text = g_strndup(upstream, strlen(upstream) - strlen(suffix));
    char *release = strrchr(text, '-');
    char *version = release == NULL ? NULL : g_strrstr_len(text, release - text, "-");
    if (version == NULL || version == text)
      return;
    package->source_name = g_strndup(text, (size_t)(version - text));
    package->source_version =
        g_strconcat(epoch != NULL ? epoch : "", epoch != NULL ? ":" : "", version + 1, NULL);
  } else if (at != NULL && at > upstream && at[1] != '\0') {
    package->source_name = g_strndup(upstream, (size_t)(at - upstream));
    package->source_version = g_strdup(at + 1);
  } else
    package->source_name = g_strdup(upstream);
}

/* (transfer full) */
static char *
joined_name(const Purl *purl)
{
  const PurlType *type = type_find(purl->type);
  const char separator[] = {type->separator, '\0'};
  if (strcmp(purl->type, "cocoapods") == 0 && purl->subpath != NULL)
    return g_strconcat(purl->name, "/", purl->subpath, NULL);
  return type->separator == '\0' || purl->namespace == NULL
             ? g_strdup(purl->name)
             : g_strconcat(purl->namespace, separator, purl->name, NULL);
}

Package *
purl_to_package(const Purl *purl, const char *written)
{
  if (purl->version == NULL)
    return NULL;
  const PurlType *type = type_find(purl->type);
  Package *package = g_new0(Package, 1);
  package->type = g_strdup(purl->type);
  package->name = joined_name(purl);
  if (written != NULL && type->lower && g_ascii_strcasecmp(written, package->name) == 0) {
    g_free(package->name);
    package->name = g_strdup(written);
  }
  const char *epoch = g_hash_table_lookup(purl->qualifier, "epoch");
  bool apart = type->distributions && epoch != NULL && strcmp(epoch, "0") != 0 &&
               after_epoch(purl->version) == purl->version;
  package->version = apart ? g_strconcat(epoch, ":", purl->version, NULL) : g_strdup(purl->version);
  if (!type->distributions)
    return package;
  const char *upstream = g_hash_table_lookup(purl->qualifier, "upstream");
  const char *module = g_hash_table_lookup(purl->qualifier, "rpmmod");
  if (module == NULL)
    module = g_hash_table_lookup(purl->qualifier, "modularitylabel");
  package->architecture = g_strdup(g_hash_table_lookup(purl->qualifier, "arch"));
  package->module = g_strdup(module);
  if (upstream != NULL)
    read_upstream(package, upstream, apart ? epoch : NULL);
  return package;
}

bool
purl_is_of_distribution(const Purl *purl)
{
  return type_find(purl->type)->distributions;
}

/* Where the version in "opensuse-leap-15.5" begins; NULL: there is none. */
static const char *
version_in(const char *distro)
{
  for (const char *dash = strrchr(distro, '-'); dash != NULL && dash > distro;
       dash = g_strrstr_len(distro, dash - distro, "-"))
    if (g_ascii_isdigit(dash[1]))
      return dash + 1;
  return NULL;
}

OsRelease *
purl_to_os(const Purl *purl)
{
  const char *distro = g_hash_table_lookup(purl->qualifier, "distro");
  if (!type_find(purl->type)->distributions || (distro == NULL && purl->namespace == NULL))
    return NULL;
  OsRelease *os = g_new0(OsRelease, 1);
  const char *vendor = purl->namespace, *text = distro != NULL ? distro : "";
  size_t size = vendor != NULL ? strlen(vendor) : 0;
  bool prefixed = size > 0 && g_ascii_strncasecmp(text, vendor, size) == 0 && text[size] == '-';
  const char *version = g_ascii_isdigit(*text) ? text : version_in(text);
  g_autofree char *named = version != NULL && version > text && !prefixed
                               ? g_strndup(text, (size_t)(version - 1 - text))
                               : g_strdup(vendor != NULL ? vendor : text);
  os->id = g_ascii_strdown(purl_distribution(named), -1);
  if (version != NULL)
    os->version_id = g_strdup(version);
  else if (prefixed)
    os->codename = g_strdup(text + size + 1);
  else if (*text != '\0' && strcmp(text, os->id) != 0)
    os->codename = g_strdup(text);
  return os;
}
