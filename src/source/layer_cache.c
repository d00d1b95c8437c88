/* A folder of inventories, a file a layer; see the header. */
#include "source/layer_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "inspect/fingerprint.h"
#include "inspect/secrets/mask.h"

#define INVENTORY_BYTES_MAX ((size_t)256 * 1024 * 1024)
/* What was not used for so long is dropped; it is looked for once a day. */
#define CACHE_SECONDS ((time_t)30 * 24 * 3600)
#define SWEEP_SECONDS ((time_t)24 * 3600)
#define SWEEP_MARK    ".swept"
#define KEY_NAME      ".secret-key"
#define KEY_BYTES     32u

static char *
cache_name(const Digest *layer, const GPtrArray *links)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  for (guint i = 0; links != NULL && i < links->len; i++)
    byte_array_add_prefixed(bytes, slice_from_string(g_ptr_array_index(links, i)));
  Digest digest = digest_of(DIGEST_SHA256, slice_new(bytes->data, bytes->len));
  return g_strdup_printf("%s-v%u%s%s.json", digest_hex(layer), detectors_fingerprint(),
                         bytes->len > 0 ? "-" : "", bytes->len > 0 ? digest_hex(&digest) : "");
}

/* A cache that cannot be had is no cache, and no error. Nor is one of another user (sudo, which
 * keeps HOME): who can write there could hide findings from us. */
int
layer_cache_open(const char *path)
{
  auto_fd int fd = directory_open(path, NULL);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) < 0 || status.st_uid != geteuid() ||
      (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return -1;
  return fd_steal(&fd);
}

/* What was there, or else @fresh if it could be written: two who start at once may each have their
 * own, of which the file keeps one. */
static void
read_or_write_key(int cache, uint8_t fresh[KEY_BYTES])
{
  uint8_t old[KEY_BYTES];
  auto_fd int there = openat(cache, KEY_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (there >= 0 && fd_read_at(there, old, sizeof old, 0) == (gssize)sizeof old) {
    memcpy(fresh, old, sizeof old);
    utimensat(cache, KEY_NAME, NULL, 0);
    return;
  }
  auto_fd int made =
      openat(cache, KEY_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (made >= 0)
    fd_write_all(made, slice_new(fresh, KEY_BYTES), NULL);
}

void
layer_cache_set_secret_key(int cache)
{
  uint8_t key[KEY_BYTES];
  if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key)
    return;
  if (cache >= 0)
    read_or_write_key(cache, key);
  g_autofree char *text = g_base64_encode(key, sizeof key);
  secret_set_key(text);
}

static bool
was_swept(int cache, time_t now)
{
  struct stat status;
  if (fstatat(cache, SWEEP_MARK, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      now - status.st_mtime < SWEEP_SECONDS)
    return true;
  auto_fd int mark =
      openat(cache, SWEEP_MARK, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  return mark < 0 || futimens(mark, NULL) < 0;
}

void
layer_cache_drop_old(int cache)
{
  time_t now = (time_t)(g_get_real_time() / G_USEC_PER_SEC);
  if (was_swept(cache, now))
    return;
  auto_fd int fd = openat(cache, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  auto_folder DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  if (folder == NULL)
    return;
  fd_steal(&fd);
  time_t oldest = now - CACHE_SECONDS;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    struct stat status;
    if (fstatat(cache, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(status.st_mode) && status.st_mtime < oldest)
      unlinkat(cache, entry->d_name, 0);
  }
}

LayerInventory *
layer_cache_load(int cache, const Digest *layer, const Digest *diff_id, const GPtrArray *links)
{
  if (cache < 0 || diff_id == NULL)
    return NULL;
  g_autofree char *name = cache_name(layer != NULL ? layer : diff_id, links);
  g_autoptr(json_t) json = json_read_file(cache, name, INVENTORY_BYTES_MAX, NULL);
  g_autoptr(LayerInventory) inventory = json == NULL ? NULL : layer_inventory_from_json(json, NULL);
  if (inventory == NULL || inventory->detectors != detectors_fingerprint() ||
      !digest_equal(&inventory->diff_id, diff_id))
    return NULL;
  utimensat(cache, name, NULL, 0);
  return g_steal_pointer(&inventory);
}

/* Not synced: what a crash leaves of it is no JSON, and is made again. */
void
layer_cache_store(int cache, const Digest *layer, const LayerInventory *inventory,
                  const GPtrArray *links)
{
  /* What ClamAV did not judge is asked again. */
  if (cache < 0 || inventory->clamav != CLAMAV_JUDGED)
    return;
  g_autoptr(json_t) json = layer_inventory_to_json(inventory);
  g_autofree char *text = json_to_text(json);
  if (strlen(text) > INVENTORY_BYTES_MAX)
    return;
  g_autofree char *name = cache_name(layer != NULL ? layer : &inventory->diff_id, links);
  auto_fd int fd = openat(cache, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0)
    fd_write_all(fd, slice_from_string(text), NULL);
}
