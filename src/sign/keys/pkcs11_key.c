/* Keys of tokens; see the header. */
#include "sign/keys/pkcs11_key.h"

#include <gnutls/pkcs11.h>
#include <string.h>

#include "base/error.h"
#include "base/gnutls_library.h"
#include "oci/digest.h"
#include "sign/keys/gnutls_sign.h"
#include "sign/keys/key_kind.h"
#include "sign/keys/secret.h"

static bool allowed; /* before other threads are made */

void
pkcs11_key_allow(void)
{
  allowed = true;
}

/* --- what a URI says --- */

typedef struct {
  char *url;    /* for GnuTLS: without what is ours */
  char *object; /* its name, or NULL */
  char *module, *pin_file;
} Place;

static void
place_clear(Place *place)
{
  g_free(place->url);
  g_free(place->object);
  g_free(place->module);
  g_free(place->pin_file);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static bool
take_question(Place *place, const char *part, GError **error)
{
  if (g_str_has_prefix(part, "module-path=")) {
    place->module = g_uri_unescape_string(strchr(part, '=') + 1, NULL);
    return place->module != NULL || error_set(error, ASSAY_ERROR_INVALID, "module-path is damaged");
  }
  if (g_str_has_prefix(part, "pin-source=")) {
    g_autofree char *source = g_uri_unescape_string(strchr(part, '=') + 1, NULL);
    if (source != NULL && (source[0] == '/' || g_str_has_prefix(source, "file:/"))) {
      const char *path = source[0] == '/' ? source : source + strlen("file:");
      place->pin_file = g_strdup(g_str_has_prefix(path, "///") ? path + 2 : path);
      return true;
    }
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "pin-source is no file");
  }
  return error_set(
      error, ASSAY_ERROR_INVALID,
      g_str_has_prefix(part, "pin-value=")
          ? "a PIN stands in no URI: give a file of it (pin-source=file:...)"
          : "what stands after its \"?\" is unknown (wanted: module-path, pin-source)");
}

static bool
read_place(const char *rest, Place *place, GError **error)
{
  const char *question = strchr(rest, '?');
  g_autofree char *path = question == NULL ? g_strdup(rest) : g_strndup(rest, question - rest);
  g_auto(GStrv) questions = g_strsplit(question == NULL ? "" : question + 1, "&", -1);
  for (size_t i = 0; questions[i] != NULL; i++)
    if (!take_question(place, questions[i], error))
      return false;
  g_auto(GStrv) parts = g_strsplit(path, ";", -1);
  bool typed = false;
  for (size_t i = 0; parts[i] != NULL; i++) {
    typed |= g_str_has_prefix(parts[i], "type=");
    if (g_str_has_prefix(parts[i], "pin-value="))
      return take_question(place, parts[i], error);
    if (g_str_has_prefix(parts[i], "object=") && place->object == NULL)
      place->object = g_uri_unescape_string(parts[i] + strlen("object="), NULL);
  }
  place->url = g_strdup_printf("pkcs11:%s%s", path, typed ? "" : ";type=private");
  return true;
}

/* --- its PIN --- */

/* A token locks itself after some wrong ones, so none is shown twice that it refused. */
static GMutex refused_lock;
static GHashTable *refused; /* digests of a place and a PIN */

static char *
name_of_try(const Place *place, const char *pin)
{
  g_autofree char *both = g_strdup_printf("%s\n%s", place->url, pin);
  char *name = g_strdup(digest_of(DIGEST_SHA256, slice_from_string(both)).text);
  secret_text_wipe(&(char *){g_steal_pointer(&both)});
  return name;
}

static bool
was_refused(const Place *place, const char *pin)
{
  g_autofree char *name = name_of_try(place, pin);
  g_mutex_lock(&refused_lock);
  bool found = refused != NULL && g_hash_table_contains(refused, name);
  g_mutex_unlock(&refused_lock);
  return found;
}

static void
note_refused(const Place *place, const char *pin)
{
  g_mutex_lock(&refused_lock);
  if (refused == NULL)
    refused = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add(refused, name_of_try(place, pin));
  g_mutex_unlock(&refused_lock);
}

static bool
find_pin(const Place *place, const KeyOptions *options, char **pin, GError **error)
{
  static const char *const variables[] = {"ASSAY_KEY_PIN", NULL};
  const char *file = options->pin_file != NULL ? options->pin_file : place->pin_file;
  if (!secret_find(file, variables, pin, error)) {
    g_prefix_error(error, "the PIN's file: ");
    return false;
  }
  if (*pin != NULL && was_refused(place, *pin))
    return error_set(error, ASSAY_ERROR_DENIED,
                     "its token refused this PIN before, and would lock itself; give another");
  return true;
}

/* Once: what is wrong is not shown again. */
static int
tell_pin(void *data, int attempt, const char *url, const char *label, unsigned flags, char *pin,
         size_t most)
{
  const char *known = data;
  if (known == NULL || (flags & GNUTLS_PIN_WRONG) != 0 || attempt > 0 || strlen(known) >= most)
    return -1;
  g_strlcpy(pin, known, most);
  return 0;
}

/* --- the key --- */

typedef struct {
  GMutex lock; /* a session does one thing at a time */
  gnutls_privkey_t key;
  char *pin; /* a token that was away asks again; wiped at the end */
} Pkcs11Key;

static void
free_key(void *state)
{
  Pkcs11Key *key = state;
  if (key->key != NULL)
    gnutls()->privkey_deinit(key->key);
  secret_text_wipe(&key->pin);
  g_mutex_clear(&key->lock);
  g_free(key);
}

/* GnuTLS keeps one list of modules, and no lock for it. */
static bool
load_modules(const Place *place, GError **error)
{
  static GMutex loading;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&loading);
  if (!allowed)
    return error_set(error, ASSAY_ERROR_UNSUPPORTED,
                     "modules of tokens are loaded by the process that signs alone");
  int status = place->module == NULL ? gnutls()->pkcs11_init(GNUTLS_PKCS11_FLAG_AUTO, NULL)
                                     : gnutls()->pkcs11_init(GNUTLS_PKCS11_FLAG_MANUAL, NULL);
  if (status >= 0 && place->module != NULL)
    status = gnutls()->pkcs11_add_provider(place->module, NULL);
  return status >= 0 ||
         gnutls_key_error(error, status,
                          place->module == NULL ? "the modules of p11-kit" : place->module);
}

static bool
find_key(const Place *place, Pkcs11Key *key, GError **error)
{
  int status = gnutls()->privkey_init(&key->key);
  if (status < 0)
    return gnutls_key_error(error, status, "a key");
  gnutls()->privkey_set_pin_function(key->key, tell_pin, key->pin);
  status = gnutls()->privkey_import_url(key->key, place->url, GNUTLS_PKCS11_OBJ_FLAG_LOGIN);
  if (status >= 0)
    return true;
  if (status == GNUTLS_E_PKCS11_PIN_ERROR && key->pin != NULL)
    note_refused(place, key->pin);
  if (status == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE ||
      status == GNUTLS_E_PKCS11_REQUESTED_OBJECT_NOT_AVAILBLE)
    return error_set(error, ASSAY_ERROR_NOT_FOUND,
                     "no token that is there has such a key, or the token is away");
  if (key->pin == NULL)
    return error_set(error, ASSAY_ERROR_DENIED, "%s; no PIN is given (a PIN file)",
                     gnutls()->strerror(status));
  return gnutls_key_error(error, status, "its token");
}

static bool
open_key(const char *rest, const KeyOptions *options, OpenedKey *opened, Cancellable *cancellable,
         GError **error)
{
  g_auto(Place) place = {NULL, NULL, NULL, NULL};
  if (!read_place(rest, &place, error) || !load_modules(&place, error))
    return false;
  Pkcs11Key *key = g_new0(Pkcs11Key, 1);
  g_mutex_init(&key->lock);
  if (find_pin(&place, options, &key->pin, error) && find_key(&place, key, error))
    opened->public = gnutls_public_half(key->key, error);
  if (opened->public == NULL)
    free_key(key);
  else
    opened->state = key;
  return opened->public != NULL;
}

static GBytes *
sign(void *state, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
     GError **error)
{
  Pkcs11Key *key = state;
  g_mutex_lock(&key->lock);
  GBytes *signature = gnutls_sign(key->key, algorithm, message, error);
  g_mutex_unlock(&key->lock);
  return signature;
}

/* GnuTLS asks for the PIN of one that is made by a function of the whole process. */
static bool
make(const char *rest, const char *algorithm, const KeyOptions *options, Cancellable *cancellable,
     GError **error)
{
  static GMutex making;
  g_auto(Place) place = {NULL, NULL, NULL, NULL};
  auto_secret_text *pin = NULL;
  OpenedKey there = {NULL, NULL, NULL};
  gnutls_pk_algorithm_t type;
  unsigned bits;
  if (!gnutls_key_type(algorithm, &type, &bits))
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "tokens make no keys of %s", algorithm);
  if (!read_place(rest, &place, error) || !load_modules(&place, error) ||
      !find_pin(&place, options, &pin, error))
    return false;
  if (place.object == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "a key that is made has a name (object=...)");
  g_autoptr(GError) absent = NULL;
  if (open_key(rest, options, &there, cancellable, &absent)) {
    public_key_free(there.public);
    free_key(there.state);
    return error_set(error, ASSAY_ERROR_EXISTS, "the token has it already");
  }
  /* A PIN that was refused is not shown once more. */
  if (g_error_matches(absent, ASSAY_ERROR, ASSAY_ERROR_DENIED)) {
    g_propagate_error(error, g_steal_pointer(&absent));
    return false;
  }
  uint8_t random[16];
  gnutls()->rnd(GNUTLS_RND_NONCE, random, sizeof random);
  const gnutls_datum_t id = {random, sizeof random};
  g_mutex_lock(&making);
  gnutls()->pkcs11_set_pin_function(tell_pin, pin);
  int status = gnutls()->pkcs11_privkey_generate3(place.url, type, bits, place.object, &id, 0, NULL,
                                                  GNUTLS_KEY_DIGITAL_SIGNATURE,
                                                  GNUTLS_PKCS11_OBJ_FLAG_LOGIN);
  gnutls()->pkcs11_set_pin_function(NULL, NULL);
  g_mutex_unlock(&making);
  if (status == GNUTLS_E_PKCS11_PIN_ERROR && pin != NULL)
    note_refused(&place, pin);
  return status >= 0 || gnutls_key_error(error, status, "its token makes none");
}

const KeyKind pkcs11_key_kind = {
    .scheme = "pkcs11", .open = open_key, .sign = sign, .make = make, .free = free_key};
