/* What the media types mean; see the header. */
#include "oci/media_type.h"

#include <glib.h>
#include <string.h>

bool
media_type_is_manifest(const char *type)
{
  return g_strcmp0(type, MEDIA_TYPE_OCI_MANIFEST) == 0 ||
         g_strcmp0(type, MEDIA_TYPE_DOCKER_MANIFEST) == 0;
}

bool
media_type_is_index(const char *type)
{
  return g_strcmp0(type, MEDIA_TYPE_OCI_INDEX) == 0 || g_strcmp0(type, MEDIA_TYPE_DOCKER_LIST) == 0;
}

bool
media_type_is_schema1(const char *type)
{
  return g_strcmp0(type, MEDIA_TYPE_DOCKER_SCHEMA1) == 0 ||
         g_strcmp0(type, MEDIA_TYPE_DOCKER_SCHEMA1_SIGNED) == 0;
}

bool
media_type_is_layer(const char *type)
{
  static const char *const prefixes[] = {
      MEDIA_TYPE_OCI_LAYER,
      "application/vnd.oci.image.layer.nondistributable.v1.tar",
      "application/vnd.docker.image.rootfs.diff.tar",
      "application/vnd.docker.image.rootfs.foreign.diff.tar",
  };
  for (size_t i = 0; type != NULL && i < G_N_ELEMENTS(prefixes); i++) {
    size_t length = strlen(prefixes[i]);
    if (strncmp(type, prefixes[i], length) == 0 &&
        (type[length] == '\0' || type[length] == '+' || type[length] == '.'))
      return true;
  }
  return false;
}

bool
media_type_is_foreign_layer(const char *type)
{
  return media_type_is_layer(type) &&
         (strstr(type, ".nondistributable.") != NULL || strstr(type, ".foreign.") != NULL);
}

bool
media_type_is_image_config(const char *type)
{
  return g_strcmp0(type, MEDIA_TYPE_OCI_CONFIG) == 0 ||
         g_strcmp0(type, MEDIA_TYPE_DOCKER_CONFIG) == 0;
}

/* --- what others keep in registries --- */

typedef enum { BEGINS, ENDS, HOLDS } Match;

typedef struct {
  Match match;
  const char *text;
  MediaTypeUse use;
  const char *words;
} KnownType;

/* By the projects' own documents (one of them with its own spelling). What some runtime mounts or
 * runs comes first, and an encrypted layer before all: what it is else lies beneath. */
static const KnownType known_types[] = {
    {ENDS, "+encrypted", MEDIA_TYPE_UNREADABLE, "an encrypted layer"},
    {HOLDS, ".squashfs", MEDIA_TYPE_UNREADABLE, "a squashfs file system"},
    {HOLDS, ".erofs", MEDIA_TYPE_UNREADABLE, "an EROFS file system"},
    {HOLDS, ".nydus.", MEDIA_TYPE_UNREADABLE, "a Nydus file system"},
    {HOLDS, "overlaybd", MEDIA_TYPE_UNREADABLE, "an overlaybd block device"},
    {BEGINS, "application/vnd.sylabs.sif.", MEDIA_TYPE_UNREADABLE, "a Singularity image (SIF)"},
    {BEGINS, "appliciation/vnd.sylabs.sif.", MEDIA_TYPE_UNREADABLE, "a Singularity image (SIF)"},
    {ENDS, "+wasm", MEDIA_TYPE_UNREADABLE, "a WebAssembly module"},
    {BEGINS, "application/wasm", MEDIA_TYPE_UNREADABLE, "a WebAssembly module"},
    {BEGINS, "application/vnd.wasm.", MEDIA_TYPE_UNREADABLE, "a WebAssembly module"},
    {BEGINS, "application/vnd.cirruslabs.tart.", MEDIA_TYPE_UNREADABLE, "a virtual machine (Tart)"},

    {BEGINS, "application/vnd.cncf.helm.", MEDIA_TYPE_DATA, "a Helm chart"},
    {BEGINS, "application/vnd.dev.cosign.", MEDIA_TYPE_DATA, "a cosign signature"},
    {BEGINS, "application/vnd.dev.sigstore.bundle", MEDIA_TYPE_DATA, "a sigstore bundle"},
    {BEGINS, "application/vnd.cncf.notary.", MEDIA_TYPE_DATA, "a Notation signature"},
    {BEGINS, "application/jose", MEDIA_TYPE_DATA, "a signature"},
    {BEGINS, "application/cose", MEDIA_TYPE_DATA, "a signature"},
    {BEGINS, "application/vnd.in-toto", MEDIA_TYPE_DATA, "an in-toto attestation"},
    {BEGINS, "application/vnd.dsse.", MEDIA_TYPE_DATA, "a DSSE attestation"},
    {HOLDS, "spdx", MEDIA_TYPE_DATA, "an SPDX SBOM"},
    {BEGINS, "application/vnd.cyclonedx", MEDIA_TYPE_DATA, "a CycloneDX SBOM"},
    {BEGINS, "application/vnd.syft", MEDIA_TYPE_DATA, "a Syft SBOM"},
    {BEGINS, "application/sarif", MEDIA_TYPE_DATA, "a SARIF report"},
    {BEGINS, "application/vnd.openvex", MEDIA_TYPE_DATA, "an OpenVEX document"},
    {BEGINS, "application/openvex", MEDIA_TYPE_DATA, "an OpenVEX document"},
    {HOLDS, "csaf", MEDIA_TYPE_DATA, "a CSAF document"},
    {BEGINS, "application/vnd.amazon.soci.", MEDIA_TYPE_DATA, "a SOCI index"},
    {BEGINS, "application/vnd.buildkit.cacheconfig.", MEDIA_TYPE_DATA, "a BuildKit cache"},
    {BEGINS, "application/vnd.ollama.", MEDIA_TYPE_DATA, "a model (Ollama)"},
    {BEGINS, "application/vnd.docker.ai.", MEDIA_TYPE_DATA, "a model (Docker)"},
    {BEGINS, "application/vnd.cncf.model.", MEDIA_TYPE_DATA, "a model (ModelPack)"},
    {BEGINS, "application/vnd.kitops.modelkit.", MEDIA_TYPE_DATA, "a model (KitOps)"},
    {BEGINS, "application/vnd.cncf.openpolicyagent.", MEDIA_TYPE_DATA, "an OPA policy"},
    {BEGINS, "application/vnd.cncf.kyverno.", MEDIA_TYPE_DATA, "a Kyverno policy"},
    {BEGINS, "application/vnd.cncf.flux.", MEDIA_TYPE_DATA, "a Flux artifact"},
    {BEGINS, "application/vnd.cncf.falco.", MEDIA_TYPE_DATA, "Falco rules"},
    {BEGINS, "application/vnd.devcontainers.", MEDIA_TYPE_DATA, "a dev container feature"},
    {BEGINS, "application/vnd.opentofu.", MEDIA_TYPE_DATA, "an OpenTofu module"},
    {BEGINS, "application/vnd.docker.compose.", MEDIA_TYPE_DATA, "a Compose file"},
    {BEGINS, "application/vnd.cnab.", MEDIA_TYPE_DATA, "a CNAB bundle"},
    {BEGINS, MEDIA_TYPE_ADVISORIES, MEDIA_TYPE_DATA, "an advisory database"},
    {BEGINS, "application/vnd.aquasec.trivy.", MEDIA_TYPE_DATA, "a Trivy database"},
    {BEGINS, MEDIA_TYPE_OCI_EMPTY, MEDIA_TYPE_DATA, "an empty object"},
};

static bool
matches(const KnownType *known, const char *type)
{
  switch (known->match) {
  case BEGINS:
    return g_str_has_prefix(type, known->text);
  case ENDS:
    return g_str_has_suffix(type, known->text);
  default:
    return strstr(type, known->text) != NULL;
  }
}

/* Types have no case (RFC 6838), although most readers of these are strict about it. */
MediaTypeUse
media_type_use(const char *type, const char **words)
{
  g_autofree char *small = g_ascii_strdown(type, -1);
  for (size_t i = 0; i < G_N_ELEMENTS(known_types); i++)
    if (matches(&known_types[i], small)) {
      *words = known_types[i].words;
      return known_types[i].use;
    }
  *words = NULL;
  return MEDIA_TYPE_UNKNOWN;
}

bool
media_type_is_sbom(const char *type)
{
  const char *words = NULL;
  return media_type_use(type, &words) == MEDIA_TYPE_DATA && g_str_has_suffix(words, " SBOM");
}

bool
media_type_is_attestation(const char *type)
{
  static const char *const kinds[] = {"application/vnd.in-toto", "application/vnd.dsse.",
                                      "application/vnd.dev.sigstore.bundle"};
  g_autofree char *small = g_ascii_strdown(type, -1);
  for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (g_str_has_prefix(small, kinds[i]))
      return true;
  return false;
}

char *
media_type_in_words(const char *type)
{
  const char *words;
  media_type_use(type, &words);
  return g_strdup_printf("%s (%.200s)", words != NULL ? words : "an artifact", type);
}
