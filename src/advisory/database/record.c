/* Encoding and decoding of the database's records; the layouts are told in the header. */
#include "advisory/database/record-private.h"

#include <math.h>
#include <string.h>
#include <zstd.h>

#include "advisory/cwe-private.h"
#include "base/error.h"

#define COMPRESS_FROM  ((size_t)200) /* smaller details are kept as they are */
#define COMPRESS_LEVEL 3
#define SCORE_UNIT     10.0 /* CVSS has one decimal */
#define EPSS_UNIT      1e6  /* EPSS is published with five */

enum { DETAILS_PLAIN, DETAILS_ZSTD };
enum { DETAILS_EXPLOITED = 1, DETAILS_RATED = 2, DETAILS_CWES = 4 };
enum { FLAG_DERIVED = 1, FLAG_MORE = 2, FLAG_SYMBOLS = 4 };

GByteArray *
record_key(char letter, const char *first, const char *second)
{
  GByteArray *key = g_byte_array_new();
  g_byte_array_append(key, (const uint8_t *)&letter, 1);
  g_byte_array_append(key, (const uint8_t *)first, (guint)strlen(first));
  if (second != NULL) {
    g_byte_array_append(key, (const uint8_t *)"", 1);
    g_byte_array_append(key, (const uint8_t *)second, (guint)strlen(second));
  }
  if (key->len > RECORD_KEY_MAX) {
    uint8_t digest[32];
    gsize size = sizeof digest;
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, key->data, key->len);
    g_checksum_get_digest(checksum, digest, &size);
    g_byte_array_set_size(key, RECORD_KEY_KEPT);
    g_byte_array_append(key, digest, sizeof digest);
  }
  return key;
}

/* At most @limit bytes of @text, not cut inside a character. */
static Slice
bounded_text(const char *text, size_t limit)
{
  Slice whole = slice_from_string(text);
  if (whole.size <= limit)
    return whole;
  while (limit > 0 && (whole.data[limit] & 0xc0) == 0x80)
    limit--;
  return slice_sub(whole, 0, limit);
}

/* Strings of one record, each once; number 0 is "none", so that the first string is 1. */
typedef struct {
  GHashTable *numbers; /* string -> number */
  GByteArray *bytes;
} StringTable;

static uint64_t
string_table_add(StringTable *table, const char *string)
{
  if (string == NULL)
    return 0;
  gpointer number = g_hash_table_lookup(table->numbers, string);
  if (number == NULL) {
    number = GUINT_TO_POINTER(g_hash_table_size(table->numbers) + 1);
    /* The table lives only while its strings do; it does not change them. */
    g_hash_table_insert(table->numbers, (gpointer)(uintptr_t)string, number);
    /* With its NUL, so that a reader needs no copy. */
    Slice kept = bounded_text(string, RECORD_STRING_MAX);
    byte_array_add_varint(table->bytes, kept.size + 1);
    g_byte_array_append(table->bytes, kept.data, (guint)kept.size);
    g_byte_array_append(table->bytes, (const uint8_t *)"", 1);
  }
  return GPOINTER_TO_UINT(number);
}

/* Few statements have these: without them, it is as it was in format 1. */
static bool
has_more(const AdvisoryRange *range)
{
  return range->architectures != NULL || range->release_version != NULL;
}

/* A part of a longer list would tell what is not so. */
static bool
has_symbols(const AdvisoryRange *range)
{
  return range->symbols != NULL && strlen(range->symbols) <= RECORD_STRING_MAX;
}

static unsigned
flags_of(const AdvisoryRange *range)
{
  return (range->derived ? FLAG_DERIVED : 0) | (has_more(range) ? FLAG_MORE : 0) |
         (has_symbols(range) ? FLAG_SYMBOLS : 0);
}

void
record_encode_ranges(const AdvisoryRange *ranges, size_t count, GByteArray *out)
{
  g_autoptr(GHashTable) numbers = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GByteArray) strings = g_byte_array_new();
  g_autoptr(GByteArray) body = g_byte_array_new();
  StringTable table = {numbers, strings};

  for (size_t i = 0; i < count; i++) {
    const AdvisoryRange *range = &ranges[i];
    const char *const members[] = {range->id,         range->module,        range->feed,
                                   range->introduced, range->fixed_version, range->last_affected,
                                   range->vendor_id,  range->note};
    const uint8_t kinds[] = {(uint8_t)range->scheme, (uint8_t)range->state,
                             (uint8_t)range->severity, (uint8_t)(flags_of(range))};
    g_byte_array_append(body, kinds, sizeof kinds);
    for (size_t m = 0; m < G_N_ELEMENTS(members); m++)
      byte_array_add_varint(body, string_table_add(&table, members[m]));
    if (has_more(range)) {
      byte_array_add_varint(body, string_table_add(&table, range->architectures));
      byte_array_add_varint(body, string_table_add(&table, range->release_version));
    }
    if (has_symbols(range))
      byte_array_add_varint(body, string_table_add(&table, range->symbols));
  }
  byte_array_add_varint(out, g_hash_table_size(numbers));
  g_byte_array_append(out, strings->data, strings->len);
  byte_array_add_varint(out, count);
  g_byte_array_append(out, body->data, body->len);
}

static bool
set_broken(GError **error)
{
  return error_set(error, ASSAY_ERROR_INVALID,
                   "the advisory database is damaged (run `assay db update`)");
}

/* The strings of a record, in place; each ends with its only NUL. (transfer container) */
static GPtrArray *
decode_strings(Slice *rest)
{
  uint64_t count;
  /* A string takes at least its length and its NUL. */
  if (!slice_take_varint(rest, &count) || count > rest->size / 2)
    return NULL;
  g_autoptr(GPtrArray) strings = g_ptr_array_sized_new((guint)count + 1);
  g_ptr_array_add(strings, NULL);
  for (uint64_t i = 0; i < count; i++) {
    Slice string;
    if (!slice_take_prefixed(rest, &string) || string.size == 0 ||
        slice_find(string, 0) != (gssize)string.size - 1)
      return NULL;
    g_ptr_array_add(strings, (gpointer)(uintptr_t)string.data);
  }
  return g_steal_pointer(&strings);
}

static bool
decode_string_member(Slice *rest, const GPtrArray *strings, const char **member)
{
  uint64_t number;
  if (!slice_take_varint(rest, &number) || number >= strings->len)
    return false;
  *member = strings->pdata[number];
  return true;
}

static bool
decode_range(Slice *rest, const GPtrArray *strings, AdvisoryRange *range)
{
  Slice kinds;
  const char **const members[] = {&range->id,         &range->module,        &range->feed,
                                  &range->introduced, &range->fixed_version, &range->last_affected,
                                  &range->vendor_id,  &range->note};
  if (!slice_take(rest, 4, &kinds) || kinds.data[0] >= VERSION_SCHEMES ||
      kinds.data[1] > STATE_UNDER_REVIEW || kinds.data[2] > SEVERITY_CRITICAL)
    return false;
  range->scheme = kinds.data[0];
  range->state = kinds.data[1];
  range->severity = kinds.data[2];
  range->derived = (kinds.data[3] & FLAG_DERIVED) != 0;
  for (size_t m = 0; m < G_N_ELEMENTS(members); m++)
    if (!decode_string_member(rest, strings, members[m]))
      return false;
  if ((kinds.data[3] & FLAG_MORE) != 0 &&
      !(decode_string_member(rest, strings, &range->architectures) &&
        decode_string_member(rest, strings, &range->release_version)))
    return false;
  if ((kinds.data[3] & FLAG_SYMBOLS) != 0 && !decode_string_member(rest, strings, &range->symbols))
    return false;
  return range->id != NULL && range->feed != NULL;
}

bool
record_decode_ranges(Slice record, const char *ecosystem, const char *package,
                     AdvisoryVisitor visit, void *data, GError **error)
{
  uint64_t count;
  g_autoptr(GPtrArray) strings = decode_strings(&record);
  if (strings == NULL || !slice_take_varint(&record, &count))
    return set_broken(error);
  for (uint64_t i = 0; i < count; i++) {
    AdvisoryRange range = {.ecosystem = ecosystem, .package = package};
    if (!decode_range(&record, strings, &range))
      return set_broken(error);
    if (!visit(&range, data))
      return true;
  }
  return true;
}

/* Length + 1, so that 0 is "none" and 1 the empty string. */
static void
add_text(GByteArray *out, const char *text, size_t limit)
{
  Slice bounded = bounded_text(text, limit);
  byte_array_add_varint(out, text == NULL ? 0 : bounded.size + 1);
  if (bounded.size > 0)
    g_byte_array_append(out, bounded.data, (guint)bounded.size);
}

static bool
take_text(Slice *rest, const char **text)
{
  uint64_t size;
  Slice bytes;
  if (!slice_take_varint(rest, &size))
    return false;
  if (size == 0)
    return true;
  if (size - 1 > rest->size || !slice_take(rest, (size_t)size - 1, &bytes))
    return false;
  *text = slice_to_utf8(bytes);
  return true;
}

static void
add_list(GByteArray *out, const GStrv list)
{
  guint count = list == NULL ? 0 : MIN(g_strv_length(list), RECORD_LIST_MAX);
  byte_array_add_varint(out, count);
  for (guint i = 0; i < count; i++)
    add_text(out, list[i], RECORD_STRING_MAX);
}

static bool
take_list(Slice *rest, GStrv *list)
{
  uint64_t count;
  if (!slice_take_varint(rest, &count) || count > RECORD_LIST_MAX)
    return false;
  if (count == 0)
    return true;
  *list = g_new0(char *, count + 1);
  for (uint64_t i = 0; i < count; i++) {
    const char *text = NULL;
    if (!take_text(rest, &text) || text == NULL)
      return false;
    (*list)[i] = (char *)(uintptr_t)text;
  }
  return true;
}

/* A number in steps of 1 / @unit; 0 is "unknown". */
static void
add_number(GByteArray *out, double number, double unit)
{
  byte_array_add_varint(out, number < 0 ? 0 : (uint64_t)llround(number * unit) + 1);
}

static bool
take_number(Slice *rest, double unit, double *number)
{
  uint64_t steps;
  if (!slice_take_varint(rest, &steps))
    return false;
  *number = steps == 0 ? -1.0 : (double)(steps - 1) / unit;
  return true;
}

static void
add_ratings(GByteArray *out, const GPtrArray *ratings)
{
  guint count = ratings == NULL ? 0 : MIN(ratings->len, ADVISORY_RATINGS_MAX);
  byte_array_add_varint(out, count);
  for (guint i = 0; i < count; i++) {
    const AdvisoryRating *rating = g_ptr_array_index(ratings, i);
    const uint8_t severity = (uint8_t)rating->severity;
    g_byte_array_append(out, &severity, 1);
    add_number(out, rating->cvss_score, SCORE_UNIT);
    add_text(out, rating->source, RECORD_STRING_MAX);
    add_text(out, rating->cvss_vector, RECORD_STRING_MAX);
  }
}

static bool
take_rating(Slice *rest, GPtrArray *ratings)
{
  uint8_t severity;
  const char *source = NULL, *vector = NULL;
  double score = -1;
  bool whole = slice_take_uint8(rest, &severity) && severity <= SEVERITY_CRITICAL &&
               take_number(rest, SCORE_UNIT, &score) && take_text(rest, &source) &&
               source != NULL && take_text(rest, &vector);
  g_autofree char *owned = (char *)(uintptr_t)source, *owned_vector = (char *)(uintptr_t)vector;
  if (whole)
    advisory_ratings_add(ratings,
                         &(AdvisoryRating){owned, (Severity)severity, owned_vector, score});
  return whole;
}

static bool
take_ratings(Slice *rest, bool rated, GPtrArray **ratings)
{
  uint64_t count = 0;
  *ratings = advisory_ratings_new();
  if (!rated)
    return true;
  if (!slice_take_varint(rest, &count) || count > ADVISORY_RATINGS_MAX)
    return false;
  for (uint64_t i = 0; i < count; i++)
    if (!take_rating(rest, *ratings))
      return false;
  return true;
}

static void
free_packer(gpointer packer)
{
  ZSTD_freeCCtx(packer);
}

/* This thread's: to make one takes longer than to compress with it, and what it gives does not
 * depend on what it did before. */
static ZSTD_CCtx *
own_packer(void)
{
  static GPrivate packer = G_PRIVATE_INIT(free_packer);
  if (g_private_get(&packer) == NULL)
    g_private_set(&packer, ZSTD_createCCtx());
  return g_private_get(&packer);
}

void
record_encode_details(const AdvisoryDetails *details, GByteArray *out)
{
  g_autoptr(GByteArray) plain = g_byte_array_new();
  bool rated = details->ratings != NULL && details->ratings->len > 0;
  bool weak = cwes_count(&details->cwes) > 0;
  const uint8_t kinds[] = {(uint8_t)details->severity,
                           (uint8_t)((details->known_exploited ? DETAILS_EXPLOITED : 0) |
                                     (rated ? DETAILS_RATED : 0) | (weak ? DETAILS_CWES : 0))};
  g_byte_array_append(plain, kinds, sizeof kinds);
  add_number(plain, details->cvss_score, SCORE_UNIT);
  add_number(plain, details->epss_score, EPSS_UNIT);
  add_number(plain, details->epss_percentile, EPSS_UNIT);
  add_list(plain, details->aliases);
  add_text(plain, details->title, RECORD_TITLE_MAX);
  add_text(plain, details->published, RECORD_STRING_MAX);
  add_text(plain, details->modified, RECORD_STRING_MAX);
  add_text(plain, details->cvss_vector, RECORD_STRING_MAX);
  add_text(plain, details->severity_source, RECORD_STRING_MAX);
  add_text(plain, details->known_exploited_due, RECORD_STRING_MAX);
  add_text(plain, details->description, RECORD_TEXT_MAX);
  add_list(plain, details->references);
  if (rated)
    add_ratings(plain, details->ratings);
  if (weak)
    cwes_write(&details->cwes, plain);

  uint8_t form = DETAILS_PLAIN;
  if (plain->len >= COMPRESS_FROM) {
    size_t room = ZSTD_compressBound(plain->len);
    g_autofree uint8_t *packed = g_malloc(room);
    size_t size =
        ZSTD_compressCCtx(own_packer(), packed, room, plain->data, plain->len, COMPRESS_LEVEL);
    if (!ZSTD_isError(size) && size < plain->len) {
      form = DETAILS_ZSTD;
      g_byte_array_append(out, &form, 1);
      byte_array_add_varint(out, plain->len);
      g_byte_array_append(out, packed, (guint)size);
      return;
    }
  }
  g_byte_array_append(out, &form, 1);
  g_byte_array_append(out, plain->data, plain->len);
}

/* The bytes after a ZSTD form: *@owned keeps them. */
static bool
unpack_details(Slice *rest, uint8_t **owned)
{
  uint64_t size;
  if (!slice_take_varint(rest, &size) || size > RECORD_DETAILS_MAX)
    return false;
  *owned = g_malloc(size + 1);
  size_t got = ZSTD_decompress(*owned, (size_t)size, rest->data, rest->size);
  if (ZSTD_isError(got) || got != size)
    return false;
  *rest = slice_new(*owned, got);
  return true;
}

AdvisoryDetails *
record_decode_details(Slice record, const char *id, GError **error)
{
  g_autoptr(AdvisoryDetails) details = g_new0(AdvisoryDetails, 1);
  g_autofree uint8_t *unpacked = NULL;
  uint8_t form = 0;
  Slice kinds;
  details->id = g_strdup(id);
  bool whole =
      slice_take_uint8(&record, &form) && form <= DETAILS_ZSTD &&
      (form == DETAILS_PLAIN || unpack_details(&record, &unpacked)) &&
      slice_take(&record, 2, &kinds) && kinds.data[0] <= SEVERITY_CRITICAL &&
      take_number(&record, SCORE_UNIT, &details->cvss_score) &&
      take_number(&record, EPSS_UNIT, &details->epss_score) &&
      take_number(&record, EPSS_UNIT, &details->epss_percentile) &&
      take_list(&record, &details->aliases) && take_text(&record, &details->title) &&
      take_text(&record, &details->published) && take_text(&record, &details->modified) &&
      take_text(&record, &details->cvss_vector) && take_text(&record, &details->severity_source) &&
      take_text(&record, &details->known_exploited_due) &&
      take_text(&record, &details->description) && take_list(&record, &details->references) &&
      take_ratings(&record, (kinds.data[1] & DETAILS_RATED) != 0, &details->ratings) &&
      ((kinds.data[1] & DETAILS_CWES) == 0 || cwes_take(&record, &details->cwes));
  if (!whole) {
    set_broken(error);
    return NULL;
  }
  details->severity = kinds.data[0];
  const AdvisoryRating only = {(char *)(uintptr_t)details->severity_source, details->severity,
                               (char *)(uintptr_t)details->cvss_vector, details->cvss_score};
  if (details->ratings->len == 0 && details->severity_source != NULL)
    advisory_ratings_add(details->ratings, &only);
  details->known_exploited = (kinds.data[1] & DETAILS_EXPLOITED) != 0;
  return g_steal_pointer(&details);
}

void
record_encode_feed(const AdvisoryFeedStatus *status, GByteArray *out)
{
  add_text(out, status->type, RECORD_STRING_MAX);
  add_text(out, status->source, RECORD_STRING_MAX);
  add_text(out, status->source_date, RECORD_STRING_MAX);
  byte_array_add_uint64(out, (uint64_t)status->updated);
  byte_array_add_varint(out, status->count);
}

void
advisory_feed_status_free(AdvisoryFeedStatus *status)
{
  if (status == NULL)
    return;
  const char *const texts[] = {status->feed, status->type, status->source, status->source_date};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free((gpointer)(uintptr_t)texts[i]); /* const for those who only pass a status on */
  g_free(status);
}

AdvisoryFeedStatus *
record_decode_feed(Slice record, Slice name, GError **error)
{
  AdvisoryFeedStatus *status = g_new0(AdvisoryFeedStatus, 1);
  uint64_t updated = 0;
  status->feed = slice_to_utf8(name);
  if (!take_text(&record, &status->type) || !take_text(&record, &status->source) ||
      !take_text(&record, &status->source_date) || !slice_take_uint64(&record, &updated) ||
      !slice_take_varint(&record, &status->count)) {
    advisory_feed_status_free(status);
    set_broken(error);
    return NULL;
  }
  status->updated = (int64_t)updated;
  return status;
}
