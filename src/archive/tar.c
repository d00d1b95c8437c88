/* A tar's blocks and entries, as Go's archive/tar (reader.go) reads them; see the header. */
#include "archive/tar.h"

#include <string.h>

#include "archive/tar-private.h"

#define TOLD_BYTES ((size_t)200)

struct TarReader {
  TarBytes bytes;
  GError *failure; /* after it nothing is read */
  bool begun;      /* a block was a header, or nearly one */
  bool ended;
  bool lenient;
  int64_t link_size; /* as the header of the last entry says, a hard link; else 0 */
  TarStray stray;
  bool keeps; /* it is what was about the next entry, as far as that could be read */

  TarFields fields;
  TarRecords records;
  GString *long_name, *long_target; /* of GNU's; empty ones take nothing's place */
  GByteArray *special;              /* content of an entry that is about the next one */

  TarHeader header;
  uint64_t padding; /* after what is stored of the entry */
  GArray *parts;    /* TarPart: of a sparse file */
  guint part;       /* the present one */
  uint64_t at;      /* in the content, holes included */
};

TarReader *
tar_reader_new(TarSource source, void *data)
{
  TarReader *reader = g_new0(TarReader, 1);
  reader->bytes.source = source;
  reader->bytes.data = data;
  reader->fields.name = g_string_new(NULL);
  reader->fields.target = g_string_new(NULL);
  reader->records.text = g_byte_array_new();
  reader->records.map = g_string_new(NULL);
  reader->long_name = g_string_new(NULL);
  reader->long_target = g_string_new(NULL);
  reader->special = g_byte_array_new();
  reader->parts = g_array_new(FALSE, FALSE, sizeof(TarPart));
  return reader;
}

TarReader *
tar_reader_new_lenient(TarSource source, void *data)
{
  TarReader *reader = tar_reader_new(source, data);
  reader->lenient = true;
  return reader;
}

void
tar_reader_free(TarReader *reader)
{
  if (reader == NULL)
    return;
  g_clear_error(&reader->failure);
  g_string_free(reader->fields.name, TRUE);
  g_string_free(reader->fields.target, TRUE);
  g_byte_array_unref(reader->records.text);
  g_string_free(reader->records.map, TRUE);
  g_string_free(reader->long_name, TRUE);
  g_string_free(reader->long_target, TRUE);
  g_byte_array_unref(reader->special);
  g_array_unref(reader->parts);
  g_free(reader);
}

uint64_t
tar_reader_offset(const TarReader *reader)
{
  return reader->bytes.offset;
}

bool
tar_reader_has_guessed(const TarReader *reader)
{
  return reader->fields.guessed;
}

/* The entry's, for messages. (transfer full) */
static char *
printable_name(const TarReader *reader)
{
  return slice_to_printable(slice_from_string(reader->fields.name->str), TOLD_BYTES);
}

/* --- headers --- */

/* What never was a tar is told apart from a broken one. */
static bool
refuse(TarReader *reader, const uint8_t *block, const char *why, GError **error)
{
  if (reader->begun || (block != NULL && tar_has_checksum(block, true)))
    return tar_broken(error, "%s", why);
  return error_set(error, ASSAY_ERROR_UNSUPPORTED, "%s", why);
}

/* One block of zeros is an end when nothing follows, and two are. */
static bool
take_end(TarReader *reader, GError **error)
{
  size_t got;
  const uint8_t *block;
  if (!tar_take_block(&reader->bytes, &block, &got, error))
    return false;
  reader->ended = got == 0 || (got == TAR_BLOCK && tar_is_zero(block));
  return reader->ended || refuse(reader, NULL, "there is a single block of zeros", error);
}

/* The next header's block, or the end (readHeader). */
static bool
take_header(TarReader *reader, const uint8_t **block, GError **error)
{
  size_t got;
  if (!tar_take_block(&reader->bytes, block, &got, error))
    return false;
  reader->ended = got == 0;
  if (got == 0)
    return true;
  if (got < TAR_BLOCK)
    return refuse(reader, *block, "it is cut off in a header", error);
  if (tar_is_zero(*block))
    return take_end(reader, error);
  if (!tar_has_checksum(*block, false))
    return refuse(reader, *block, "a header has a wrong checksum", error);
  reader->begun = true;
  return tar_fields_read(&reader->fields, *block, false, error);
}

/* What no entry has, from @rest on. */
static void
tell_stray(TarReader *reader, Slice rest, uint64_t left)
{
  reader->stray.rest = rest;
  reader->stray.left = left;
  reader->header.kind = TAR_FILE;
  reader->header.stray = true;
  reader->header.name = reader->fields.name->str;
}

/* Of a lenient reader: the next header, or what else stands there, or the end. */
static bool
find_header(TarReader *reader, const uint8_t **block, GError **error)
{
  size_t got;
  TarFound found = tar_find_header(&reader->bytes, &reader->fields, block, &got, error);
  reader->ended = found == TAR_FOUND_END;
  reader->link_size = found == TAR_FOUND_HEADER ? 0 : reader->link_size;
  if (found == TAR_FOUND_STRAY && reader->link_size == 0)
    g_string_truncate(reader->fields.name, 0);
  if (found == TAR_FOUND_STRAY)
    tell_stray(reader, slice_new(*block, got),
               reader->link_size == 0 ? UINT64_MAX : (uint64_t)reader->link_size);
  return found != TAR_FOUND_ERROR;
}

static bool
has_no_content(uint8_t type)
{
  return type >= '1' && type <= '6';
}

/* By the size as it is known now (handleRegularFile). */
static bool
begin_content(TarReader *reader, GError **error)
{
  if (reader->fields.type != '1' || reader->fields.size > 0)
    reader->link_size = reader->fields.type == '1' ? reader->fields.size : 0;
  if (has_no_content(reader->fields.type))
    reader->fields.size = 0;
  if (reader->fields.size < 0)
    return tar_broken(error, "an entry has a negative size");
  reader->bytes.left = (uint64_t)reader->fields.size;
  reader->padding = -reader->bytes.left % TAR_BLOCK;
  return true;
}

/* What is left of the entry. A tar may end in padding. */
static bool
leave_entry(TarReader *reader, GError **error)
{
  bool whole, padded;
  if (!tar_skip(&reader->bytes, reader->bytes.left, &whole, error))
    return false;
  if (!whole)
    return tar_broken(error, "it is cut off in an entry");
  reader->bytes.left = 0;
  if (!tar_skip(&reader->bytes, reader->padding, &padded, error))
    return false;
  reader->padding = 0;
  reader->ended = !padded;
  return true;
}

/* --- entries that are about the next one --- */

/* The whole content (readSpecialFile). */
static bool
read_special(TarReader *reader, GByteArray *content, GError **error)
{
  if (reader->bytes.left > (reader->lenient ? TAR_LENIENT_MAX : TAR_SPECIAL_MAX))
    return tar_broken(error, "an extended header is larger than %s",
                      reader->lenient ? "16 MiB" : "1 MiB");
  g_byte_array_set_size(content, 0);
  return tar_read_stored(&reader->bytes, (size_t)reader->bytes.left, content, error);
}

static bool
take_long_text(TarReader *reader, GString *text, GError **error)
{
  if (!read_special(reader, reader->special, error))
    return false;
  const char *start = (const char *)reader->special->data;
  g_string_truncate(text, 0);
  if (reader->special->len > 0)
    g_string_append_len(text, start, (gssize)strnlen(start, reader->special->len));
  return true;
}

/* Those of one header take the place of an earlier one's. */
static bool
take_records(TarReader *reader, GError **error)
{
  tar_records_clear(&reader->records);
  if (!read_special(reader, reader->records.text, error))
    return false;
  if (tar_records_read(&reader->records, reader->lenient ? NULL : error))
    return true;
  if (reader->lenient)
    tell_stray(reader, slice_new(reader->records.text->data, reader->records.text->len),
               reader->records.text->len);
  reader->keeps = reader->lenient;
  return reader->lenient;
}

/* --- sparse files --- */

/* What the records say of one. */
static bool
apply_sparse_records(TarReader *reader, GError **error)
{
  const Slice *values = reader->records.values;
  Slice name = values[TAR_KEY_SPARSE_NAME], size = values[TAR_KEY_SPARSE_SIZE];
  if (size.size == 0)
    size = values[TAR_KEY_SPARSE_REALSIZE];
  if (slice_find(name, '\0') >= 0)
    return tar_broken(error, "a pax record holds a NUL");
  if (name.size > 0) {
    g_string_truncate(reader->fields.name, 0);
    g_string_append_len(reader->fields.name, (const char *)name.data, (gssize)name.size);
  }
  return size.size == 0 || tar_decimal(size, &reader->fields.size) ||
         tar_broken(error, "the size of a sparse file is no number");
}

static bool
read_sparse_map(TarReader *reader, TarSparseVersion version, const uint8_t *block, GError **error)
{
  if (reader->fields.type == 'S')
    return tar_sparse_read_old(reader->parts, &reader->bytes, &reader->fields, block, error);
  if (!apply_sparse_records(reader, error))
    return false;
  return version == TAR_SPARSE_1 ? tar_sparse_read_lines(reader->parts, &reader->bytes, error)
                                 : tar_sparse_read_records(reader->parts, &reader->records, error);
}

/* Whether it is one; the size becomes that with holes (handleSparseFile). */
static bool
take_sparse(TarReader *reader, const uint8_t *block, GError **error)
{
  TarSparseVersion version = tar_sparse_version(&reader->records);
  reader->header.sparse = reader->fields.type == 'S' || version != TAR_NOT_SPARSE;
  if (!reader->header.sparse)
    return true;
  if (!read_sparse_map(reader, version, block, error))
    return false;
  if (has_no_content(reader->fields.type))
    return tar_broken(error, "what is no file has the map of a sparse one");
  g_autofree char *name = printable_name(reader);
  return tar_sparse_check(reader->parts, reader->fields.size, reader->bytes.left, name, error);
}

/* --- entries --- */

static void
tell(TarReader *reader, TarKind kind)
{
  TarFields *fields = &reader->fields;
  reader->header.kind = kind;
  reader->header.type = fields->type;
  reader->header.name = fields->name->str;
  reader->header.target = fields->target->str;
  if (kind != TAR_GLOBAL || reader->lenient)
    reader->header.records = slice_new(reader->records.text->data, reader->records.text->len);
  if (kind == TAR_GLOBAL)
    return;
  reader->header.size = kind == TAR_FILE ? (uint64_t)fields->size : 0;
  reader->header.mode = fields->mode;
  reader->header.uid = fields->uid;
  reader->header.gid = fields->gid;
}

/* What came before it overrides the header: the records, then long names, then a sparse file's. */
static bool
take_entry(TarReader *reader, const uint8_t *block, GError **error)
{
  TarFields *fields = &reader->fields;
  if (!tar_records_apply(&reader->records, fields, reader->lenient, error))
    return false;
  if (reader->long_name->len > 0)
    g_string_assign(fields->name, reader->long_name->str);
  if (reader->long_target->len > 0)
    g_string_assign(fields->target, reader->long_target->str);
  if (fields->type == '\0')
    fields->type = g_str_has_suffix(fields->name->str, "/") ? '5' : '0';
  if (!begin_content(reader, error) || !take_sparse(reader, block, error))
    return false;
  tell(reader, has_no_content(fields->type) ? (TarKind)(fields->type - '0') : TAR_FILE);
  return true;
}

/* For Go an entry, of which no more is told than the name; it ends what came before it. */
static bool
take_global(TarReader *reader, GError **error)
{
  if (!take_records(reader, error) ||
      !tar_records_apply(&reader->records, &reader->fields, reader->lenient, error))
    return false;
  if (!reader->header.stray)
    tell(reader, TAR_GLOBAL);
  return true;
}

/* For the next entry alone. */
static void
forget_extensions(TarReader *reader)
{
  reader->header = (TarHeader){0};
  if (reader->keeps) {
    reader->keeps = false;
    return;
  }
  tar_records_clear(&reader->records);
  g_string_truncate(reader->long_name, 0);
  g_string_truncate(reader->long_target, 0);
  g_array_set_size(reader->parts, 0);
  reader->part = 0;
  reader->at = 0;
}

/* What is about the next entry is kept for it; *taken: this one is of its own. */
static bool
take_any(TarReader *reader, const uint8_t *block, bool *taken, GError **error)
{
  *taken = false;
  if (!begin_content(reader, error))
    return false;
  switch (reader->fields.type) {
  case 'L':
    return take_long_text(reader, reader->long_name, error);
  case 'K':
    return take_long_text(reader, reader->long_target, error);
  case 'x':
    if (!take_records(reader, error))
      return false;
    *taken = reader->header.stray;
    return true;
  case 'g':
    *taken = true;
    return take_global(reader, error);
  default:
    *taken = true;
    return take_entry(reader, block, error);
  }
}

/* To the next entry of its own, or the end. */
static bool
next_entry(TarReader *reader, GError **error)
{
  const uint8_t *block = NULL;
  if (!tar_stray_leave(&reader->stray, &reader->bytes, error))
    return false;
  reader->link_size = reader->header.stray ? 0 : reader->link_size;
  for (bool taken = false; !taken;) {
    if (!leave_entry(reader, error))
      return false;
    if (!reader->ended && !(reader->lenient ? find_header(reader, &block, error)
                                            : take_header(reader, &block, error)))
      return false;
    if (reader->ended || reader->header.stray)
      return true;
    if (!take_any(reader, block, &taken, error))
      return false;
  }
  return true;
}

const TarHeader *
tar_reader_next(TarReader *reader, GError **error)
{
  if (reader->failure == NULL && !reader->ended) {
    forget_extensions(reader);
    next_entry(reader, &reader->failure);
  }
  if (reader->failure != NULL)
    g_propagate_error(error, g_error_copy(reader->failure));
  return reader->failure == NULL && !reader->ended ? &reader->header : NULL;
}

/* --- content --- */

static const uint8_t zeros[16 * 1024];

/* Up to where the present part or hole ends. *hole: its bytes are zeros that nobody stored. */
static uint64_t
stretch(TarReader *reader, bool *hole)
{
  const TarPart *part = NULL;
  while (reader->part < reader->parts->len) {
    part = &g_array_index(reader->parts, TarPart, reader->part);
    if (reader->at < (uint64_t)(part->at + part->size))
      break;
    reader->part++;
    part = NULL;
  }
  *hole = part == NULL || reader->at < (uint64_t)part->at;
  uint64_t end =
      part == NULL ? reader->header.size : (uint64_t)(*hole ? part->at : part->at + part->size);
  return end - reader->at;
}

static bool
next_piece(TarReader *reader, uint64_t most, Slice *piece, GError **error)
{
  *piece = SLICE_EMPTY;
  if (reader->header.stray)
    return tar_stray_next(&reader->stray, &reader->bytes, most, piece, error);
  if (reader->header.kind != TAR_FILE || reader->at == reader->header.size)
    return true;
  bool hole = false;
  uint64_t size = reader->header.sparse ? stretch(reader, &hole) : reader->bytes.left;
  if (hole)
    *piece = slice_new(zeros, (size_t)MIN(MIN(size, most), sizeof zeros));
  else if (!tar_take_stored(&reader->bytes, MIN(size, most), piece, error))
    return false;
  reader->at += piece->size;
  if (piece->size > 0 || most == 0)
    return true;
  g_autofree char *name = printable_name(reader);
  return tar_broken(error, "it is cut off in %s", name);
}

uint64_t
tar_reader_skip_hole(TarReader *reader, uint64_t keep)
{
  bool hole = false;
  bool within = reader->failure == NULL && reader->header.kind == TAR_FILE &&
                reader->header.sparse && reader->at < reader->header.size;
  uint64_t size = within ? stretch(reader, &hole) : 0;
  uint64_t skipped = hole && size > keep ? size - keep : 0;
  reader->at += skipped;
  return skipped;
}

bool
tar_reader_content(TarReader *reader, uint64_t most, Slice *piece, GError **error)
{
  if (reader->failure == NULL)
    next_piece(reader, most, piece, &reader->failure);
  if (reader->failure == NULL)
    return true;
  *piece = SLICE_EMPTY;
  g_propagate_error(error, g_error_copy(reader->failure));
  return false;
}
