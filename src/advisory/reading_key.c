/* The key of a reading; see the header. */
#include "advisory/reading_key-private.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "advisory/feed_log-private.h"
#include "advisory/feeds/feed.h"
#include "base/fd.h"
#include "oci/digest.h"

#define CHUNK     ((size_t)256 * 1024)
#define DEPTH_MAX 8u /* more than any feed looks into */

typedef struct {
  DigestStream *digest;
  uint8_t *chunk;
} Hashing;

static void
hash_line(Hashing *hashing, const char *text)
{
  /* With its NUL, and NULL unlike "". */
  Slice bytes = text == NULL ? SLICE_LITERAL("\1") : slice_new(text, strlen(text) + 1);
  digest_stream_update(hashing->digest, bytes);
}

static bool
hash_bytes(Hashing *hashing, int fd)
{
  for (;;) {
    ssize_t got = read(fd, hashing->chunk, CHUNK);
    if (got <= 0)
      return got == 0;
    digest_stream_update(hashing->digest, slice_new(hashing->chunk, (size_t)got));
  }
}

static bool hash_folder(Hashing *hashing, int fd, unsigned depth);

/* @name below @folder, under @shown. */
static bool
hash_entry(Hashing *hashing, int folder, const char *name, const char *shown, unsigned depth)
{
  struct stat status, link;
  auto_fd int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0 || fstat(fd, &status) < 0 || fstatat(folder, name, &link, AT_SYMLINK_NOFOLLOW) < 0)
    return false;
  g_autofree char *line = g_strdup_printf(
      "%s %c %lld %d", shown, S_ISDIR(status.st_mode) ? 'd' : 'f',
      S_ISDIR(status.st_mode) ? 0ll : (long long)status.st_size, S_ISLNK(link.st_mode));
  hash_line(hashing, line);
  if (S_ISDIR(status.st_mode))
    return depth > 0 && (!S_ISLNK(link.st_mode) || shown[0] == '\0') &&
           hash_folder(hashing, fd, depth - 1);
  return S_ISREG(status.st_mode) && hash_bytes(hashing, fd);
}

/* In the order of the names; without what is noted of the copy. */
static bool
hash_folder(Hashing *hashing, int fd, unsigned depth)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
  auto_folder DIR *folder = fdopendir(dup(fd));
  if (folder == NULL)
    return false;
  for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
        strcmp(entry->d_name, FEED_MANIFEST_NAME) != 0 &&
        strcmp(entry->d_name, FEED_ERROR_NAME) != 0)
      g_ptr_array_add(names, g_strdup(entry->d_name));
  g_ptr_array_sort(names, text_compare);
  for (guint i = 0; i < names->len; i++)
    if (!hash_entry(hashing, fd, names->pdata[i], names->pdata[i], depth))
      return false;
  hash_line(hashing, "."); /* the folder ends */
  return true;
}

/* (transfer full) NULL: it cannot be read. */
static void *
hash_program(void *unused)
{
  g_autofree uint8_t *chunk = g_malloc(CHUNK);
  g_autoptr(DigestStream) digest = digest_stream_new(DIGEST_SHA256);
  Hashing hashing = {digest, chunk};
  auto_fd int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (fd < 0 || !hash_bytes(&hashing, fd))
    return NULL;
  Digest current = digest_stream_current(digest);
  return g_strdup(current.text);
}

char *
reading_key_new(const StoredFeed *feed, const char *path)
{
  static GOnce program = G_ONCE_INIT;
  const FeedSettings *config = &feed->config;
  const char *const settings[] = {g_once(&program, hash_program, NULL),
                                  config->name,
                                  config->type,
                                  config->suite,
                                  config->sources,
                                  config->ecosystem};
  g_autofree uint8_t *chunk = g_malloc(CHUNK);
  g_autoptr(DigestStream) digest = digest_stream_new(DIGEST_SHA256);
  Hashing hashing = {digest, chunk};
  if (settings[0] == NULL)
    return NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(settings); i++)
    hash_line(&hashing, settings[i]);
  if (!hash_entry(&hashing, AT_FDCWD, path, "", DEPTH_MAX))
    return NULL;
  Digest current = digest_stream_current(digest);
  return g_strdup(current.text);
}
