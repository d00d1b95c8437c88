/* Keys in files: PKCS#8 in PEM, encrypted or not (also what OpenSSL wrote before it), and cosign's
 * own. What is made is a cosign key, which cosign and skopeo sign with as well; without a password,
 * PKCS#8. A password comes from the options' file, $ASSAY_KEY_PASSWORD or $COSIGN_PASSWORD. */
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

static bool
import_cosign(gnutls_x509_privkey_t key, Slice file, const char *password, GError **error)
{
  g_autoptr(GBytes) pkcs8 = cosign_key_open(file, password == NULL ? "" : password, error);
  if (pkcs8 == NULL)
    return false;
  Slice bytes = slice_from_bytes(pkcs8);
  const gnutls_datum_t der = {(unsigned char *)(uintptr_t)bytes.data, (unsigned)bytes.size};
  int status =
      gnutls()->x509_privkey_import_pkcs8(key, &der, GNUTLS_X509_FMT_DER, NULL, GNUTLS_PKCS_PLAIN);
  return status >= 0 ||
         error_set(error, ASSAY_ERROR_INVALID, "what cosign's file holds is no key: %s",
                   gnutls()->strerror(status));
}

static bool
import_pem(gnutls_x509_privkey_t key, Slice file, const char *password, GError **error)
{
  const gnutls_datum_t pem = {(unsigned char *)(uintptr_t)file.data, (unsigned)file.size};
  int status = gnutls()->x509_privkey_import2(key, &pem, GNUTLS_X509_FMT_PEM, password,
                                              password == NULL ? GNUTLS_PKCS_PLAIN : 0);
  if (status >= 0)
    return true;
  if (!is_encrypted(file))
    return error_set(error, ASSAY_ERROR_INVALID, "no private key in PEM: %s",
                     gnutls()->strerror(status));
  return error_set(error, ASSAY_ERROR_DENIED,
                   password == NULL
                       ? "it is encrypted, and no password is given (a password file, or "
                         "$ASSAY_KEY_PASSWORD)"
                       : "the password does not open it");
}

/* A key as we keep it: in memory that is locked, wiped when it is freed, and in no core. GnuTLS
 * gets a copy for each signature, which it wipes. */
typedef struct {
  uint8_t *der; /* PKCS#8 */
  size_t size;
} FileKey;

static void
free_key(void *state)
{
  FileKey *key = state;
  sodium_free(key->der);
  g_free(key);
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
  uint8_t *locked = sodium_init() < 0 ? NULL : sodium_malloc(der.size);
  if (locked != NULL) {
    memcpy(locked, der.data, der.size);
    sodium_mprotect_readonly(locked);
  } else {
    error_set(error, ASSAY_ERROR_IO, "no memory that can be locked for a key");
  }
  sodium_memzero(der.data, der.size);
  (*gnutls()->free)(der.data);
  FileKey *key = locked == NULL ? NULL : g_new0(FileKey, 1);
  if (key != NULL)
    *key = (FileKey){locked, der.size};
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

static bool
take_key(gnutls_x509_privkey_t x509, OpenedKey *opened, GError **error)
{
  FileKey *kept = keep(x509, error);
  if (kept == NULL)
    return false;
  opened->public = public_half(kept, error);
  if (opened->public == NULL)
    free_key(kept);
  else
    opened->state = kept;
  return opened->public != NULL;
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
  bool done = (cosign_key_is(file) ? import_cosign(x509, file, password, error)
                                   : import_pem(x509, file, password, error)) &&
              take_key(x509, opened, error);
  gnutls()->x509_privkey_deinit(x509);
  return done;
}

static GBytes *
sign(void *state, SignatureAlgorithm algorithm, Slice message, Cancellable *cancellable,
     GError **error)
{
  gnutls_privkey_t key;
  if (!lend(state, &key)) {
    error_set(error, ASSAY_ERROR_IO, "no memory for a key");
    return NULL;
  }
  GBytes *signature = gnutls_sign(key, algorithm, message, error);
  gnutls()->privkey_deinit(key);
  return signature;
}

/* --- making --- */

static bool
generate(gnutls_x509_privkey_t key, const char *algorithm, GError **error)
{
  gnutls_pk_algorithm_t type;
  unsigned bits;
  if (!gnutls_key_type(algorithm, &type, &bits))
    return error_set(error, ASSAY_ERROR_UNSUPPORTED, "files hold no keys of %s", algorithm);
  int status = gnutls()->x509_privkey_generate(key, type, bits, 0);
  return status >= 0 || gnutls_key_error(error, status, "no key can be made");
}

/* (transfer full) NULL with *error. */
static char *
write_key(gnutls_x509_privkey_t key, const char *password, GError **error)
{
  gnutls_datum_t der = {NULL, 0};
  bool sealed = password != NULL && *password != '\0';
  int status = gnutls()->x509_privkey_export2_pkcs8(
      key, sealed ? GNUTLS_X509_FMT_DER : GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &der);
  if (status < 0) {
    error_set(error, ASSAY_ERROR_FAILED, "the key cannot be written: %s",
              gnutls()->strerror(status));
    return NULL;
  }
  Slice bytes = slice_new(der.data, der.size);
  char *text = sealed ? cosign_key_seal(bytes, password) : slice_to_string(bytes);
  sodium_memzero(der.data, der.size);
  (*gnutls()->free)(der.data);
  if (text == NULL)
    error_set(error, ASSAY_ERROR_FAILED, "the key cannot be sealed: no memory for scrypt");
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
  gnutls_x509_privkey_t key;
  if (!find_password(options, &password, error))
    return false;
  if (gnutls()->x509_privkey_init(&key) < 0)
    return error_set(error, ASSAY_ERROR_IO, "no memory for a key");
  bool generated = generate(key, algorithm, error);
  auto_secret_text *text = generated ? write_key(key, password, error) : NULL;
  gnutls()->x509_privkey_deinit(key);
  return text != NULL && write_new(path, text, error);
}

const KeyKind file_key_kind = {
    .scheme = "file", .open = open_file, .sign = sign, .make = make, .free = free_key};
