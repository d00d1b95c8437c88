/* Keys in files: PKCS#8 in PEM, encrypted or not (also what OpenSSL wrote before it), and cosign's
 * own. GnuTLS reads them and signs by them, except for keys of SM2 (sm2.h). What is made is a
 * cosign key, which cosign and skopeo sign with as well; without a password, PKCS#8. A password
 * comes from the options' file, $ASSAY_KEY_PASSWORD or $COSIGN_PASSWORD. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/gnutls_library.h"
#include "sign/keys/cosign_key.h"
#include "sign/keys/gnutls_sign.h"
#include "sign/keys/key_kind.h"
#include "sign/keys/secret.h"
#include "sign/keys/sm2.h"

#define FILE_MAX ((size_t)64 * 1024)

static bool
find_password(const KeyOptions *options, char **password, GError **error)
{
  static const char *const variables[] = {"ASSAY_KEY_PASSWORD", "COSIGN_PASSWORD", NULL};
  if (secret_find(options->password_file, variables, password, error))
    return true;
  g_prefix_error(error, "the password's file: ");
  return false;
}

static bool
is_encrypted(Slice file)
{
  static const char mark[] = "ENCRYPTED";
  return file.size > 0 && memmem(file.data, file.size, mark, strlen(mark)) != NULL;
}

/* A key as we keep it: in memory that is locked, wiped when it is freed, and in no core. GnuTLS
 * gets a copy for each signature, which it wipes. */
typedef struct {
  uint8_t *der; /* PKCS#8 */
  size_t size;
  bool is_sm2;
} FileKey;

static void
free_key(void *state)
{
  FileKey *key = state;
  sodium_free(key->der);
  g_free(key);
}

/* For @size bytes, which are to be filled. (transfer full) NULL with *error. */
static FileKey *
kept_new(size_t size, GError **error)
{
  uint8_t *locked = sodium_init() < 0 ? NULL : sodium_malloc(size);
  if (locked == NULL) {
    error_set(error, ASSAY_ERROR_IO, "no memory that can be locked for a key");
    return NULL;
  }
  FileKey *key = g_new0(FileKey, 1);
  *key = (FileKey){.der = locked, .size = size};
  return key;
}

/* (transfer full) NULL with *error. */
static FileKey *
keep(gnutls_x509_privkey_t x509, GError **error)
{
  gnutls_datum_t der = {NULL, 0};
  int status = gnutls()->x509_privkey_export2_pkcs8(x509, GNUTLS_X509_FMT_DER, NULL,
                                                    GNUTLS_PKCS_PLAIN, &der);
  if (status < 0) {
    error_set(error, ASSAY_ERROR_INVALID, "the key is damaged: %s", gnutls()->strerror(status));
    return NULL;
  }
  FileKey *key = kept_new(der.size, error);
  if (key != NULL)
    memcpy(key->der, der.data, der.size);
  sodium_memzero(der.data, der.size);
  (*gnutls()->free)(der.data);
  return key;
}

/* For GnuTLS. False: nothing is to be freed. */
static bool
lend(const FileKey *kept, gnutls_privkey_t *key)
{
  const gnutls_datum_t der = {kept->der, (unsigned)kept->size};
  if (gnutls()->privkey_init(key) < 0)
    return false;
  if (gnutls()->privkey_import_x509_raw(*key, &der, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN) >=
      0)
    return true;
  gnutls()->privkey_deinit(*key);
  return false;
}

/* (transfer full) NULL with *error. */
static PublicKey *
public_half(const FileKey *kept, GError **error)
{
  gnutls_privkey_t key;
  if (!lend(kept, &key)) {
    error_set(error, ASSAY_ERROR_INVALID, "the key is damaged");
    return NULL;
  }
  PublicKey *public = gnutls_public_half(key, error);
  gnutls()->privkey_deinit(key);
  return public;
}

/* Takes @kept over. */
static bool
give(FileKey *kept, PublicKey *public, OpenedKey *opened)
{
  opened->public = public;
  if (public == NULL) {
    free_key(kept);
    return false;
  }
  sodium_mprotect_readonly(kept->der);
  opened->state = kept;
  return true;
}

static bool
take_key(gnutls_x509_privkey_t x509, OpenedKey *opened, GError **error)
{
  FileKey *kept = keep(x509, error);
  return kept != NULL && give(kept, public_half(kept, error), opened);
}

static PublicKey *
sm2_public(const uint8_t *private, GError **error)
{
  uint8_t public[SM2_PUBLIC_SIZE];
  sm2_public_half(private, public);
  return public_key_read(slice_new(public, sizeof public), error);
}

static bool
take_sm2(Slice pkcs8, OpenedKey *opened, GError **error)
{
  FileKey *kept = kept_new(SM2_PRIVATE_SIZE, error);
  if (kept == NULL)
    return false;
  kept->is_sm2 = true;
  bool read = sm2_private_read(pkcs8, kept->der, error);
  return give(kept, read ? sm2_public(kept->der, error) : NULL, opened);
}

/* What GnuTLS does not take: a key of SM2, one that is sealed by another password, or none. */
static bool
open_other(Slice file, const char *password, const char *why, OpenedKey *opened, GError **error)
{
  if (is_encrypted(file) && password == NULL)
    return error_set(error, ASSAY_ERROR_DENIED,
                     "it is encrypted, and no password is given (a password file, or "
                     "$ASSAY_KEY_PASSWORD)");
  g_autoptr(GError) failure = NULL;
  g_autoptr(GBytes) pkcs8 = sm2_unseal(file, password, &failure);
  if (pkcs8 != NULL && sm2_is(slice_from_bytes(pkcs8)))
    return take_sm2(slice_from_bytes(pkcs8), opened, error);
  if (g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_FAILED)) {
    g_propagate_error(error, g_steal_pointer(&failure));
    return false;
  }
  return is_encrypted(file) && pkcs8 == NULL
             ? error_set(error, ASSAY_ERROR_DENIED, "the password does not open it")
             : error_set(error, ASSAY_ERROR_INVALID, "no private key in PEM: %s", why);
}

static bool
open_pem(gnutls_x509_privkey_t x509, Slice file, const char *password, OpenedKey *opened,
         GError **error)
{
  const gnutls_datum_t pem = {(unsigned char *)(uintptr_t)file.data, (unsigned)file.size};
  int status = gnutls()->x509_privkey_import2(x509, &pem, GNUTLS_X509_FMT_PEM, password,
                                              password == NULL ? GNUTLS_PKCS_PLAIN : 0);
  return status >= 0 ? take_key(x509, opened, error)
                     : open_other(file, password, gnutls()->strerror(status), opened, error);
}

static bool
open_cosign(gnutls_x509_privkey_t x509, Slice file, const char *password, OpenedKey *opened,
            GError **error)
{
  g_autoptr(GBytes) pkcs8 = cosign_key_open(file, password == NULL ? "" : password, error);
  if (pkcs8 == NULL)
    return false;
  Slice bytes = slice_from_bytes(pkcs8);
  if (sm2_is(bytes))
    return take_sm2(bytes, opened, error);
  const gnutls_datum_t der = {(unsigned char *)(uintptr_t)bytes.data, (unsigned)bytes.size};
  int status =
      gnutls()->x509_privkey_import_pkcs8(x509, &der, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN);
  return status >= 0
             ? take_key(x509, opened, error)
             : error_set(error, ASSAY_ERROR_INVALID, "what cosign's file holds is no key: %s",
                         gnutls()->strerror(status));
}

static bool
open_file(const char *path, const KeyOptions *options, OpenedKey *opened, Cancellable *cancellable,
          GError **error)
{
  auto_secret_text *password = NULL;
  auto_secret_bytes *bytes = file_read(AT_FDCWD, path, FILE_MAX, error);
  if (bytes == NULL || !find_password(options, &password, error))
    return false;
  Slice file = slice_from_bytes(bytes);
  gnutls_x509_privkey_t x509;
  if (gnutls()->x509_privkey_init(&x509) < 0)
    return error_set(error, ASSAY_ERROR_IO, "no memory for a key");
  bool done = cosign_key_is(file) ? open_cosign(x509, file, password, opened, error)
                                  : open_pem(x509, file, password, opened, error);
  gnutls()->x509_privkey_deinit(x509);
  return done;
}

static GBytes *
sign(void *state, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
     GError **error)
{
  const FileKey *kept = state;
  gnutls_privkey_t key;
  if (kept->is_sm2)
    return sm2_sign(kept->der, message, error);
  if (!lend(kept, &key)) {
    error_set(error, ASSAY_ERROR_IO, "no memory for a key");
    return NULL;
  }
  GBytes *signature = gnutls_sign(key, algorithm, message, error);
  gnutls()->privkey_deinit(key);
  return signature;
}

/* --- making --- */

/* The file of a key in DER, which is wiped. (transfer full) NULL with *error. */
static char *
write_der(uint8_t *der, size_t size, const char *password, GError **error)
{
  const gnutls_datum_t bytes = {der, (unsigned)size};
  gnutls_datum_t pem = {NULL, 0};
  char *text = NULL;
  if (password != NULL && *password != '\0')
    text = cosign_key_seal(slice_new(der, size), password);
  else if (gnutls()->pem_base64_encode2("PRIVATE KEY", &bytes, &pem) >= 0)
    text = slice_to_string(slice_new(pem.data, pem.size));
  sodium_memzero(der, size);
  if (pem.data != NULL)
    sodium_memzero(pem.data, pem.size);
  (*gnutls()->free)(pem.data);
  if (text == NULL)
    error_set(error, ASSAY_ERROR_FAILED, "the key cannot be sealed: no memory for scrypt");
  return text;
}

/* (transfer full) NULL with *error. */
static char *
generate_sm2(const char *password, GError **error)
{
  uint8_t private[SM2_PRIVATE_SIZE];
  return sm2_private_make(private, error) ? write_der(private, sizeof private, password, error)
                                          : NULL;
}

static bool
generate_der(gnutls_x509_privkey_t key, const char *algorithm, gnutls_datum_t *der, GError **error)
{
  gnutls_pk_algorithm_t type;
  unsigned bits;
  if (!gnutls_key_type(algorithm, &type, &bits))
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "files hold no keys of %s", algorithm);
  int status = gnutls()->x509_privkey_generate(key, type, bits, 0);
  if (status >= 0)
    status = gnutls()->x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN,
                                                  der);
  return status >= 0 || gnutls_key_error(error, status, "no key can be made");
}

/* (transfer full) NULL with *error. */
static char *
generate(const char *algorithm, const char *password, GError **error)
{
  gnutls_x509_privkey_t key;
  gnutls_datum_t der = {NULL, 0};
  if (strcmp(algorithm, "sm2") == 0)
    return generate_sm2(password, error);
  if (gnutls()->x509_privkey_init(&key) < 0) {
    error_set(error, ASSAY_ERROR_IO, "no memory for a key");
    return NULL;
  }
  char *text = generate_der(key, algorithm, &der, error)
                   ? write_der(der.data, der.size, password, error)
                   : NULL;
  (*gnutls()->free)(der.data);
  gnutls()->x509_privkey_deinit(key);
  return text;
}

/* Never over another file. */
static bool
write_new(const char *path, const char *text, GError **error)
{
  auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0 && errno == EEXIST)
    return error_set(error, ASSAY_ERROR_EXISTS, "%s is there already", path);
  if (fd < 0)
    return error_set_errno(error, errno, "%s", path);
  if (fd_write_all(fd, slice_from_string(text), error) &&
      (fsync(fd) == 0 || error_set_errno(error, errno, "%s", path)))
    return true;
  unlink(path);
  return false;
}

static bool
make(const char *path, const char *algorithm, const KeyOptions *options, Cancellable *cancellable,
     GError **error)
{
  auto_secret_text *password = NULL;
  if (!find_password(options, &password, error))
    return false;
  auto_secret_text *text = generate(algorithm, password, error);
  return text != NULL && write_new(path, text, error);
}

const KeyKind file_key_kind = {
    .scheme = "file", .open = open_file, .sign = sign, .make = make, .free = free_key};
