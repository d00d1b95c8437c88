/* Digests of programs and libraries, by a detector. Which one is compared depends on the
 * distribution: MD5 with dpkg, SHA-1 with apk, SHA-256 with rpm. A tar brings its database last,
 * but other paths tell before; until one does, all are made. */
#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <string.h>

#include "inspect/integrity/integrity.h"

typedef struct {
  struct md5_ctx md5;
  struct sha1_ctx sha1;
  struct sha256_ctx sha256;
  unsigned kinds;
} Sums;

#define ALL_KINDS ((1u << SUM_KINDS) - 1)

/* Of this layer. A worker reads one. */
static unsigned kinds = ALL_KINDS;

void
program_sums_begin(void)
{
  kinds = ALL_KINDS;
}

/* "usr/lib/x86_64-linux-gnu/": the folders of Debian's multiarch. */
static bool
is_multiarch(const char *path)
{
  const char *below = g_str_has_prefix(path, "usr/") ? path + strlen("usr/") : path;
  const char *folder = g_str_has_prefix(below, "lib/") ? below + strlen("lib/") : "";
  const char *slash = strchr(folder, '/');
  g_autofree char *name = g_strndup(folder, slash == NULL ? 0 : (size_t)(slash - folder));
  return strstr(name, "-linux-gnu") != NULL;
}

/* Paths that are of one distribution's packages alone. Where a layer has those of two, all digests
 * are made again. */
static unsigned
kinds_of_path(const char *path)
{
  static const struct {
    const char *start;
    SumKind kind;
  } places[] = {
      {"etc/apk/", SUM_SHA1},
      {"lib/apk/", SUM_SHA1},
      {"etc/apt/", SUM_MD5},
      {"etc/dpkg/", SUM_MD5},
      {"etc/debian_version", SUM_MD5},
      {"var/lib/dpkg/", SUM_MD5},
      {"usr/lib/sysimage/", SUM_SHA256},
      {"etc/yum.repos.d/", SUM_SHA256},
      {"etc/rpm/", SUM_SHA256},
      {"usr/lib/rpm/", SUM_SHA256},
      {"var/lib/rpm/", SUM_SHA256},
      {"usr/lib/.build-id/", SUM_SHA256},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
    if (g_str_has_prefix(path, places[i].start))
      return 1u << places[i].kind;
  return is_multiarch(path) ? 1u << SUM_MD5 : 0;
}

static void
learn(const char *path)
{
  unsigned told = kinds_of_path(path);
  if (told != 0 && kinds == ALL_KINDS)
    kinds = told;
  else if (told != 0)
    kinds |= told;
}

/* Below folders of libraries are many files that are none. */
static bool
wants_file(const FileView *file)
{
  learn(file->path);
  if (!integrity_looks_at(file->path))
    return false;
  return slice_has_prefix(file->head, SLICE_LITERAL("\177ELF")) ||
         slice_has_prefix(file->head, SLICE_LITERAL("#!")) || (file->mode & 06000) != 0 ||
         integrity_is_program(file->path);
}

static Sums *
begin(void)
{
  Sums *sums = g_new0(Sums, 1);
  sums->kinds = kinds;
  md5_init(&sums->md5);
  sha1_init(&sums->sha1);
  sha256_init(&sums->sha256);
  return sums;
}

static void
update(Sums *sums, Slice bytes)
{
  if ((sums->kinds >> SUM_MD5 & 1) != 0)
    md5_update(&sums->md5, bytes.size, bytes.data);
  if ((sums->kinds >> SUM_SHA1 & 1) != 0)
    sha1_update(&sums->sha1, bytes.size, bytes.data);
  if ((sums->kinds >> SUM_SHA256 & 1) != 0)
    sha256_update(&sums->sha256, bytes.size, bytes.data);
}

static void
write_digits(const uint8_t *digest, char *digits)
{
  for (size_t i = 0; i < SUM_DIGITS / 2; i++)
    g_snprintf(digits + 2 * i, 3, "%02x", digest[i]);
}

static void
end(Sums *sums, const FileView *file, LayerInventory *into)
{
  uint8_t digests[SUM_KINDS][SHA256_DIGEST_SIZE];
  md5_digest(&sums->md5, MD5_DIGEST_SIZE, digests[SUM_MD5]);
  sha1_digest(&sums->sha1, SHA1_DIGEST_SIZE, digests[SUM_SHA1]);
  sha256_digest(&sums->sha256, SHA256_DIGEST_SIZE, digests[SUM_SHA256]);
  ProgramSums *program = g_new0(ProgramSums, 1);
  program->path = g_strdup(file->path);
  program->mode = file->mode;
  for (SumKind kind = 0; kind < SUM_KINDS; kind++)
    if ((sums->kinds >> kind & 1) != 0)
      write_digits(digests[kind], program->digits[kind]);
  g_ptr_array_add(into->hashed, program);
}

static void
take_piece(void **state, const FileView *file, uint64_t at, Slice bytes, LayerInventory *into)
{
  if (*state == NULL)
    *state = begin();
  if (bytes.size > 0) {
    update(*state, bytes);
    return;
  }
  /* A file that cannot be read on has not all its bytes here: the layer is refused then. */
  end(*state, file, into);
  g_clear_pointer(state, g_free);
}

const Detector program_sums_detector = {
    .name = "program-sums",
    .version = INTEGRITY_VERSION,
    .wants = wants_file,
    .piece = take_piece,
    .observes = true,
};
