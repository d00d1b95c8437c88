/* Directories by all their ends, and headers wherever they are; see the header. */
#include "archive/zip_claims.h"

#include <lzma.h>
#include <string.h>

#include "archive/zip-private.h"

#define SIZES_FOLLOW 8u
/* A name in UTF-8 (APPNOTE, 4.6.9), after its version and the checksum of the other name. */
#define EXTRA_NAME       0x7075u
#define EXTRA_NAME_AFTER 5u
#define NAME_MAX_BYTES   4096u
/* Ways to pack that there are (APPNOTE, 4.4.5). */
#define METHOD_OLD_MOST  20u
#define METHOD_NEW_LEAST 93u
#define METHOD_NEW_MOST  99u

typedef struct {
  Slice bytes;
  ZipClaims *claims;
  GHashTable *seen; /* where directories were read, by place and base, in text */
  guint most, entries;
} Search;

/* --- headers --- */

/* The header at @at. False: there is none. */
static bool
read_header(Slice bytes, uint64_t at, ZipClaim *claim, Slice *extra)
{
  Slice fixed = SLICE_EMPTY;
  if (!zip_part(bytes, at, ZIP_LOCAL_BYTES, &fixed) || !zip_has_signature(fixed, 0, "PK\3\4"))
    return false;
  uint64_t name = zip_number(fixed, 26, 2), more = zip_number(fixed, 28, 2);
  *claim = (ZipClaim){.at = at,
                      .start = at + ZIP_LOCAL_BYTES + name + more,
                      .entry = {.packed = zip_number(fixed, 18, 4),
                                .size = zip_number(fixed, 22, 4),
                                .offset = at,
                                .method = (uint16_t)zip_number(fixed, 8, 2),
                                .flags = (uint16_t)zip_number(fixed, 6, 2)}};
  claim->unsized = (claim->entry.flags & SIZES_FOLLOW) != 0;
  return zip_part(bytes, at + ZIP_LOCAL_BYTES, name, &claim->entry.name) &&
         zip_part(bytes, at + ZIP_LOCAL_BYTES + name, more, extra);
}

static Slice
alias_of(Slice extra)
{
  while (extra.size >= 4) {
    size_t size = (size_t)zip_number(extra, 2, 2);
    if (zip_number(extra, 0, 2) == EXTRA_NAME)
      return slice_sub(slice_sub(extra, 4, size), EXTRA_NAME_AFTER, size);
    extra = slice_sub(extra, 4 + size, extra.size);
  }
  return SLICE_EMPTY;
}

static bool
add(Search *search, const ZipClaim *claim)
{
  search->claims->overfull |= search->claims->claims->len >= search->most;
  if (!search->claims->overfull)
    g_array_append_val(search->claims->claims, *claim);
  return !search->claims->overfull;
}

static void
find_headers(Search *search)
{
  Slice rest = search->bytes, extra;
  const uint8_t *found;
  ZipClaim claim;
  while ((found = rest.size == 0 ? NULL : memmem(rest.data, rest.size, "PK\3\4", 4)) != NULL) {
    uint64_t at = (uint64_t)(found - search->bytes.data);
    if (read_header(search->bytes, at, &claim, &extra)) {
      zip_read_extra_64(extra, &claim.entry);
      claim.alias = alias_of(extra);
      if (!add(search, &claim))
        return;
    }
    rest = slice_sub(search->bytes, (size_t)at + 4, search->bytes.size);
  }
}

/* --- directories --- */

/* What an entry says of the header at @at. False: there is none. */
static bool
claim_at(Search *search, const ZipEntry *entry, uint64_t at)
{
  ZipClaim claim;
  Slice extra = SLICE_EMPTY;
  if (!read_header(search->bytes, at, &claim, &extra))
    return false;
  claim.entry = *entry;
  claim.entry.offset = at;
  claim.named = true;
  claim.unsized = false;
  add(search, &claim);
  return true;
}

/* Entries from @at on, as long as they follow each other. Offsets count from @base, or from the
 * archive's start. Where they end, and how many there are. */
static uint64_t
read_entries(Search *search, uint64_t at, uint64_t base, uint64_t *count)
{
  Slice rest = slice_sub(search->bytes, (size_t)at, search->bytes.size);
  ZipEntry entry;
  for (*count = 0; !search->claims->overfull && zip_next(&rest, &entry); ++*count) {
    bool there = claim_at(search, &entry, base + entry.offset);
    if (base != 0)
      there |= claim_at(search, &entry, entry.offset);
    search->claims->lost += !there && entry.packed > 0;
    search->claims->overfull |= ++search->entries > search->most;
  }
  return search->bytes.size - rest.size;
}

/* The directory of @size bytes in front of @after, or where it is said to be. True: as an end says
 * that all understand alike. */
static bool
read_directory(Search *search, const ZipEnd *end, bool as_said)
{
  if (!as_said && end->size > end->after)
    return false;
  uint64_t at = as_said ? end->offset : end->after - end->size, base = at - end->offset, count;
  if (!zip_has_signature(search->bytes, at, "PK\1\2"))
    return end->size == 0 && end->count == 0;
  char *key = g_strdup_printf("%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT, at, base);
  if (!g_hash_table_add(search->seen, key))
    return false;
  uint64_t ended = read_entries(search, at, base, &count);
  return !as_said && ended == end->after && count == end->count && end->offset <= at;
}

/* Zip64's end where the locator in front of @at says it is, and in front of the locator: each may
 * count for somebody. True: it is one, in its place, and says what the other end does. */
static bool
read_end_64(Search *search, const ZipEnd *end, uint64_t at)
{
  ZipEnd located, before;
  bool one = at >= ZIP_LOCATOR_BYTES + ZIP_END_64_BYTES &&
             zip_end_64_at(search->bytes, at - ZIP_LOCATOR_BYTES - ZIP_END_64_BYTES, &before);
  bool two = zip_end_64_at(
      search->bytes, zip_number(search->bytes, (size_t)(at - ZIP_LOCATOR_BYTES) + 8, 8), &located);
  bool plain = one && read_directory(search, &before, false);
  if (one)
    read_directory(search, &before, true);
  if (two && (!one || located.after != before.after)) {
    read_directory(search, &located, false);
    read_directory(search, &located, true);
    plain = false;
  }
  return plain && zip_ends_agree(end, &before);
}

/* True: all readers understand it, and none looks for another before it. */
static bool
read_end(Search *search, size_t at)
{
  Slice bytes = search->bytes;
  const ZipEnd end = zip_end_at(bytes, at);
  search->claims->ended = true;
  bool closes = zip_number(bytes, at + 20, 2) == bytes.size - at - ZIP_END_BYTES &&
                zip_number(bytes, at + 4, 4) == 0 && zip_number(bytes, at + 8, 2) == end.count;
  bool has_64 =
      at >= ZIP_LOCATOR_BYTES && zip_has_signature(bytes, at - ZIP_LOCATOR_BYTES, "PK\6\7");
  bool plain_64 = has_64 && read_end_64(search, &end, at);
  bool plain = read_directory(search, &end, false);
  read_directory(search, &end, true);
  return closes && (has_64 ? plain_64 : plain);
}

static void
find_directories(Search *search)
{
  size_t last = search->bytes.size - ZIP_END_BYTES;
  for (size_t back = 0; back <= MIN(last, ZIP_COMMENT_MAX + ZIP_END_BYTES); back++)
    if (zip_has_signature(search->bytes, last - back, "PK\5\6") && read_end(search, last - back))
      return;
}

/* --- both --- */

static int
compare_claims(gconstpointer a, gconstpointer b)
{
  const ZipClaim *left = a, *right = b;
  if (left->at != right->at)
    return left->at < right->at ? -1 : 1;
  return (int)right->named - (int)left->named;
}

void
zip_claims_read(ZipClaims *claims, Slice bytes, guint most)
{
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Search search = {.bytes = bytes, .claims = claims, .seen = seen, .most = most};
  *claims = (ZipClaims){.claims = g_array_new(FALSE, FALSE, sizeof(ZipClaim))};
  if (bytes.size >= ZIP_END_BYTES)
    find_directories(&search);
  find_headers(&search);
  g_array_sort(claims->claims, compare_claims);
}

void
zip_claims_clear(ZipClaims *claims)
{
  g_clear_pointer(&claims->claims, g_array_unref);
}

static bool
is_likely(uint64_t method, uint64_t name)
{
  return (method <= METHOD_OLD_MOST || (method >= METHOD_NEW_LEAST && method <= METHOD_NEW_MOST)) &&
         name > 0 && name <= NAME_MAX_BYTES;
}

bool
zip_begins(Slice head)
{
  if (head.size < ZIP_HEAD_BYTES)
    return false;
  return zip_has_signature(head, 0, "PK\3\4")
             ? is_likely(zip_number(head, 8, 2), zip_number(head, 26, 2))
             : zip_has_signature(head, 0, "PK\1\2") &&
                   is_likely(zip_number(head, 10, 2), zip_number(head, 28, 2));
}

bool
zip_claim_is_likely(const ZipClaim *claim)
{
  Slice name = claim->entry.name;
  return is_likely(claim->entry.method, name.size) && memchr(name.data, '\0', name.size) == NULL;
}

Slice
zip_claim_bytes(Slice bytes, const ZipClaim *claim, uint64_t size)
{
  Slice rest =
      claim->start >= bytes.size ? SLICE_EMPTY : slice_sub(bytes, (size_t)claim->start, bytes.size);
  return slice_sub(rest, 0, (size_t)MIN(size, rest.size));
}

/* Its numbers have four bytes, or of Zip64 eight. */
static bool
describes(Slice at, uint32_t sum, uint64_t size)
{
  bool four = zip_number(at, 8, 4) == (size & UINT32_MAX) && at.size >= 16;
  bool eight = zip_number(at, 8, 8) == size && at.size >= 24;
  return zip_number(at, 4, 4) == sum && (four || eight);
}

bool
zip_claim_described(Slice bytes, const ZipClaim *claim, uint64_t *size)
{
  Slice all = zip_claim_bytes(bytes, claim, UINT64_MAX), rest = all;
  uint32_t sum = 0;
  const uint8_t *found;
  *size = all.size;
  while ((found = rest.size == 0 ? NULL : memmem(rest.data, rest.size, "PK\7\b", 4)) != NULL) {
    size_t before = (size_t)(found - rest.data);
    sum = lzma_crc32(rest.data, before, sum);
    rest = slice_sub(rest, before, rest.size);
    if (describes(rest, sum, all.size - rest.size)) {
      *size = all.size - rest.size;
      return true;
    }
    sum = lzma_crc32(rest.data, 4, sum);
    rest = slice_sub(rest, 4, rest.size);
  }
  return false;
}
