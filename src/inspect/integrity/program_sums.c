/* Digests of programs and libraries, by a detector. Which one is compared depends on the
 * distribution: MD5 with dpkg, SHA-1 with apk, SHA-256 with rpm. A tar brings its database last,
 * but other paths tell before; until one does, all are made. */
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <string.h>

#include "inspect/integrity/integrity.h"
#include "inspect/integrity/md5_lanes.h"

typedef struct {
  uint64_t size, holes; /* as far as it came */
  struct sha1_ctx sha1;
  struct sha256_ctx sha256;
  unsigned kinds;
} Sums;

/* Zeros that a sparse file does not store, of which a digest is made: more are in no program, and
 * take time that nothing was stored for. */
#define HOLES_MAX ((uint64_t)16 << 20)

#define ALL_KINDS ((1u << SUM_KINDS) - 1)

/* Of this layer. A worker reads one. */
static unsigned kinds = ALL_KINDS;
/* MD5 is what takes time, and what no processor has instructions for: of many files at once. */
static Md5Lanes *md5;

void
program_sums_begin(void)
{
  kinds = ALL_KINDS;
  g_clear_pointer(&md5, md5_lanes_free);
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
  if (md5 == NULL)
    md5 = md5_lanes_new();
  if ((kinds >> SUM_MD5 & 1) != 0)
    md5_lanes_begin(md5);
  sha1_init(&sums->sha1);
  sha256_init(&sums->sha256);
  return sums;
}

static void
update(Sums *sums, Slice bytes)
{
  sums->size += bytes.size;
  if ((sums->kinds >> SUM_MD5 & 1) != 0)
    md5_lanes_add(md5, bytes);
  if ((sums->kinds >> SUM_SHA1 & 1) != 0)
    sha1_update(&sums->sha1, bytes.size, bytes.data);
  if ((sums->kinds >> SUM_SHA256 & 1) != 0)
    sha256_update(&sums->sha256, bytes.size, bytes.data);
}

/* What was passed over before @at. */
static void
update_by_hole(Sums *sums, uint64_t at)
{
  static const uint8_t zeros[4096];
  sums->holes += at - sums->size;
  if (sums->holes > HOLES_MAX)
    sums->size = at;
  while (sums->size < at)
    update(sums, slice_new(zeros, MIN(at - sums->size, sizeof zeros)));
}

static void
write_digits(const uint8_t *digest, char *digits)
{
  static const char hex[] = "0123456789abcdef";
  for (size_t i = 0; i < SUM_DIGITS / 2; i++) {
    digits[2 * i] = hex[digest[i] >> 4];
    digits[2 * i + 1] = hex[digest[i] & 15];
  }
  digits[SUM_DIGITS] = '\0';
}

static void
end(Sums *sums, const FileView *file, LayerInventory *into)
{
  uint8_t digests[SUM_KINDS][SHA256_DIGEST_SIZE];
  sha1_digest(&sums->sha1, SHA1_DIGEST_SIZE, digests[SUM_SHA1]);
  sha256_digest(&sums->sha256, SHA256_DIGEST_SIZE, digests[SUM_SHA256]);
  uint32_t number = (sums->kinds >> SUM_MD5 & 1) != 0 ? md5_lanes_end(md5) + 1 : 0;
  if (sums->holes > HOLES_MAX) {
    layer_inventory_add_unread(into, "too-large", file->path,
                               "The program has larger holes than are compared with its package.");
    return;
  }
  ProgramSums *program = g_new0(ProgramSums, 1);
  program->path = g_strdup(file->path);
  program->mode = file->mode;
  program->md5 = number;
  for (SumKind kind = SUM_SHA1; kind < SUM_KINDS; kind++)
    if ((sums->kinds >> kind & 1) != 0)
      write_digits(digests[kind], program->digits[kind]);
  g_ptr_array_add(into->hashed, program);
}

void
program_sums_finish(ProgramSums *sums)
{
  if (sums->md5 != 0)
    write_digits(md5_lanes_digest(md5, sums->md5 - 1), sums->digits[SUM_MD5]);
  sums->md5 = 0;
}

static void
take_piece(void **state, const FileView *file, uint64_t at, Slice bytes, LayerInventory *into)
{
  if (*state == NULL)
    *state = begin();
  Sums *sums = *state;
  if (at > sums->size)
    update_by_hole(sums, at);
  if (bytes.size > 0) {
    update(sums, bytes);
    return;
  }
  /* A file that cannot be read on has not all its bytes here: the layer is refused then. */
  end(sums, file, into);
  g_clear_pointer(state, g_free);
}

const Detector program_sums_detector = {
    .name = "program-sums",
    .version = INTEGRITY_VERSION,
    .wants = wants_file,
    .piece = take_piece,
    .observes = true,
};
