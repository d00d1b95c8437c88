/* A binary search among the lines of a file; see the header. */
#include "inspect/java_table.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

/* A line is shorter. */
#define LINE_BYTES 1024u
#define SAMPLES    256u

static int table_fd = -1;
static uint64_t table_size;
static char table_identity[64];

/* --- lines --- */

typedef struct {
  uint64_t at; /* where it begins */
  char text[LINE_BYTES + 1];
} TableLine;

static bool
is_line(const char *text)
{
  for (unsigned i = 0; i < JAVA_SHA1_CHARS; i++)
    if (!g_ascii_isxdigit(text[i]) || g_ascii_isupper(text[i]))
      return false;
  if (text[JAVA_SHA1_CHARS] != ' ')
    return false;
  g_auto(GStrv) parts = g_strsplit(text + JAVA_SHA1_CHARS + 1, ":", 4);
  bool right = g_strv_length(parts) == 3;
  for (unsigned i = 0; right && i < 3; i++)
    right = *parts[i] != '\0';
  return right;
}

/* The first line that begins at @from or after it; at table_size there is none. False: it cannot be
 * read, or is no line. */
static bool
read_line(uint64_t from, TableLine *line)
{
  char bytes[2 * LINE_BYTES];
  /* A line that begins right at @from is told from one's middle by the byte in front. */
  uint64_t start = from == 0 ? 0 : from - 1;
  size_t size = MIN(sizeof bytes, table_size - MIN(start, table_size));
  if (fd_read_at(table_fd, bytes, size, start) != (gssize)size)
    return false;
  size_t begin = 0;
  if (from > 0) {
    const char *end = memchr(bytes, '\n', size);
    begin = end == NULL ? size : (size_t)(end - bytes) + 1;
  }
  line->at = start + begin;
  line->text[0] = '\0';
  if (line->at >= table_size)
    return true;
  const char *end = memchr(bytes + begin, '\n', size - begin);
  size_t length = end == NULL ? size - begin : (size_t)(end - bytes) - begin;
  if (length > LINE_BYTES || (end == NULL && start + size < table_size))
    return false;
  memcpy(line->text, bytes + begin, length);
  line->text[length] = '\0';
  if (length > 0 && line->text[length - 1] == '\r')
    line->text[length - 1] = '\0';
  return is_line(line->text);
}

/* --- the clean side --- */

static bool
check_samples(const char *path, GError **error)
{
  g_autofree TableLine *line = g_new0(TableLine, 1);
  char last[JAVA_SHA1_CHARS + 1] = "";
  uint64_t last_at = UINT64_MAX;
  for (unsigned i = 0; i < SAMPLES; i++) {
    uint64_t from = table_size * i / SAMPLES;
    if (!read_line(from, line))
      return error_set(error, ASSAY_ERROR_INVALID,
                       "%s: near byte %" PRIu64 " is no line \"SHA-1 GROUP:ARTIFACT:VERSION\"",
                       path, from);
    if (line->at >= table_size || line->at == last_at)
      continue;
    if (strncmp(line->text, last, JAVA_SHA1_CHARS) < 0)
      return error_set(error, ASSAY_ERROR_INVALID,
                       "%s: the line at byte %" PRIu64
                       " is not in its order; sort it: LC_ALL=C sort -o FILE FILE",
                       path, line->at);
    last_at = line->at;
    memcpy(last, line->text, JAVA_SHA1_CHARS);
  }
  return true;
}

bool
java_table_use(const char *path, GError **error)
{
  if (table_fd >= 0)
    close(table_fd);
  table_fd = -1;
  *table_identity = '\0';
  if (path == NULL)
    return true;
  struct stat status;
  table_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (table_fd < 0 || fstat(table_fd, &status) != 0)
    return error_set_errno(error, errno, "%s", path);
  if (!S_ISREG(status.st_mode))
    return error_set(error, ASSAY_ERROR_INVALID, "%s: not a file", path);
  table_size = (uint64_t)status.st_size;
  g_snprintf(table_identity, sizeof table_identity, "%" PRIu64 " %" PRId64 ".%09ld", table_size,
             (int64_t)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  return check_samples(path, error);
}

int
java_table_descriptor(void)
{
  return table_fd;
}

uint64_t
java_table_bytes(void)
{
  return table_fd < 0 ? 0 : table_size;
}

const char *
java_table_identity(void)
{
  return table_identity;
}

/* --- the worker's --- */

void
java_table_begin(int fd, uint64_t size)
{
  table_fd = fd;
  table_size = size;
}

char *
java_table_find(const char *sha1, bool *failed)
{
  *failed = false;
  if (table_fd < 0)
    return NULL;
  g_autofree TableLine *line = g_new0(TableLine, 1);
  /* The line is one that begins in [low, high). */
  uint64_t low = 0, high = table_size;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (!read_line(middle, line)) {
      *failed = true;
      return NULL;
    }
    int order = line->at >= high ? 1 : strncmp(line->text, sha1, JAVA_SHA1_CHARS);
    if (order == 0)
      return g_strdup(line->text + JAVA_SHA1_CHARS + 1);
    if (order > 0)
      high = middle;
    else
      low = line->at + 1;
  }
  return NULL;
}
