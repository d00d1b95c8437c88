/* What is sealed by a key file; see the header. */
#include "access/keys/sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"

#define KEY_BYTES   crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES   crypto_aead_xchacha20poly1305_ietf_ABYTES
/* The file: this word and the key in hexadecimal. */
#define FILE_PREFIX    "assay-secrets-1 "
#define FILE_BYTES_MAX ((size_t)1024)
/* The first byte of what is sealed. */
#define FORMAT 1

static const Setting settings[] = {
    {SETTING(SecretsSettings, key_file), .kind = &setting_text},
    {SETTING(SecretsSettings, config), .kind = &setting_text},
    {SETTING(SecretsSettings, allow_comments), .kind = &setting_boolean, .fallback = "false"},
};
const Section secrets_settings_section = {settings, G_N_ELEMENTS(settings),
                                          sizeof(SecretsSettings)};

struct Sealer {
  uint8_t key[KEY_BYTES];
};

static void
start_sodium(void)
{
  if (sodium_init() < 0)
    g_error("libsodium cannot be started");
}

static bool
is_private(int fd, const char *path, GError **error)
{
  struct stat status;
  if (fstat(fd, &status) < 0)
    return error_set_errno(error, errno, "%s", path);
  if (!S_ISREG(status.st_mode))
    return error_set(error, ASSAY_ERROR_INVALID, "%s: not a file", path);
  return (status.st_mode & 077) == 0 ||
         error_set(error, ASSAY_ERROR_DENIED, "%s: others may read it; chmod 600 it", path);
}

static bool
read_key(Sealer *sealer, const char *path, GError **error)
{
  auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0)
    return error_set_errno(error, errno, "%s", path);
  g_autoptr(GBytes) bytes =
      is_private(fd, path, error) ? fd_read_all(fd, FILE_BYTES_MAX, error) : NULL;
  if (bytes == NULL)
    return false;
  Slice text = slice_strip(slice_from_bytes(bytes));
  size_t size = 0, prefix = strlen(FILE_PREFIX);
  return (slice_has_prefix(text, SLICE_LITERAL(FILE_PREFIX)) &&
          text.size == prefix + 2 * (size_t)KEY_BYTES &&
          sodium_hex2bin(sealer->key, KEY_BYTES, (const char *)text.data + prefix,
                         text.size - prefix, NULL, &size, NULL) == 0 &&
          size == KEY_BYTES) ||
         error_set(error, ASSAY_ERROR_INVALID,
                   "%s: this is no key file; restore it from the backup: without it, what it has "
                   "sealed is lost",
                   path);
}

/* Whole or not at all; who comes second takes the first one's. */
static bool
make_key(const char *path, GError **error)
{
  uint8_t key[KEY_BYTES];
  char hex[2 * KEY_BYTES + 1];
  randombytes_buf(key, sizeof key);
  sodium_bin2hex(hex, sizeof hex, key, sizeof key);
  g_autofree char *line = g_strconcat(FILE_PREFIX, hex, "\n", NULL);
  bool made = file_replace(AT_FDCWD, path, slice_from_string(line), 0600, error);
  sodium_memzero(key, sizeof key);
  sodium_memzero(hex, sizeof hex);
  sodium_memzero(line, strlen(line));
  return made;
}

Sealer *
sealer_new(const char *path, bool make, GError **error)
{
  start_sodium();
  g_autoptr(Sealer) sealer = g_new0(Sealer, 1);
  if (make && access(path, F_OK) < 0 && errno == ENOENT && !make_key(path, error))
    return NULL;
  return read_key(sealer, path, error) ? g_steal_pointer(&sealer) : NULL;
}

Sealer *
sealer_new_for_now(void)
{
  start_sodium();
  Sealer *sealer = g_new0(Sealer, 1);
  randombytes_buf(sealer->key, sizeof sealer->key);
  return sealer;
}

void
sealer_free(Sealer *sealer)
{
  if (sealer == NULL)
    return;
  sodium_memzero(sealer->key, sizeof sealer->key);
  g_free(sealer);
}

GBytes *
sealer_seal(const Sealer *sealer, const char *purpose, Slice clear)
{
  size_t size = 1 + NONCE_BYTES + clear.size + TAG_BYTES;
  uint8_t *sealed = g_malloc(size);
  sealed[0] = FORMAT;
  randombytes_buf(sealed + 1, NONCE_BYTES);
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + 1 + NONCE_BYTES, NULL, clear.data, clear.size,
                                             (const unsigned char *)purpose, strlen(purpose), NULL,
                                             sealed + 1, sealer->key);
  return g_bytes_new_take(sealed, size);
}

typedef struct {
  size_t size;
  uint8_t bytes[];
} Wiped;

static void
wipe(void *data)
{
  Wiped *wiped = data;
  sodium_memzero(wiped->bytes, wiped->size);
  g_free(wiped);
}

GBytes *
sealer_unseal(const Sealer *sealer, const char *purpose, Slice sealed, GError **error)
{
  const size_t over = 1 + NONCE_BYTES + TAG_BYTES;
  if (sealed.size >= over && sealed.data[0] == FORMAT) {
    Wiped *clear = g_malloc(sizeof(Wiped) + sealed.size - over + 1);
    clear->size = sealed.size - over;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            clear->bytes, NULL, NULL, sealed.data + 1 + NONCE_BYTES, sealed.size - 1 - NONCE_BYTES,
            (const unsigned char *)purpose, strlen(purpose), sealed.data + 1, sealer->key) == 0)
      return g_bytes_new_with_free_func(clear->bytes, clear->size, wipe, clear);
    wipe(clear);
  }
  error_set(error, ASSAY_ERROR_MISMATCH,
            "%s: sealed by another key than that of secrets.key_file; restore the key file that "
            "belongs to this database",
            purpose);
  return NULL;
}

char *
sealer_mark(const Sealer *sealer, const char *purpose, Slice clear)
{
  uint8_t mark[crypto_generichash_BYTES];
  char hex[2 * sizeof mark + 1];
  crypto_generichash_state state;
  crypto_generichash_init(&state, sealer->key, sizeof sealer->key, sizeof mark);
  crypto_generichash_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1);
  crypto_generichash_update(&state, clear.data, clear.size);
  crypto_generichash_final(&state, mark, sizeof mark);
  sodium_memzero(&state, sizeof state);
  return g_strdup(sodium_bin2hex(hex, sizeof hex, mark, sizeof mark));
}
