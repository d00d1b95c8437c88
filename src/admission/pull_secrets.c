/* Reading pull secrets and matching them; see the header. */
#include "admission/pull_secrets.h"

#include <string.h>

#include "admission/image_name.h"
#include "admission/workload.h"
#include "base/error.h"
#include "base/json.h"
#include "text/glob.h"

#define NAME_MAX_LENGTH 253u
/* Values of JSON in what a Secret holds. */
#define VALUES_MAX ((size_t)20000)

/* --- what a Pod names --- */

void
pull_secrets_asked_clear(PullSecretsAsked *asked)
{
  g_clear_pointer(&asked->namespace, g_free);
  g_clear_pointer(&asked->service_account, g_free);
  g_clear_pointer(&asked->names, g_strfreev);
}

/* A name of an object (RFC 1123): it becomes a part of a path. */
static bool
is_name(const char *text)
{
  size_t size = strlen(text);
  return size > 0 && size <= NAME_MAX_LENGTH && g_ascii_isalnum(*text) &&
         strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == size;
}

GStrv
pull_secrets_names(const json_t *object)
{
  size_t i;
  const json_t *entry;
  g_autoptr(GStrvBuilder) names = g_strv_builder_new();
  const json_t *list = json_get_array(object, "imagePullSecrets");
  json_array_foreach(list, i, entry) {
    const char *name = json_get_string(entry, "name");
    if (i < PULL_SECRETS_MAX && name != NULL && is_name(name))
      g_strv_builder_add(names, name);
  }
  return g_strv_builder_end(names);
}

bool
pull_secrets_asked(const Review *review, PullSecretsAsked *asked)
{
  const json_t *spec = workload_pod_spec(review, review->object);
  const char *account = json_get_string(spec, "serviceAccountName");
  account = account != NULL && *account != '\0' ? account : json_get_string(spec, "serviceAccount");
  account = account != NULL && *account != '\0' ? account : "default";
  *asked = (PullSecretsAsked){NULL};
  if (spec == NULL || !is_name(review->namespace) || !is_name(account))
    return false;
  asked->namespace = g_strdup(review->namespace);
  asked->service_account = g_strdup(account);
  asked->names = pull_secrets_names(spec);
  return true;
}

/* --- what is in a Secret --- */

typedef struct {
  char *key; /* HOST[:PORT][PATH], by which entries are ordered */
  char *login;
} Entry;

struct PullSecrets {
  GPtrArray *entries; /* Entry */
};

static void
login_free(char *login)
{
  if (login != NULL)
    explicit_bzero(login, strlen(login));
  g_free(login);
}

void
logins_free(GStrv logins)
{
  for (char **login = logins; login != NULL && *login != NULL; login++)
    login_free(*login);
  g_free(logins);
}

static void
entry_free(void *data)
{
  Entry *entry = data;
  g_free(entry->key);
  login_free(entry->login);
  g_free(entry);
}

PullSecrets *
pull_secrets_new(void)
{
  PullSecrets *secrets = g_atomic_rc_box_new0(PullSecrets);
  secrets->entries = g_ptr_array_new_with_free_func(entry_free);
  return secrets;
}

PullSecrets *
pull_secrets_ref(PullSecrets *secrets)
{
  return g_atomic_rc_box_acquire(secrets);
}

static void
pull_secrets_clear(void *data)
{
  g_ptr_array_unref(((PullSecrets *)data)->entries);
}

void
pull_secrets_unref(PullSecrets *secrets)
{
  if (secrets != NULL)
    g_atomic_rc_box_release_full(secrets, pull_secrets_clear);
}

/* "https://index.docker.io/v1/" is "index.docker.io/": versions of the protocol are no path. */
static char *
key_of(const char *text)
{
  const char *scheme = strstr(text, "://");
  g_autofree char *rest = g_strdup(scheme != NULL ? scheme + 3 : text);
  char *path = rest + strcspn(rest, "/");
  if (g_str_has_prefix(path, "/v1/") || g_str_has_prefix(path, "/v2/"))
    memmove(path, path + 3, strlen(path + 3) + 1);
  if (strcmp(path, "/") == 0)
    *path = '\0';
  return g_steal_pointer(&rest);
}

/* Of base64, "USER:PASSWORD"; or of the two. (transfer full) NULL: there is none. */
static char *
login_of(const json_t *entry)
{
  const char *encoded = json_get_string(entry, "auth");
  const char *user = json_get_string(entry, "username");
  const char *password = json_get_string(entry, "password");
  if (encoded != NULL && *encoded != '\0') {
    gsize size = 0;
    g_autofree guchar *decoded = g_base64_decode(encoded, &size);
    char *login = g_strndup((const char *)decoded, size);
    explicit_bzero(decoded, size);
    if (strlen(login) == size && strchr(login, ':') != NULL && *login != ':')
      return login;
    login_free(login);
    return NULL;
  }
  if (user == NULL || *user == '\0' || strchr(user, ':') != NULL)
    return NULL;
  return g_strconcat(user, ":", password != NULL ? password : "", NULL);
}

static bool
add_entries(PullSecrets *secrets, const json_t *auths)
{
  const char *key;
  json_t *value;
  guint before = secrets->entries->len;
  /* The macro wants an object that it could change. */
  json_object_foreach((json_t *)(uintptr_t)auths, key, value) {
    char *login = login_of(value);
    if (login == NULL || secrets->entries->len - before >= PULL_SECRET_ENTRIES_MAX) {
      login_free(login);
      continue;
    }
    Entry *entry = g_new0(Entry, 1);
    entry->key = key_of(key);
    entry->login = login;
    g_ptr_array_add(secrets->entries, entry);
  }
  return true;
}

bool
pull_secrets_add(PullSecrets *secrets, const json_t *secret, GError **error)
{
  const json_t *data = json_get_object(secret, "data");
  const char *type = json_get_string(secret, "type");
  bool is_old = g_strcmp0(type, "kubernetes.io/dockercfg") == 0;
  if (!is_old && g_strcmp0(type, "kubernetes.io/dockerconfigjson") != 0)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "it is of the type \"%.60s\", and none of kubernetes.io/dockerconfigjson and "
                     "kubernetes.io/dockercfg",
                     type != NULL ? type : "");
  const char *encoded = json_get_string(data, is_old ? ".dockercfg" : ".dockerconfigjson");
  gsize size = 0;
  g_autofree guchar *text = encoded == NULL ? NULL : g_base64_decode(encoded, &size);
  /* What the parser says of a mistake would have some of the text. */
  g_autoptr(json_t) file =
      text == NULL ? NULL : json_parse_bounded(slice_new(text, size), VALUES_MAX, NULL);
  if (text != NULL)
    explicit_bzero(text, size);
  const json_t *auths = is_old ? file : json_get_object(file, "auths");
  if (!json_is_object(auths))
    return error_set(error, ASSAY_ERROR_INVALID, "it holds no credentials that can be read");
  return add_entries(secrets, auths);
}

/* --- which are for an image --- */

/* Whether the part of a host, with its port, that @key has is like that of @host. */
static bool
host_matches(const char *key, size_t size, const char *host)
{
  g_autofree char *pattern = g_strndup(key, size);
  g_autofree char *lower = g_ascii_strdown(pattern, -1);
  if (g_str_has_suffix(lower, ":443"))
    lower[strlen(lower) - strlen(":443")] = '\0';
  char *port = strrchr(lower, ':');
  const char *of_host = strrchr(host, ':');
  if (g_strcmp0(port, of_host) != 0)
    return false;
  g_auto(GStrv) parts = g_strsplit(lower, ".", -1), names = g_strsplit(host, ".", -1);
  if (g_strv_length(parts) != g_strv_length(names))
    return false;
  for (size_t i = 0; parts[i] != NULL; i++)
    if (!glob_matches_across(parts[i], names[i]))
      return false;
  return true;
}

static bool
is_for(const Entry *entry, const Reference *name)
{
  g_autofree char *path = g_strconcat("/", name->repository, NULL);
  size_t host = strcspn(entry->key, "/");
  return g_str_has_prefix(path, entry->key + host) && host_matches(entry->key, host, name->host);
}

static int
later_first(const void *one, const void *other)
{
  const Entry *const *first = one, *const *second = other;
  return strcmp((*second)->key, (*first)->key);
}

GStrv
pull_secrets_match(const PullSecrets *secrets, const Reference *name)
{
  g_autoptr(GPtrArray) fit = g_ptr_array_new();
  bool is_hub = strcmp(name->host, IMAGE_HOST_DEFAULT) == 0;
  for (guint i = 0; i < secrets->entries->len; i++) {
    Entry *entry = g_ptr_array_index(secrets->entries, i);
    if (is_for(entry, name))
      g_ptr_array_add(fit, entry);
  }
  for (guint i = 0; is_hub && fit->len == 0 && i < secrets->entries->len; i++) {
    Entry *entry = g_ptr_array_index(secrets->entries, i);
    if (strcmp(entry->key, "index.docker.io") == 0)
      g_ptr_array_add(fit, entry);
  }
  g_ptr_array_sort(fit, later_first);
  GStrv logins = g_new0(char *, fit->len + 1);
  for (guint i = 0; i < fit->len; i++)
    logins[i] = g_strdup(((const Entry *)g_ptr_array_index(fit, i))->login);
  return logins;
}
