/* Types of what is attested; see the header. */
#include "sign/formats/predicate.h"

#include <glib.h>
#include <string.h>

const char *const predicate_words[] = {"vuln", "slsa", "spdx", "cyclonedx", "openvex", NULL};

/* For each word: what is written, and how all others begin. */
static const struct {
  const char *uri, *starts;
} types[] = {
    {"https://cosign.sigstore.dev/attestation/vuln/v1",
     "https://cosign.sigstore.dev/attestation/vuln"},
    {"https://slsa.dev/provenance/v1", "https://slsa.dev/provenance"},
    {"https://spdx.dev/Document", "https://spdx.dev/Document"},
    {"https://cyclonedx.org/bom", "https://cyclonedx.org/bom"},
    {"https://openvex.dev/ns", "https://openvex.dev/ns"},
};
G_STATIC_ASSERT(G_N_ELEMENTS(types) + 1 == G_N_ELEMENTS(predicate_words));

static int
find(const char *word)
{
  for (int i = 0; predicate_words[i] != NULL; i++)
    if (strcmp(predicate_words[i], word) == 0)
      return i;
  return -1;
}

const char *
predicate_uri(const char *word)
{
  int i = find(word);
  return i < 0 ? NULL : types[i].uri;
}

bool
predicate_is_of(const char *uri, const char *type)
{
  int i = find(type);
  if (uri == NULL || i < 0)
    return g_strcmp0(uri, type) == 0;
  size_t size = strlen(types[i].starts);
  return strncmp(uri, types[i].starts, size) == 0 && (uri[size] == '\0' || uri[size] == '/');
}
