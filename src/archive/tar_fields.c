/* The fields of a tar's header, as Go's archive/tar (reader.go, strconv.go, format.go) reads them;
 * see tar-private.h. */
#include <string.h>

#include "archive/tar-private.h"

/* Where the fields are. */
#define AT_NAME       0u
#define AT_MODE       100u
#define AT_UID        108u
#define AT_GID        116u
#define AT_SIZE       124u
#define AT_MTIME      136u
#define AT_CHECKSUM   148u
#define AT_TYPE       156u
#define AT_TARGET     157u
#define AT_MAGIC      257u
#define AT_MAJOR      329u
#define AT_MINOR      337u
#define AT_PREFIX     345u
#define AT_GNU_CHANGE 357u /* GNU's: two times where ustar has the prefix */
#define AT_STAR_TIMES 476u
#define AT_STAR_MAGIC 508u

#define NAME_BYTES        ((size_t)100)
#define SHORT_BYTES       ((size_t)8) /* of numbers that are small, and of the checksum */
#define PREFIX_BYTES      ((size_t)155)
#define STAR_PREFIX_BYTES ((size_t)131)

/* --- numbers --- */

/* Digits of base 8 up to a NUL, among blanks and NULs. *value: that of the digits before what is
 * none. */
static bool
parse_octal(const uint8_t *bytes, size_t size, int64_t *value)
{
  uint64_t number = 0;
  for (; size > 0 && (*bytes == ' ' || *bytes == '\0'); size--)
    bytes++;
  while (size > 0 && (bytes[size - 1] == ' ' || bytes[size - 1] == '\0'))
    size--;
  bool digits = true;
  for (size_t i = 0; i < size && bytes[i] != '\0' && digits; i++) {
    digits = bytes[i] >= '0' && bytes[i] <= '7';
    if (digits)
      number = number << 3 | (uint64_t)(bytes[i] - '0');
  }
  *value = (int64_t)number; /* of twelve bytes at most: it cannot overflow */
  return digits;
}

static bool
parse_binary(const uint8_t *bytes, size_t size, int64_t *value)
{
  uint8_t inverted = (bytes[0] & 0x40) != 0 ? 0xff : 0; /* negative */
  uint64_t number = 0;
  for (size_t i = 0; i < size; i++) {
    if (number >> 56 > 0)
      return false;
    number = number << 8 | (uint8_t)((bytes[i] ^ inverted) & (i == 0 ? 0x7f : 0xff));
  }
  if (number > INT64_MAX)
    return false;
  *value = inverted != 0 ? -(int64_t)number - 1 : (int64_t)number;
  return true;
}

bool
tar_number(const uint8_t *bytes, size_t size, int64_t *value)
{
  return (bytes[0] & 0x80) != 0 ? parse_binary(bytes, size, value)
                                : parse_octal(bytes, size, value);
}

bool
tar_decimal(Slice text, int64_t *value)
{
  bool negative = text.size > 0 && text.data[0] == '-';
  if (text.size > 0 && (negative || text.data[0] == '+'))
    text = slice_sub(text, 1, text.size);
  uint64_t number;
  if (!slice_to_uint64(text, &number) || number > (uint64_t)INT64_MAX + negative)
    return false;
  *value = negative ? (int64_t)(0 - number) : (int64_t)number;
  return true;
}

/* --- the block --- */

bool
tar_is_zero(const uint8_t *block)
{
  return block[0] == 0 && memcmp(block, block + 1, TAR_BLOCK - 1) == 0;
}

/* Of unsigned bytes, as it is specified, or of signed ones, as some wrote it; its own are blanks.
 */
bool
tar_has_checksum(const uint8_t *block, bool lenient)
{
  int64_t said, sum = 0, high = 0;
  for (size_t i = 0; i < TAR_BLOCK; i++) {
    sum += block[i];
    high += block[i] >> 7;
  }
  for (size_t i = AT_CHECKSUM; i < AT_CHECKSUM + SHORT_BYTES; i++) {
    sum += ' ' - block[i];
    high -= block[i] >> 7;
  }
  return (parse_octal(block + AT_CHECKSUM, SHORT_BYTES, &said) || lenient) &&
         (said == sum || said == sum - 256 * high);
}

bool
tar_has_magic(const uint8_t *block)
{
  return memcmp(block + AT_MAGIC, "ustar", 5) == 0;
}

bool
tar_begins(Slice head)
{
  /* Most files are told by a byte of the field. */
  if (head.size < TAR_BLOCK || head.data[0] == 0)
    return false;
  uint8_t digit = head.data[AT_CHECKSUM + 2];
  return (digit == ' ' || (digit >= '0' && digit <= '7')) && tar_has_checksum(head.data, false);
}

static TarFormat
format_of(const uint8_t *block)
{
  if (memcmp(block + AT_MAGIC, "ustar", 6) == 0) /* with its NUL */
    return memcmp(block + AT_STAR_MAGIC, "tar", 4) == 0 ? TAR_STAR : TAR_USTAR;
  return memcmp(block + AT_MAGIC, "ustar  ", 8) == 0 ? TAR_GNU : TAR_V7;
}

/* Up to the first NUL. */
static void
append_text(GString *text, const uint8_t *bytes, size_t size)
{
  const char *start = (const char *)bytes;
  g_string_append_len(text, start, (gssize)strnlen(start, size));
}

static bool
is_time(const uint8_t *bytes)
{
  int64_t value;
  return tar_number(bytes, TAR_NUMBER_BYTES, &value);
}

/* Where GNU has times; an old writer put a prefix there all the same. */
static bool
has_gnu_times(const uint8_t *block)
{
  return (block[AT_PREFIX] == 0 || is_time(block + AT_PREFIX)) &&
         (block[AT_GNU_CHANGE] == 0 || is_time(block + AT_GNU_CHANGE));
}

static void
read_name(TarFields *fields, const uint8_t *block)
{
  g_string_truncate(fields->name, 0);
  if (fields->format == TAR_USTAR)
    append_text(fields->name, block + AT_PREFIX, PREFIX_BYTES);
  if (fields->format == TAR_STAR)
    append_text(fields->name, block + AT_PREFIX, STAR_PREFIX_BYTES);
  if (fields->format == TAR_GNU && !has_gnu_times(block)) {
    append_text(fields->name, block + AT_PREFIX, PREFIX_BYTES);
    if (!g_str_is_ascii(fields->name->str))
      g_string_truncate(fields->name, 0);
  }
  if (fields->name->len > 0)
    g_string_append_c(fields->name, '/');
  append_text(fields->name, block + AT_NAME, NAME_BYTES);
}

/* Even of those that nobody asks for. */
static bool
are_numbers(const TarFields *fields, const uint8_t *block)
{
  int64_t number;
  return is_time(block + AT_MTIME) &&
         (fields->format == TAR_V7 || (tar_number(block + AT_MAJOR, SHORT_BYTES, &number) &&
                                       tar_number(block + AT_MINOR, SHORT_BYTES, &number))) &&
         (fields->format != TAR_STAR ||
          (is_time(block + AT_STAR_TIMES) && is_time(block + AT_STAR_TIMES + TAR_NUMBER_BYTES)));
}

/* What number @at has, of digits that something else may follow. */
static void
read_roughly(const uint8_t *at, size_t size, int64_t *value)
{
  if (!tar_number(at, size, value) && (at[0] & 0x80) != 0)
    *value = 0;
}

static bool
read_numbers_roughly(TarFields *fields, const uint8_t *block, GError **error)
{
  read_roughly(block + AT_MODE, SHORT_BYTES, &fields->mode);
  read_roughly(block + AT_UID, SHORT_BYTES, &fields->uid);
  read_roughly(block + AT_GID, SHORT_BYTES, &fields->gid);
  bool number = tar_number(block + AT_SIZE, TAR_NUMBER_BYTES, &fields->size);
  fields->guessed |= !number;
  return number || (block[AT_SIZE] & 0x80) == 0 ||
         tar_broken(error, "a header has a size that is no number");
}

bool
tar_fields_read(TarFields *fields, const uint8_t *block, bool lenient, GError **error)
{
  fields->format = format_of(block);
  fields->type = block[AT_TYPE];
  read_name(fields, block);
  g_string_truncate(fields->target, 0);
  append_text(fields->target, block + AT_TARGET, NAME_BYTES);
  if (lenient)
    return read_numbers_roughly(fields, block, error);
  if (!tar_number(block + AT_SIZE, TAR_NUMBER_BYTES, &fields->size) ||
      !tar_number(block + AT_MODE, SHORT_BYTES, &fields->mode) ||
      !tar_number(block + AT_UID, SHORT_BYTES, &fields->uid) ||
      !tar_number(block + AT_GID, SHORT_BYTES, &fields->gid) || !are_numbers(fields, block))
    return tar_broken(error, "a header has a field that is no number");
  return true;
}
