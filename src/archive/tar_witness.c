/* Tar headers as Go's archive/tar (reader.go, strconv.go) reads them; see the header. */
#include "archive/tar_witness.h"

#include <string.h>

#define BLOCK       ((size_t)512)
#define SPECIAL_MAX ((uint64_t)1024 * 1024)

/* Where a header's fields are. */
#define AT_NAME        0u
#define AT_SIZE        124u
#define AT_CHECKSUM    148u
#define AT_TYPE        156u
#define AT_TARGET      157u
#define AT_MAGIC       257u
#define AT_PREFIX      345u
#define AT_GNU_CHANGE  357u /* GNU's: two times where ustar has the prefix */
#define AT_GNU_MORE    482u /* in old sparse files: a block with more of the map follows */
#define AT_GNU_REAL    483u
#define AT_STAR_MAGIC  508u
#define AT_SPARSE_MORE 504u /* the same in such a block */
#define NAME_BYTES     100u
#define NUMBER_BYTES   12u
#define PREFIX_BYTES   155u
#define STAR_PREFIX    131u

typedef enum { STEP_HEADER, STEP_SPARSE_MAP, STEP_SPECIAL, STEP_SKIP, STEP_ENDED } Step;

struct TarWitness {
  Step step;
  uint8_t block[BLOCK];
  size_t filled;   /* of the block */
  uint64_t left;   /* bytes of the special content, or to skip */
  uint64_t behind; /* to skip after the special content: padding */
  uint8_t special; /* the type that the content is of */
  bool begun;      /* a block was a header, or nearly one */
  bool zero_block; /* the last block was one */
  GByteArray *content;
  GHashTable *pax; /* key -> value, of the next entry */
  char *long_name, *long_target;
  GQueue seen;
  const char *trouble;
};

void
tar_seen_free(TarSeen *seen)
{
  if (seen == NULL)
    return;
  g_free(seen->name);
  g_free(seen->target);
  g_free(seen);
}

/* What was gathered before an entry is of that entry alone. */
static void
forget_extensions(TarWitness *witness)
{
  g_hash_table_remove_all(witness->pax);
  g_clear_pointer(&witness->long_name, g_free);
  g_clear_pointer(&witness->long_target, g_free);
}

TarWitness *
tar_witness_new(void)
{
  TarWitness *witness = g_new0(TarWitness, 1);
  witness->content = g_byte_array_new();
  witness->pax = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_queue_init(&witness->seen);
  return witness;
}

void
tar_witness_free(TarWitness *witness)
{
  if (witness == NULL)
    return;
  g_queue_clear_full(&witness->seen, (GDestroyNotify)tar_seen_free);
  forget_extensions(witness);
  g_hash_table_unref(witness->pax);
  g_byte_array_unref(witness->content);
  g_free(witness);
}

TarSeen *
tar_witness_take(TarWitness *witness)
{
  return g_queue_pop_head(&witness->seen);
}

const char *
tar_witness_trouble(const TarWitness *witness)
{
  return witness->trouble;
}

static bool
fail(TarWitness *witness, const char *trouble)
{
  witness->trouble = trouble;
  witness->step = STEP_ENDED;
  return false;
}

/* --- fields --- */

static Slice
field(const TarWitness *witness, size_t at, size_t size)
{
  return slice_new(witness->block + at, size);
}

/* Up to the first NUL. (transfer full) */
static char *
text_of(Slice bytes)
{
  return bytes.size == 0 ? g_strdup("") : g_strndup((const char *)bytes.data, bytes.size);
}

/* False when anything else is there; *value is that of the digits before it then. */
static bool
parse_octal(Slice digits, uint64_t *value)
{
  while (digits.size > 0 && (digits.data[0] == ' ' || digits.data[0] == '\0'))
    digits = slice_sub(digits, 1, digits.size);
  while (digits.size > 0 &&
         (digits.data[digits.size - 1] == ' ' || digits.data[digits.size - 1] == '\0'))
    digits.size--;
  *value = 0;
  for (size_t i = 0; i < digits.size && digits.data[i] != '\0'; i++) {
    if (digits.data[i] < '0' || digits.data[i] > '7' || *value > UINT64_MAX >> 3)
      return false;
    *value = *value << 3 | (uint64_t)(digits.data[i] - '0');
  }
  return true;
}

/* Octal digits, or with the first bit set a big-endian number; a negative one is none of these. */
static bool
parse_number(Slice bytes, uint64_t *value)
{
  if ((bytes.data[0] & 0x80) == 0)
    return parse_octal(bytes, value);
  if ((bytes.data[0] & 0x40) != 0)
    return false;
  *value = bytes.data[0] & 0x3fu;
  for (size_t i = 1; i < bytes.size; i++) {
    if (*value > UINT64_MAX >> 8)
      return false;
    *value = *value << 8 | bytes.data[i];
  }
  return true;
}

static bool
parse_size(TarWitness *witness, size_t at, uint64_t *size)
{
  return (parse_number(field(witness, at, NUMBER_BYTES), size) && *size <= INT64_MAX) ||
         fail(witness, "a size is no number");
}

static bool
is_zero_block(const TarWitness *witness)
{
  return witness->block[0] == 0 && memcmp(witness->block, witness->block + 1, BLOCK - 1) == 0;
}

/* @lenient: whatever follows the digits. */
static bool
has_checksum(const TarWitness *witness, bool lenient)
{
  uint64_t said, unsigned_sum = 0;
  int64_t signed_sum = 0;
  for (size_t i = 0; i < BLOCK; i++) {
    uint8_t byte = i < AT_CHECKSUM || i >= AT_CHECKSUM + 8 ? witness->block[i] : ' ';
    unsigned_sum += byte;
    signed_sum += (int8_t)byte;
  }
  return (parse_octal(field(witness, AT_CHECKSUM, 8), &said) || lenient) &&
         (said == unsigned_sum || (signed_sum >= 0 && said == (uint64_t)signed_sum));
}

bool
tar_witness_has_begun(const TarWitness *witness)
{
  return witness->begun || (witness->filled > 0 && has_checksum(witness, true));
}

/* Where GNU has times; an old writer put the prefix there all the same. */
static bool
has_gnu_times(const TarWitness *witness)
{
  for (size_t at = AT_PREFIX; at <= AT_GNU_CHANGE; at += NUMBER_BYTES) {
    Slice time = field(witness, at, NUMBER_BYTES);
    uint64_t value;
    bool negative = (time.data[0] & 0xc0) == 0xc0;
    if (time.data[0] != 0 && !negative && !parse_number(time, &value))
      return false;
  }
  return true;
}

/* (transfer full) */
static char *
header_name(const TarWitness *witness)
{
  size_t prefix_bytes = PREFIX_BYTES;
  g_autofree char *name = text_of(field(witness, AT_NAME, NAME_BYTES)), *prefix = NULL;
  bool ustar = memcmp(witness->block + AT_MAGIC, "ustar", 6) == 0; /* with its NUL */
  if (ustar && memcmp(witness->block + AT_STAR_MAGIC, "tar", 4) == 0)
    prefix_bytes = STAR_PREFIX;
  bool gnu = memcmp(witness->block + AT_MAGIC, "ustar  ", 8) == 0;
  prefix = text_of(field(witness, AT_PREFIX, prefix_bytes));
  bool holds = ustar || (gnu && !has_gnu_times(witness) && g_str_is_ascii(prefix));
  return holds && *prefix != '\0' ? g_strconcat(prefix, "/", name, NULL) : g_steal_pointer(&name);
}

/* --- extensions --- */

static bool
parse_decimal(const char *text, uint64_t *value)
{
  return slice_to_uint64(slice_from_string(text), value) && *value <= INT64_MAX;
}

/* Of sparse files that name each piece by records: what the pieces are, libarchive is left to say.
 */
static bool
take_record(TarWitness *witness, Slice key, Slice value)
{
  static const char *const texts[] = {"path", "linkpath", "uname", "gname", NULL};
  g_autofree char *name = text_of(key), *text = text_of(value);
  if (key.size == 0 || strlen(name) < key.size ||
      (strlen(text) < value.size && g_strv_contains(texts, name)))
    return fail(witness, "a pax record holds a NUL");
  if (strcmp(name, "SUN.holesdata") == 0)
    return fail(witness, "holes are told in a way that not every reader knows");
  g_hash_table_replace(witness->pax, g_steal_pointer(&name), g_steal_pointer(&text));
  return true;
}

/* "SIZE KEY=VALUE\n", the size being that of the whole. */
static bool
take_records(TarWitness *witness, Slice rest)
{
  g_hash_table_remove_all(witness->pax);
  while (rest.size > 0) {
    uint64_t size = 0;
    gssize space = slice_find(rest, ' ');
    if (space <= 0 || !slice_to_uint64(slice_sub(rest, 0, (size_t)space), &size) ||
        size > rest.size || size < (size_t)space + 3 || rest.data[size - 1] != '\n')
      return fail(witness, "a pax header is broken");
    Slice record = slice_sub(rest, (size_t)space + 1, (size_t)size - (size_t)space - 2);
    gssize equals = slice_find(record, '=');
    if (equals < 0)
      return fail(witness, "a pax header is broken");
    if (!take_record(witness, slice_sub(record, 0, (size_t)equals),
                     slice_sub(record, (size_t)equals + 1, record.size)))
      return false;
    rest = slice_sub(rest, (size_t)size, rest.size);
  }
  return true;
}

/* The value of a record; one that is empty takes nothing's place. */
static const char *
record(const TarWitness *witness, const char *key)
{
  const char *value = g_hash_table_lookup(witness->pax, key);
  return value == NULL || *value == '\0' ? NULL : value;
}

static void
end_special(TarWitness *witness)
{
  Slice content = slice_new(witness->content->data, witness->content->len);
  char **text = witness->special == 'L' ? &witness->long_name : &witness->long_target;
  witness->step = STEP_SKIP;
  witness->left = witness->behind;
  if (witness->special == 'x') {
    take_records(witness, content);
  } else if (witness->special == 'g') { /* an entry of its own; and it must be in order */
    if (take_records(witness, content))
      forget_extensions(witness);
  } else {
    g_free(*text);
    *text = text_of(content);
  }
  g_byte_array_set_size(witness->content, 0);
}

static bool
begin_special(TarWitness *witness, uint8_t type, uint64_t size)
{
  if (size > SPECIAL_MAX)
    return fail(witness, "an extended header is larger than 1 MiB");
  witness->step = STEP_SPECIAL;
  witness->special = type;
  witness->left = size;
  witness->behind = (BLOCK - size % BLOCK) % BLOCK;
  if (size == 0)
    end_special(witness);
  return true;
}

/* --- entries --- */

static TarSeenKind
kind_of(uint8_t type, const char *name)
{
  static const char types[] = "123456";
  static const TarSeenKind kinds[] = {TAR_SEEN_HARDLINK, TAR_SEEN_SYMLINK, TAR_SEEN_DEVICE,
                                      TAR_SEEN_DEVICE,   TAR_SEEN_FOLDER,  TAR_SEEN_PIPE};
  const char *at = type == '\0' ? NULL : strchr(types, type);
  if (at != NULL)
    return kinds[at - types];
  return type == '\0' && g_str_has_suffix(name, "/") ? TAR_SEEN_FOLDER : TAR_SEEN_FILE;
}

static bool
is_pax_sparse(const TarWitness *witness)
{
  const char *major = record(witness, "GNU.sparse.major");
  const char *minor = record(witness, "GNU.sparse.minor");
  if (major != NULL || minor != NULL)
    return (g_strcmp0(major, "1") == 0 && g_strcmp0(minor, "0") == 0) ||
           (g_strcmp0(major, "0") == 0 &&
            (g_strcmp0(minor, "0") == 0 || g_strcmp0(minor, "1") == 0));
  return record(witness, "GNU.sparse.map") != NULL || record(witness, "GNU.sparse.offset") != NULL;
}

static bool
take_pax_sparse(TarWitness *witness, TarSeen *seen)
{
  const char *name = record(witness, "GNU.sparse.name");
  const char *size = record(witness, "GNU.sparse.size");
  if (size == NULL)
    size = record(witness, "GNU.sparse.realsize");
  if (name != NULL) {
    g_free(seen->name);
    seen->name = g_strdup(name);
  }
  return size == NULL || parse_decimal(size, &seen->size) || fail(witness, "a size is no number");
}

/* Of the three ways to tell a name, GNU's wins, then pax's. (transfer full) */
static char *
choose(char *own, const char *pax, char **gnu)
{
  g_autofree char *plain = own;
  if (*gnu != NULL && **gnu != '\0')
    return g_steal_pointer(gnu);
  return pax != NULL ? g_strdup(pax) : g_steal_pointer(&plain);
}

static bool
take_entry(TarWitness *witness, uint8_t type, uint64_t size)
{
  g_autoptr(TarSeen) seen = g_new0(TarSeen, 1);
  const char *pax_size = record(witness, "size");
  seen->name = choose(header_name(witness), record(witness, "path"), &witness->long_name);
  seen->target = choose(text_of(field(witness, AT_TARGET, NAME_BYTES)), record(witness, "linkpath"),
                        &witness->long_target);
  seen->kind = kind_of(type, seen->name);
  if (pax_size != NULL && !parse_decimal(pax_size, &size))
    return fail(witness, "a size is no number");
  if (seen->kind != TAR_SEEN_FILE)
    size = 0;
  seen->size = size;
  witness->left = size + (BLOCK - size % BLOCK) % BLOCK;
  witness->step = STEP_SKIP;
  if (type == 'S') {
    if (!parse_size(witness, AT_GNU_REAL, &seen->size))
      return false;
    if (witness->block[AT_GNU_MORE] != 0)
      witness->step = STEP_SPARSE_MAP;
  } else if (is_pax_sparse(witness) && !take_pax_sparse(witness, seen)) {
    return false;
  }
  g_queue_push_tail(&witness->seen, g_steal_pointer(&seen));
  forget_extensions(witness);
  return true;
}

static void
take_header(TarWitness *witness)
{
  bool was_zero = witness->zero_block;
  uint8_t type = witness->block[AT_TYPE];
  uint64_t size;
  witness->zero_block = is_zero_block(witness);
  if (witness->zero_block) {
    if (was_zero)
      witness->step = STEP_ENDED;
    return;
  }
  witness->begun = witness->begun || (!was_zero && has_checksum(witness, true));
  if (was_zero || !has_checksum(witness, false))
    fail(witness, was_zero ? "there is a single block of zeros" : "a header has a wrong checksum");
  else if (!parse_size(witness, AT_SIZE, &size))
    return;
  else if (type == 'x' || type == 'g' || type == 'L' || type == 'K')
    begin_special(witness, type, size);
  else
    take_entry(witness, type, size);
}

/* --- bytes --- */

/* Moves bytes into the block until it is whole. */
static bool
fill_block(TarWitness *witness, Slice *rest)
{
  Slice part = slice_sub(*rest, 0, BLOCK - witness->filled);
  memcpy(witness->block + witness->filled, part.data, part.size);
  *rest = slice_sub(*rest, part.size, rest->size);
  witness->filled = (witness->filled + part.size) % BLOCK;
  return witness->filled == 0;
}

void
tar_witness_feed(TarWitness *witness, Slice bytes)
{
  while (bytes.size > 0 && witness->step != STEP_ENDED) {
    Slice part = slice_sub(bytes, 0, (size_t)MIN(witness->left, (uint64_t)bytes.size));
    switch (witness->step) {
    case STEP_HEADER:
      if (fill_block(witness, &bytes))
        take_header(witness);
      continue;
    case STEP_SPARSE_MAP:
      if (fill_block(witness, &bytes) && witness->block[AT_SPARSE_MORE] == 0)
        witness->step = STEP_SKIP;
      continue;
    case STEP_SPECIAL:
      g_byte_array_append(witness->content, part.data, (guint)part.size);
      break;
    case STEP_SKIP:
    case STEP_ENDED:
      break;
    }
    bytes = slice_sub(bytes, part.size, bytes.size);
    witness->left -= part.size;
    if (witness->left == 0 && witness->step == STEP_SPECIAL)
      end_special(witness);
    if (witness->left == 0 && witness->step == STEP_SKIP)
      witness->step = STEP_HEADER;
  }
}
