/* The grammars of names, tags and references; see the header. */
#include "oci/reference.h"

#include <string.h>

#include "base/error.h"

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* One path component: alphanumerics with single ".", "_", double "_" or any run of "-" between. */
static bool
component_is_valid(const char *at, size_t size)
{
  const char *const end = at + size;
  while (at < end) {
    size_t word = 0;
    while (at + word < end && strchr(LOWER DIGITS, at[word]) != NULL)
      word++;
    if (word == 0)
      return false;
    at += word;
    if (at == end)
      return true;
    size_t run = 1;
    while (at + run < end && at[run] == at[0])
      run++;
    bool separator = (*at == '.' && run == 1) || (*at == '_' && run <= 2) || *at == '-';
    if (!separator)
      return false;
    at += run;
  }
  return false;
}

bool
repository_name_is_valid(const char *name)
{
  if (strlen(name) > REPOSITORY_NAME_MAX)
    return false;
  for (;;) {
    size_t size = strcspn(name, "/");
    if (!component_is_valid(name, size))
      return false;
    if (name[size] == '\0')
      return true;
    name += size + 1;
  }
}

bool
tag_is_valid(const char *tag)
{
  size_t size = strlen(tag);
  return size >= 1 && size <= TAG_MAX && strchr(".-", *tag) == NULL &&
         strspn(tag, LOWER UPPER DIGITS "_.-") == size;
}

/* The digest's hex is cut to 64 digits, so both algorithms have as many. */
const char *
tag_suffix_beside(const char *tag)
{
  if (!g_str_has_prefix(tag, "sha256-") && !g_str_has_prefix(tag, "sha512-"))
    return NULL;
  const char *hex = tag + strlen("sha256-"), *end = hex + strspn(hex, DIGITS "abcdef");
  return end - hex == 64 && (*end == '\0' || *end == '.') ? end : NULL;
}

bool
tag_is_of_referrers(const char *tag)
{
  const char *suffix = tag_suffix_beside(tag);
  return suffix != NULL && *suffix == '\0';
}

char *
tag_subject(const char *tag)
{
  const char *hex = tag + strlen("sha256-");
  return tag_suffix_beside(tag) == NULL || !g_str_has_prefix(tag, "sha256-")
             ? NULL
             : g_strdup_printf("sha256:%.64s", hex);
}

char *
tag_of_referrers(const Digest *subject)
{
  return g_strdup_printf("%.6s-%.64s", subject->text, digest_hex(subject)); /* "sha256", "sha512" */
}

/* The first part is a host when it could be no repository on Docker Hub: a dot, a port, localhost.
 */
static bool
looks_like_host(const char *text, size_t size)
{
  return memchr(text, '.', size) != NULL || memchr(text, ':', size) != NULL ||
         (size == strlen("localhost") && strncmp(text, "localhost", size) == 0);
}

/* Parts of letters, digits and, within, dashes, with a dot between two; or an address of IPv6. */
static bool
host_name_is_valid(const char *at, size_t size)
{
  if (size > 2 && at[0] == '[' && at[size - 1] == ']') {
    g_autofree char *address = g_strndup(at + 1, size - 2);
    return strspn(address, "abcdefABCDEF" DIGITS ":") == size - 2;
  }
  for (size_t i = 0; i < size; i++) {
    bool edge = i == 0 || i + 1 == size || at[i - 1] == '.' || at[i + 1] == '.';
    if (!g_ascii_isalnum(at[i]) && ((at[i] != '-' && at[i] != '.') || edge))
      return false;
  }
  return size > 0;
}

static bool
host_is_valid(const char *host)
{
  const char *end = *host == '[' ? strchr(host, ']') : host;
  const char *port = end == NULL ? NULL : strchr(end, ':');
  size_t size = port == NULL ? strlen(host) : (size_t)(port - host);
  return end != NULL && host_name_is_valid(host, size) &&
         (port == NULL || (port[1] != '\0' && strspn(port + 1, DIGITS) == strlen(port + 1)));
}

static Reference *
refuse(const char *text, const char *what, GError **error)
{
  error_set(error, ASSAY_ERROR_INVALID,
            "reference \"%.300s\": %s; write HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]", text, what);
  return NULL;
}

Reference *
reference_parse(const char *text, GError **error)
{
  g_autoptr(Reference) reference = g_new0(Reference, 1);
  g_autofree char *name = g_strdup(text);

  char *at = strchr(name, '@');
  if (at != NULL) {
    *at = '\0';
    Digest digest;
    if (!digest_parse(at + 1, &digest, error)) {
      g_prefix_error(error, "reference \"%.300s\": ", text);
      return NULL;
    }
    reference->digest = g_strdup(digest.text);
  }

  const char *path = name;
  size_t first = strcspn(name, "/");
  if (name[first] == '/' && looks_like_host(name, first)) {
    reference->host = g_strndup(name, first);
    path = name + first + 1;
  } else {
    reference->host = g_strdup("docker.io");
  }
  if (!host_is_valid(reference->host))
    return refuse(text, "the host is not valid", error);

  const char *last = strrchr(path, '/');
  const char *colon = strchr(last == NULL ? path : last, ':');
  reference->repository = colon == NULL ? g_strdup(path) : g_strndup(path, (size_t)(colon - path));
  if (colon != NULL) {
    if (!tag_is_valid(colon + 1))
      return refuse(text, "the tag is not valid", error);
    reference->tag = g_strdup(colon + 1);
  } else if (reference->digest == NULL) {
    reference->tag = g_strdup("latest");
  }

  if (strcmp(reference->host, "docker.io") == 0) {
    g_free(reference->host);
    reference->host = g_strdup("registry-1.docker.io");
    if (strchr(reference->repository, '/') == NULL) {
      g_autofree char *official = g_steal_pointer(&reference->repository);
      reference->repository = g_strconcat("library/", official, NULL);
    }
  }
  if (!repository_name_is_valid(reference->repository))
    return refuse(text, "the repository name is not valid (lower case, digits, . _ - and /)",
                  error);
  return g_steal_pointer(&reference);
}

void
reference_free(Reference *reference)
{
  if (reference == NULL)
    return;
  g_free(reference->host);
  g_free(reference->repository);
  g_free(reference->tag);
  g_free(reference->digest);
  g_free(reference);
}
