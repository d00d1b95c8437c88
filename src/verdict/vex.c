/* What VEX documents say of a finding; see the header. */
#include "verdict/vex.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "inventory/cpe.h"
#include "inventory/purl.h"
#include "oci/reference.h"
#include "verdict/vex-private.h"

#define VALUES_MAX ((size_t)3000000)
#define WORDS_MAX  ((size_t)500)

void
vex_document_free(VexDocument *document)
{
  if (document == NULL)
    return;
  g_free(document->name);
  g_free(document->author);
  g_ptr_array_unref(document->statements);
  g_free(document);
}

/* --- reading --- */

/* By what each format must have. */
static bool
read_format(VexDocument *document, const json_t *json, GError **error)
{
  const char *context = json_get_string(json, "@context");
  const json_t *about = json_get_object(json, "document");
  if (g_strcmp0(json_get_string(json, "bomFormat"), "CycloneDX") == 0)
    return vex_read_cyclonedx(document, json, error);
  if (json_get_string(about, "csaf_version") != NULL)
    return vex_read_csaf(document, json, error);
  if (context != NULL && strstr(context, "openvex") != NULL)
    return vex_read_openvex(document, json, error);
  return error_set(error, ASSAY_ERROR_INVALID,
                   "%s: neither OpenVEX nor CSAF nor CycloneDX, as JSON", document->name);
}

VexDocument *
vex_parse(Slice text, const char *name, GError **error)
{
  g_autoptr(json_t) json = json_parse_bounded(text, VALUES_MAX, error);
  if (json == NULL) {
    g_prefix_error(error, "%s: ", name);
    return NULL;
  }
  /* Attestations wrap it. */
  const json_t *inner = json_get_object(json, "predicate");
  g_autoptr(VexDocument) document = g_new0(VexDocument, 1);
  document->name = g_strdup(name);
  document->statements = g_ptr_array_new_with_free_func(vex_statement_free);
  return read_format(document, inner != NULL ? inner : json, error) ? g_steal_pointer(&document)
                                                                    : NULL;
}

/* --- what a statement is about --- */

static bool
names_vulnerability(const VexStatement *statement, const char *id)
{
  if (id == NULL)
    return false;
  bool named = g_ascii_strcasecmp(statement->id, id) == 0;
  for (char **alias = statement->aliases; !named && alias != NULL && *alias != NULL; alias++)
    named = g_ascii_strcasecmp(*alias, id) == 0;
  return named;
}

static bool
is_about_vulnerability(const VexStatement *statement, const Finding *finding)
{
  bool named = names_vulnerability(statement, finding->id) ||
               names_vulnerability(statement, finding->vendor_id);
  for (char **alias = finding->aliases; !named && alias != NULL && *alias != NULL; alias++)
    named = names_vulnerability(statement, *alias);
  return named;
}

/* Who they are of, where both say so. */
static bool
same_namespace(const Purl *said, const Purl *own)
{
  if (said->namespace == NULL || own->namespace == NULL)
    return said->namespace == own->namespace;
  return strcmp(purl_distribution(said->namespace), purl_distribution(own->namespace)) == 0;
}

/* Go's versions are with and without a "v". */
static bool
same_version(const Purl *said, const char *version)
{
  Package *package = purl_to_package(said, NULL);
  if (package == NULL)
    return true;
  const char *left = package->version, *right = version;
  bool same = strcmp(left + (*left == 'v'), right + (*right == 'v')) == 0;
  package_free(package);
  return same;
}

static bool
same_release(const Purl *said, const OsRelease *os)
{
  OsRelease *release = purl_to_os(said);
  bool same = release == NULL || release->version_id == NULL || os == NULL ||
              os->version_id == NULL || strcmp(release->version_id, os->version_id) == 0;
  os_release_free(release);
  return same;
}

/* Whether the package URL @text names @package: what it does not say is any. */
static bool
is_package(const char *text, const Package *package, const OsRelease *os)
{
  g_autoptr(Purl) said = purl_parse(text, NULL);
  if (said == NULL || strcmp(said->type, package->type) != 0)
    return false;
  g_autoptr(Purl) own = purl_of_package(package, os);
  const char *architecture = g_hash_table_lookup(said->qualifier, "arch");
  return strcmp(said->name, own->name) == 0 && same_namespace(said, own) &&
         same_version(said, package->version) && same_release(said, os) &&
         (architecture == NULL || package->architecture == NULL ||
          strcmp(architecture, package->architecture) == 0);
}

/* "docker.io" has several names. */
static const char *
host_of(const char *url)
{
  static const char *const hub[] = {"index.docker.io", "registry-1.docker.io", "docker.io"};
  size_t size = strcspn(url, "/");
  for (size_t i = 0; i < G_N_ELEMENTS(hub); i++)
    if (strlen(hub[i]) == size && strncmp(hub[i], url, size) == 0)
      return "docker.io";
  return NULL;
}

/* @url: "HOST/PATH", with the name of the image at its end or without. */
static bool
is_in_repository(const char *url, const Reference *reference)
{
  size_t size = strcspn(url, "/");
  g_autofree char *host = g_strndup(url, size);
  const char *said_hub = host_of(host), *own_hub = host_of(reference->host);
  if (said_hub != own_hub || (said_hub == NULL && strcmp(host, reference->host) != 0))
    return false;
  const char *path = url[size] == '/' ? url + size + 1 : url + size;
  const char *slash = strrchr(reference->repository, '/');
  size_t folder = slash == NULL ? 0 : (size_t)(slash - reference->repository);
  return strcmp(path, reference->repository) == 0 || *path == '\0' ||
         (strlen(path) == folder && strncmp(path, reference->repository, folder) == 0);
}

static bool
is_named_image(const Purl *said, const VexImage *image)
{
  const char *rest = image->target != NULL && g_str_has_prefix(image->target, "docker://")
                         ? image->target + strlen("docker://")
                         : NULL;
  g_autoptr(Reference) reference = rest == NULL ? NULL : reference_parse(rest, NULL);
  if (reference == NULL)
    return false;
  const char *url = g_hash_table_lookup(said->qualifier, "repository_url");
  const char *tag = g_hash_table_lookup(said->qualifier, "tag");
  const char *slash = strrchr(reference->repository, '/');
  const char *name = slash != NULL ? slash + 1 : reference->repository;
  if (tag == NULL)
    tag = said->version;
  return strcmp(said->name, name) == 0 && (tag == NULL || g_strcmp0(tag, reference->tag) == 0) &&
         (url == NULL || is_in_repository(url, reference));
}

static bool
is_image(const char *text, const VexImage *image)
{
  g_autoptr(Purl) said = purl_parse(text, NULL);
  if (said != NULL && strcmp(said->type, "oci") != 0 && strcmp(said->type, "docker") != 0)
    return false;
  if (said == NULL) {
    const char *at = strrchr(text, '@');
    return g_strcmp0(text, image->target) == 0 || g_strcmp0(text, image->digest) == 0 ||
           (at != NULL && g_strcmp0(at + 1, image->digest) == 0);
  }
  bool digest = said->version != NULL && strchr(said->version, ':') != NULL;
  return digest ? g_strcmp0(said->version, image->digest) == 0 : is_named_image(said, image);
}

/* A CPE of older form, "cpe:/o:redhat:enterprise_linux:9::baseos", of the image's distribution. */
static bool
is_platform(const char *cpe, const VexImage *image)
{
  g_autofree char *own = image->os == NULL ? NULL : cpe_of_os(image->os);
  const char *said = g_str_has_prefix(cpe, "cpe:/")      ? cpe + strlen("cpe:/")
                     : g_str_has_prefix(cpe, "cpe:2.3:") ? cpe + strlen("cpe:2.3:")
                                                         : NULL;
  if (said == NULL || own == NULL)
    return false;
  g_auto(GStrv) theirs = g_strsplit(said, ":", -1);
  g_auto(GStrv) ours = g_strsplit(own + strlen("cpe:2.3:"), ":", -1);
  if (g_strv_length(theirs) < 4)
    return false;
  size_t size = strlen(theirs[3]);
  return strcmp(theirs[0], ours[0]) == 0 && strcmp(theirs[1], ours[1]) == 0 &&
         strcmp(theirs[2], ours[2]) == 0 && size > 0 && strncmp(theirs[3], ours[3], size) == 0 &&
         strchr("._-", ours[3][size]) != NULL;
}

/* A package that has the component as a part: it is in the image. */
static bool
holds_package(const char *product, const VexImage *image)
{
  const ImageInventory *inventory = image->inventory;
  for (guint i = 0; inventory != NULL && i < inventory->packages->len; i++)
    if (is_package(product, g_array_index(inventory->packages, ImagePackage, i).package, image->os))
      return true;
  return false;
}

static bool
fits_package(const VexStatement *statement, const VexImage *image, const Package *package)
{
  if (statement->component == NULL)
    return is_package(statement->product, package, image->os) ||
           is_image(statement->product, image);
  if (!is_package(statement->component, package, image->os))
    return false;
  return is_image(statement->product, image) || holds_package(statement->product, image) ||
         (statement->platform != NULL && is_platform(statement->platform, image));
}

bool
vex_fits(const VexStatement *statement, const VexImage *image, const Finding *finding)
{
  const Package package = {.type = finding->package_type,
                           .name = finding->package,
                           .version = finding->installed_version,
                           .architecture = finding->architecture,
                           .source_name = finding->package,
                           .source_version = finding->installed_version};
  return is_about_vulnerability(statement, finding) && fits_package(statement, image, &package);
}

const VexStatement *
vex_find(const VexDocument *document, const VexImage *image, const Finding *finding)
{
  const VexStatement *newest = NULL;
  for (guint i = 0; i < document->statements->len; i++) {
    const VexStatement *statement = g_ptr_array_index(document->statements, i);
    if ((newest == NULL || statement->time >= newest->time) && vex_fits(statement, image, finding))
      newest = statement;
  }
  return newest;
}

bool
vex_suppresses(const VexStatement *statement)
{
  return statement->status == VEX_NOT_AFFECTED || statement->status == VEX_FIXED;
}

char *
vex_in_words(const VexStatement *statement, const VexDocument *document)
{
  g_autoptr(GString) words = g_string_new(statement->written);
  if (statement->justification != NULL)
    g_string_append_printf(words, " (%s)", statement->justification);
  if (statement->detail != NULL)
    g_string_append_printf(words, ": %s", statement->detail);
  if (document->author != NULL)
    g_string_append_printf(words, " [VEX of %s]", document->author);
  return slice_to_printable(slice_from_string(words->str), WORDS_MAX);
}

char *
vex_with_file(const VexStatement *statement, const VexDocument *document)
{
  g_autofree char *words = vex_in_words(statement, document);
  return g_strdup_printf("%s (%s)", words, document->name);
}
