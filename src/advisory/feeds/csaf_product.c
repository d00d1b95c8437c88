/* Which package of which release a product of a CSAF document is.
 *
 * A product is a component in a whole. The whole is a release ("cpe:/a:redhat:enterprise_linux:9::
 * baseos", "SUSE Linux Enterprise Server 15 SP4", "openEuler-22.03-LTS-SP1"), or a module in one.
 * The component has a package URL; where it has none, its name is that of an RPM file
 * ("kernel-5.10.0-136.oe2203.x86_64.rpm"), or of a source package. */
#include <string.h>

#include "advisory/feeds/csaf-private.h"
#include "inventory/ecosystem.h"
#include "inventory/purl.h"

#define NESTED_MAX 4u /* a package in a module in a release */

void
csaf_package_clear(CsafPackage *package)
{
  g_clear_pointer(&package->ecosystem, g_free);
  g_clear_pointer(&package->package, g_free);
  g_clear_pointer(&package->module, g_free);
  g_clear_pointer(&package->version, g_free);
  g_clear_pointer(&package->architecture, g_free);
}

/* --- releases --- */

/* What follows the part ("o", "a") of a CPE, in either way of writing it: "redhat:...". */
static const char *
after_part(const char *cpe)
{
  const char *rest = cpe == NULL                         ? NULL
                     : g_str_has_prefix(cpe, "cpe:/")    ? cpe + strlen("cpe:/")
                     : g_str_has_prefix(cpe, "cpe:2.3:") ? cpe + strlen("cpe:2.3:")
                                                         : NULL;
  return rest != NULL && rest[0] != '\0' && rest[1] == ':' ? rest + 2 : NULL;
}

/* The ecosystem of a product, by what its name or its CPE begins with; what follows is what OSV
 * calls the release, too. NULL: one that we do not know. (transfer full) */
static char *
find_ecosystem(const CsafProduct *product)
{
  static const struct {
    bool by_cpe;
    const char *prefix, *osv;
  } kinds[] = {
      {true, "redhat:", "Red Hat:"},
      {false, "SUSE Linux ", "SUSE:Linux "},
      {false, "openSUSE Leap ", "openSUSE:Leap "},
      {false, "openSUSE Tumbleweed", "openSUSE:Tumbleweed"},
      {false, "openEuler-", "openEuler:"},
  };
  const char *cpe = after_part(product->cpe);
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
    const char *text = kinds[i].by_cpe ? cpe : product->name;
    if (text == NULL || !g_str_has_prefix(text, kinds[i].prefix))
      continue;
    g_autofree char *osv = g_strconcat(kinds[i].osv, text + strlen(kinds[i].prefix), NULL);
    g_autofree char *ecosystem = ecosystem_from_osv(osv);
    return ecosystem_find(ecosystem) != NULL ? g_steal_pointer(&ecosystem) : NULL;
  }
  return NULL;
}

/* --- packages --- */

/* "postgresql:15:9040020240812115436:rhel9" is postgresql:15. (transfer full), NULL: no stream. */
static char *
module_stream(const char *text)
{
  const char *colon = text != NULL ? strchr(text, ':') : NULL;
  size_t size = colon != NULL ? strcspn(colon + 1, ":") : 0;
  return size > 0 && colon > text ? g_strndup(text, (gsize)(colon + 1 - text) + size) : NULL;
}

static void
set_package(CsafPackage *package, const char *name, bool is_source)
{
  package->package = g_strconcat(is_source ? ADVISORY_SOURCE_PREFIX : "", name, NULL);
}

static bool
take_purl(const char *text, CsafPackage *package)
{
  g_autoptr(Purl) purl = purl_parse(text, NULL);
  if (purl == NULL || strcmp(purl->type, "rpm") != 0)
    return false;
  const char *architecture = g_hash_table_lookup(purl->qualifier, "arch"),
             *epoch = g_hash_table_lookup(purl->qualifier, "epoch"),
             *module = g_hash_table_lookup(purl->qualifier, "rpmmod");
  bool is_source = g_strcmp0(architecture, "src") == 0 || g_strcmp0(architecture, "nosrc") == 0;
  bool has_epoch = epoch != NULL && *epoch != '\0' && strcmp(epoch, "0") != 0;
  /* A module without a stream is none, and what it has is not the release's own package. */
  if (module != NULL && (package->module = module_stream(module)) == NULL)
    return false;
  set_package(package, purl->name, is_source);
  /* Of a package without a fix the version is the stream at times: it has no release. */
  if (purl->version != NULL && strchr(purl->version, '-') != NULL)
    package->version =
        g_strconcat(has_epoch ? epoch : "", has_epoch ? ":" : "", purl->version, NULL);
  package->architecture = is_source ? NULL : g_strdup(architecture);
  return true;
}

/* The length of the last part of @text before @end that begins after a @mark; 0: there is none. */
static size_t
last_part(const char *text, size_t end, char mark)
{
  size_t at = end;
  while (at > 0 && text[at - 1] != mark)
    at--;
  return at > 1 ? end - at : 0;
}

static bool
is_architecture(const char *text, size_t size)
{
  static const char *const known[] = {"x86_64",  "aarch64", "noarch", "i386",       "i586",
                                      "i686",    "ppc64le", "s390x",  "src",        "riscv64",
                                      "armv7hl", "ppc64",   "s390",   "loongarch64"};
  for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
    if (strlen(known[i]) == size && strncmp(text, known[i], size) == 0)
      return true;
  return false;
}

/* NAME-VERSION-RELEASE[.ARCHITECTURE][.rpm], or the name of a source package. A name with slashes
 * or colons is that of something else. */
static bool
take_name(const char *text, CsafPackage *package)
{
  size_t end = text != NULL ? strlen(text) : 0;
  if (end == 0 || strpbrk(text, "/: \t@") != NULL)
    return false;
  if (g_str_has_suffix(text, ".rpm"))
    end -= strlen(".rpm");
  size_t size = last_part(text, end, '.');
  bool told = size > 0 && is_architecture(text + end - size, size);
  g_autofree char *architecture = told ? g_strndup(text + end - size, size) : NULL;
  end -= told ? size + 1 : 0;
  size_t release = last_part(text, end, '-');
  size_t version = release > 0 ? last_part(text, end - release - 1, '-') : 0;
  bool has_version = version > 0 && g_ascii_isdigit(text[end - release]) &&
                     g_ascii_isdigit(text[end - release - 1 - version]);
  bool is_source = !has_version || g_strcmp0(architecture, "src") == 0;
  size_t name = has_version ? end - release - version - 2 : end;
  if (name == 0)
    return false;
  g_autofree char *own = g_strndup(text, name);
  set_package(package, own, is_source);
  package->version = has_version ? g_strndup(text + name + 1, end - name - 1) : NULL;
  package->architecture = is_source ? NULL : g_steal_pointer(&architecture);
  return true;
}

/* "nodejs:18" of a whole that is a module: "pkg:rpmmod/redhat/nodejs@18:9040020240812115436:rhel9".
 */
static char *
module_of(const CsafProduct *whole)
{
  g_autoptr(Purl) purl = whole->purl != NULL ? purl_parse(whole->purl, NULL) : NULL;
  if (purl == NULL || strcmp(purl->type, "rpmmod") != 0 || purl->version == NULL)
    return NULL;
  g_autofree char *text = g_strconcat(purl->name, ":", purl->version, NULL);
  return module_stream(text);
}

/* Of the wholes that @product is in, one in another: the release, and the module on the way. */
static void
find_whole(const CsafTree *tree, const CsafProduct *product, CsafPackage *package)
{
  const char *id = product->whole;
  for (unsigned depth = 0; id != NULL && depth < NESTED_MAX && package->ecosystem == NULL;
       depth++) {
    const CsafProduct *whole = csaf_tree_find(tree, id);
    const CsafProduct *part =
        whole != NULL && whole->component != NULL ? csaf_tree_find(tree, whole->component) : whole;
    if (part != NULL && package->module == NULL)
      package->module = module_of(part);
    if (part != NULL && part->purl == NULL)
      package->ecosystem = find_ecosystem(part);
    id = whole != NULL ? whole->whole : NULL;
  }
}

bool
csaf_package_find(const CsafTree *tree, const char *id, CsafPackage *package)
{
  const CsafProduct *product = csaf_tree_find(tree, id);
  const CsafProduct *component = product != NULL && product->component != NULL
                                     ? csaf_tree_find(tree, product->component)
                                     : NULL;
  bool taken = component != NULL && (component->purl != NULL ? take_purl(component->purl, package)
                                                             : take_name(component->name, package));
  if (taken)
    find_whole(tree, product, package);
  if (taken && package->ecosystem != NULL)
    return true;
  csaf_package_clear(package);
  return false;
}
