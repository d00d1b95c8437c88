/* Chain ids and platforms; see the header. */
#include "oci/chain_id.h"

#include <string.h>

#define PLATFORM_BYTES_MAX 100

GArray *
chain_ids(const GPtrArray *diff_ids, guint most)
{
  GArray *chains = g_array_new(FALSE, FALSE, sizeof(Digest));
  for (guint i = 0; i < MIN(diff_ids->len, most); i++) {
    const Digest *diff_id = g_ptr_array_index(diff_ids, i);
    Digest chain = *diff_id;
    if (i > 0) {
      g_autofree char *text =
          g_strdup_printf("%s %s", g_array_index(chains, Digest, i - 1).text, diff_id->text);
      chain = digest_of(DIGEST_SHA256, slice_from_string(text));
    }
    g_array_append_val(chains, chain);
  }
  return chains;
}

/* The end of an archive alone, two blocks of zero bytes, or twenty of them, as tar pads it. */
bool
diff_id_is_of_nothing(const Digest *diff_id)
{
  static const size_t sizes[] = {1024, 10240};
  static const uint8_t zeros[10240];
  for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
    Digest nothing = digest_of(digest_algorithm(diff_id), slice_new(zeros, sizes[i]));
    if (digest_equal(&nothing, diff_id))
      return true;
  }
  return false;
}

/* containerd, platforms/database.go: other names of architectures, and the variant that is meant
 * where none is said. */
static const struct {
  const char *architecture, *variant; /* variant NULL: any */
  const char *means, *with;           /* with NULL: the variant that was said */
} same[] = {
    {"x86_64", NULL, "amd64", NULL}, {"x86-64", NULL, "amd64", NULL},  {"amd64", "v1", "amd64", ""},
    {"i386", NULL, "386", ""},       {"aarch64", NULL, "arm64", NULL}, {"arm64", "8", "arm64", ""},
    {"arm64", "v8", "arm64", ""},    {"armhf", NULL, "arm", "v7"},     {"armel", NULL, "arm", "v6"},
    {"arm", "", "arm", "v7"},        {"arm", "7", "arm", "v7"},        {"arm", "6", "arm", "v6"},
    {"arm", "5", "arm", "v5"},       {"arm", "8", "arm", "v8"},
};

char *
image_config_platform(const ImageConfig *config)
{
  g_autofree char *os = g_ascii_strdown(config->os != NULL ? config->os : "", -1);
  g_autofree char *named =
      g_ascii_strdown(config->architecture != NULL ? config->architecture : "", -1);
  g_autofree char *said = g_ascii_strdown(config->variant != NULL ? config->variant : "", -1);
  const char *architecture = named, *variant = said;
  for (size_t i = 0; i < G_N_ELEMENTS(same); i++) {
    if (strcmp(architecture, same[i].architecture) != 0 ||
        (same[i].variant != NULL && strcmp(variant, same[i].variant) != 0))
      continue;
    architecture = same[i].means;
    variant = same[i].with != NULL ? same[i].with : variant;
  }
  g_autofree char *whole =
      g_strdup_printf("%s/%s%s%s", os, architecture, *variant != '\0' ? "/" : "", variant);
  for (char *byte = whole; *byte != '\0'; byte++)
    if (!g_ascii_isgraph(*byte))
      *byte = '?';
  return g_strndup(whole, PLATFORM_BYTES_MAX);
}
