/* The records of pax, as Go's archive/tar (parsePAX, mergePAX, strconv.go) reads them; see
 * tar-private.h. */
#include <string.h>

#include "archive/tar-private.h"

/* Shorter than this, a record has no room for a key. */
#define RECORD_LEAST 5

static const char *const keys[] = {
    [TAR_KEY_PATH] = "path",
    [TAR_KEY_LINKPATH] = "linkpath",
    [TAR_KEY_UNAME] = "uname",
    [TAR_KEY_GNAME] = "gname",
    [TAR_KEY_SIZE] = "size",
    [TAR_KEY_UID] = "uid",
    [TAR_KEY_GID] = "gid",
    [TAR_KEY_MTIME] = "mtime",
    [TAR_KEY_ATIME] = "atime",
    [TAR_KEY_CTIME] = "ctime",
    [TAR_KEY_SPARSE_MAJOR] = "GNU.sparse.major",
    [TAR_KEY_SPARSE_MINOR] = "GNU.sparse.minor",
    [TAR_KEY_SPARSE_NAME] = "GNU.sparse.name",
    [TAR_KEY_SPARSE_SIZE] = "GNU.sparse.size",
    [TAR_KEY_SPARSE_REALSIZE] = "GNU.sparse.realsize",
    [TAR_KEY_SPARSE_NUMBLOCKS] = "GNU.sparse.numblocks",
    [TAR_KEY_SPARSE_MAP] = "GNU.sparse.map",
};
G_STATIC_ASSERT(G_N_ELEMENTS(keys) == TAR_KEYS);

/* TAR_KEYS: none that matters here. */
static TarKey
key_of(Slice text)
{
  TarKey key = 0;
  while (key < TAR_KEYS && !slice_equal_string(text, keys[key]))
    key++;
  return key;
}

/* "SIZE KEY=VALUE\n", the size being that of the whole. */
static bool
next_record(Slice *rest, Slice *key, Slice *value)
{
  int64_t size;
  gssize space = slice_find(*rest, ' ');
  if (space < 0 || !tar_decimal(slice_sub(*rest, 0, (size_t)space), &size) || size < RECORD_LEAST ||
      (uint64_t)size > rest->size || size <= space + 1 || rest->data[size - 1] != '\n')
    return false;
  Slice record = slice_sub(*rest, (size_t)space + 1, (size_t)(size - space) - 2);
  gssize equals = slice_find(record, '=');
  if (equals <= 0)
    return false;
  *key = slice_sub(record, 0, (size_t)equals);
  *value = slice_sub(record, (size_t)equals + 1, record.size);
  *rest = slice_sub(*rest, (size_t)size, rest->size);
  return true;
}

bool
tar_next_record(Slice *records, Slice *key, Slice *value)
{
  return records->size > 0 && next_record(records, key, value);
}

void
tar_records_clear(TarRecords *records)
{
  g_byte_array_set_size(records->text, 0);
  g_string_truncate(records->map, 0);
  memset(records->values, 0, sizeof records->values);
}

/* Of sparse files 0.0: offsets and sizes in turn, which together are the map. True: it was one. */
static bool
take_number(TarRecords *records, Slice key, Slice value, unsigned *numbers, bool *in_order)
{
  bool offset = slice_equal_string(key, "GNU.sparse.offset");
  if (!offset && !slice_equal_string(key, "GNU.sparse.numbytes"))
    return false;
  *in_order = offset == (*numbers % 2 == 0) && slice_find(value, ',') < 0;
  if (*numbers > 0)
    g_string_append_c(records->map, ',');
  g_string_append_len(records->map, (const char *)value.data, (gssize)value.size);
  ++*numbers;
  return true;
}

bool
tar_records_read(TarRecords *records, GError **error)
{
  Slice rest = slice_new(records->text->data, records->text->len), key, value;
  unsigned numbers = 0;
  bool in_order = true;
  while (rest.size > 0) {
    if (!next_record(&rest, &key, &value))
      return tar_broken(error, "a pax header is broken");
    TarKey known = key_of(key);
    if (slice_find(known <= TAR_KEY_GNAME ? value : key, '\0') >= 0)
      return tar_broken(error, "a pax record holds a NUL");
    if (take_number(records, key, value, &numbers, &in_order) && !in_order)
      return tar_broken(error, "the map of a sparse file is broken");
    if (known < TAR_KEYS)
      records->values[known] = value;
  }
  if (numbers > 0)
    records->values[TAR_KEY_SPARSE_MAP] = slice_new(records->map->str, records->map->len);
  return true;
}

/* Seconds, perhaps with digits after a point. */
static bool
is_time(Slice text)
{
  int64_t seconds;
  gssize point = slice_find(text, '.');
  Slice digits = point < 0 ? SLICE_EMPTY : slice_sub(text, (size_t)point + 1, text.size);
  for (size_t i = 0; i < digits.size; i++)
    if (!g_ascii_isdigit(digits.data[i]))
      return false;
  return tar_decimal(slice_sub(text, 0, point < 0 ? text.size : (size_t)point), &seconds);
}

static void
override_text(GString *text, Slice value)
{
  if (value.size == 0)
    return;
  g_string_truncate(text, 0);
  g_string_append_len(text, (const char *)value.data, (gssize)value.size);
}

bool
tar_records_apply(const TarRecords *records, TarFields *fields, bool lenient, GError **error)
{
  int64_t *const numbers[] = {&fields->size, &fields->uid, &fields->gid};
  override_text(fields->name, records->values[TAR_KEY_PATH]);
  override_text(fields->target, records->values[TAR_KEY_LINKPATH]);
  for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
    Slice number = records->values[TAR_KEY_SIZE + i];
    if (number.size > 0 && !tar_decimal(number, numbers[i]) && !lenient)
      return tar_broken(error, "a pax record is no number: %s", keys[TAR_KEY_SIZE + i]);
  }
  for (TarKey key = TAR_KEY_MTIME; key <= TAR_KEY_CTIME; key++)
    if (records->values[key].size > 0 && !is_time(records->values[key]) && !lenient)
      return tar_broken(error, "a pax record is no time: %s", keys[key]);
  return true;
}
