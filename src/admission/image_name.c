/* Names of images; see the header. */
#include "admission/image_name.h"

#include <string.h>

#include "base/error.h"
#include "text/glob.h"

#define HUB_LEGACY "index.docker.io"
#define HUB_API    "registry-1.docker.io"

static void
replace_host(Reference *image, char *host)
{
  g_free(image->host);
  image->host = host;
}

/* What a runtime takes for an identifier of its own. */
static bool
is_identifier(const char *text)
{
  return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

Reference *
image_name_parse(const char *text, GError **error)
{
  if (is_identifier(text)) {
    error_set(error, ASSAY_ERROR_INVALID,
              "reference \"%s\": it is an identifier, and no name of an image", text);
    return NULL;
  }
  Reference *image = reference_parse(text, error);
  if (image == NULL)
    return NULL;
  replace_host(image, g_ascii_strdown(image->host, -1));
  if (g_str_has_suffix(image->host, ":443"))
    image->host[strlen(image->host) - strlen(":443")] = '\0';
  if (strcmp(image->host, HUB_LEGACY) != 0 && strcmp(image->host, HUB_API) != 0)
    return image;
  replace_host(image, g_strdup(IMAGE_HOST_DEFAULT));
  if (strchr(image->repository, '/') == NULL) {
    g_autofree char *official = image->repository;
    image->repository = g_strconcat("library/", official, NULL);
  }
  return image;
}

char *
image_name_text(const Reference *image)
{
  return g_strconcat(image->host, "/", image->repository, image->tag != NULL ? ":" : "",
                     image->tag != NULL ? image->tag : "", image->digest != NULL ? "@" : "",
                     image->digest, NULL);
}

char *
image_name_pinned(const char *text, const char *digest)
{
  if (strchr(text, '@') != NULL)
    return g_strdup(text);
  const char *last = strrchr(text, '/');
  bool tagged = strchr(last != NULL ? last : text, ':') != NULL;
  return g_strconcat(text, tagged ? "" : ":latest", "@", digest, NULL);
}

bool
image_name_is_among(const char *text, const char *const *patterns)
{
  for (; *patterns != NULL; patterns++)
    if (glob_matches_across(*patterns, text))
      return true;
  return false;
}
