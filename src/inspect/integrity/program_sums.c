/* Digests of programs and libraries, by a detector. Which one is compared depends on the
 * distribution: MD5 with dpkg, SHA-1 with apk, SHA-256 with rpm. A tar brings its database last,
 * but other paths tell before; until one does, all are made. Where they told the wrong one, the
 * worker reads the layer again for those that are missing (worker_programs-private.h). */
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <string.h>

#include "inspect/integrity/integrity.h"
#include "inspect/integrity/md5_lanes.h"

struct ProgramHash {
  uint64_t size; /* as far as it came */
  bool skipped;  /* not all of its bytes were given */
  struct sha1_ctx sha1;
  struct sha256_ctx sha256;
  unsigned kinds;
};

/* Of this layer. A worker reads one. */
static unsigned kinds = SUM_ALL_KINDS, sure_kinds;
/* Of the present entry, and where that is; NULL: at its path. */
static char *entry_path, *entry_place;
/* MD5 is what takes time, and what no processor has instructions for: of many files at once. */
static Md5Lanes *md5;

void
program_sums_begin(void)
{
  kinds = SUM_ALL_KINDS;
  sure_kinds = 0;
  g_clear_pointer(&md5, md5_lanes_free);
  program_sums_expect(NULL, NULL);
}

void
program_sums_expect(const char *path, const char *place)
{
  g_free(entry_path);
  g_free(entry_place);
  entry_path = g_strdup(path);
  entry_place = g_strdup(place);
}

static const char *
place_of(const FileView *file)
{
  return g_strcmp0(file->path, entry_path) == 0 ? entry_place : file->path;
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

/* Paths that are of one distribution's packages alone; the settings of its tools may be brought by
 * anybody. Where a layer has those of two, both digests are made. */
static void
learn(const char *path)
{
  static const struct {
    const char *start;
    SumKind kind;
    bool sure;
  } places[] = {
      {"etc/apk/", SUM_SHA1, false},
      {"lib/apk/", SUM_SHA1, true},
      {"etc/apt/", SUM_MD5, false},
      {"etc/dpkg/", SUM_MD5, false},
      {"etc/debian_version", SUM_MD5, false},
      {"var/lib/dpkg/", SUM_MD5, true},
      {"usr/lib/sysimage/", SUM_SHA256, true},
      {"etc/yum.repos.d/", SUM_SHA256, false},
      {"etc/rpm/", SUM_SHA256, false},
      {"usr/lib/rpm/", SUM_SHA256, false},
      {"var/lib/rpm/", SUM_SHA256, true},
      {"usr/lib/.build-id/", SUM_SHA256, true},
  };
  bool sure = is_multiarch(path);
  unsigned told = sure ? 1u << SUM_MD5 : 0;
  for (size_t i = 0; i < G_N_ELEMENTS(places) && told == 0; i++)
    if (g_str_has_prefix(path, places[i].start)) {
      told = 1u << places[i].kind;
      sure = places[i].sure;
    }
  if (told == 0)
    return;
  kinds = kinds == SUM_ALL_KINDS ? told : kinds | told;
  if (sure)
    sure_kinds |= told;
}

unsigned
program_sums_sure_kinds(void)
{
  return sure_kinds == 0 ? SUM_ALL_KINDS : sure_kinds;
}

/* Below folders of libraries are many files that are none. */
static bool
wants_file(const FileView *file)
{
  const char *path = place_of(file);
  learn(file->path);
  if (!integrity_looks_at(path))
    return false;
  return slice_has_prefix(file->head, SLICE_LITERAL("\177ELF")) ||
         slice_has_prefix(file->head, SLICE_LITERAL("#!")) || (file->mode & 06111) != 0 ||
         integrity_is_program(path) || integrity_is_library(path);
}

ProgramHash *
program_hash_new(unsigned of_kinds)
{
  ProgramHash *hash = g_new0(ProgramHash, 1);
  hash->kinds = of_kinds;
  if (md5 == NULL)
    md5 = md5_lanes_new();
  if ((of_kinds >> SUM_MD5 & 1) != 0)
    md5_lanes_begin(md5);
  sha1_init(&hash->sha1);
  sha256_init(&hash->sha256);
  return hash;
}

void
program_hash_add(ProgramHash *hash, Slice bytes)
{
  hash->size += bytes.size;
  if ((hash->kinds >> SUM_MD5 & 1) != 0)
    md5_lanes_add(md5, bytes);
  if ((hash->kinds >> SUM_SHA1 & 1) != 0)
    sha1_update(&hash->sha1, bytes.size, bytes.data);
  if ((hash->kinds >> SUM_SHA256 & 1) != 0)
    sha256_update(&hash->sha256, bytes.size, bytes.data);
}

void
sum_write_digits(const uint8_t *digest, char *digits)
{
  static const char hex[] = "0123456789abcdef";
  for (size_t i = 0; i < SUM_DIGITS / 2; i++) {
    digits[2 * i] = hex[digest[i] >> 4];
    digits[2 * i + 1] = hex[digest[i] & 15];
  }
  digits[SUM_DIGITS] = '\0';
}

void
program_hash_end(ProgramHash *hash, ProgramSums *sums)
{
  uint8_t digests[SUM_KINDS][SHA256_DIGEST_SIZE];
  sha1_digest(&hash->sha1, SHA1_DIGEST_SIZE, digests[SUM_SHA1]);
  sha256_digest(&hash->sha256, SHA256_DIGEST_SIZE, digests[SUM_SHA256]);
  if ((hash->kinds >> SUM_MD5 & 1) != 0)
    sums->md5 = md5_lanes_end(md5) + 1;
  for (SumKind kind = SUM_SHA1; kind < SUM_KINDS; kind++)
    if ((hash->kinds >> kind & 1) != 0)
      sum_write_digits(digests[kind], sums->digits[kind]);
  g_free(hash);
}

unsigned
program_sums_kinds(const ProgramSums *sums)
{
  unsigned made = sums->md5 != 0 ? 1u << SUM_MD5 : 0;
  for (SumKind kind = 0; kind < SUM_KINDS; kind++)
    if (sums->digits[kind][0] != '\0')
      made |= 1u << kind;
  return made;
}

void
program_sums_finish(ProgramSums *sums)
{
  if (sums->md5 != 0)
    sum_write_digits(md5_lanes_digest(md5, sums->md5 - 1), sums->digits[SUM_MD5]);
  sums->md5 = 0;
}

static void
end(ProgramHash *hash, const FileView *file, LayerInventory *into)
{
  ProgramSums *program = g_new0(ProgramSums, 1);
  bool skipped = hash->skipped;
  program->path = g_strdup(place_of(file));
  program->mode = file->mode;
  program_hash_end(hash, program);
  if (!skipped) {
    g_ptr_array_add(into->hashed, program);
    return;
  }
  layer_inventory_add_unread(into, "too-large", file->path,
                             "The program has larger holes than are compared with its package.");
  g_free(program->path);
  g_free(program);
}

static void
take_piece(void **state, const FileView *file, uint64_t at, Slice bytes, LayerInventory *into)
{
  if (*state == NULL)
    *state = program_hash_new(kinds);
  ProgramHash *hash = *state;
  hash->skipped |= at > hash->size;
  if (bytes.size > 0) {
    program_hash_add(hash, bytes);
    return;
  }
  /* A file that cannot be read on has not all its bytes here: the layer is refused then. */
  end(g_steal_pointer(state), file, into);
}

const Detector program_sums_detector = {
    .name = "program-sums",
    .version = INTEGRITY_VERSION,
    .wants = wants_file,
    .piece = take_piece,
    .needs_holes = true,
    .tells_skipped = true,
    .observes = true,
};
