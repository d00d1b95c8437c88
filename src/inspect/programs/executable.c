/* Executables, as they stream by: what of them is kept, and who reads it.
 *
 * A file up to whole_bytes() is kept whole. Of a larger one, what holds code and what debuggers
 * need is most of it, and of no interest here. The tables at its start say where the rest is: the
 * start of what the loader maps without running it (strings, data), notes, the symbols of Go's
 * programs, and the table of sections, which linkers other than Go's write at the end. */
#include "inspect/languages/languages.h"
#include "inspect/programs/appended_deps.h"
#include "inspect/programs/executable-private.h"
#include "inspect/programs/programs.h"

#define KIB         ((uint64_t)1024)
#define MIB         (KIB * KIB)
#define START_BYTES (64 * KIB)
/* Of each, at most: */
#define WRITABLE_BYTES (16 * MIB)
#define READABLE_BYTES (32 * MIB)
#define SMALL_BYTES    (1 * MIB)
#define SYMBOLS_BYTES  (16 * MIB)
#define UNMAPPED_BYTES (4 * MIB)
#define KEPT_BYTES     (96 * MIB)

static void (*const readers[])(const Program *program) = {
    executable_read_go,   executable_read_rust,   executable_read_graal,
    executable_read_note, executable_read_dotnet, executable_read_packed,
};

typedef struct {
  ProgramBytes bytes;
  AppendedDeps deps;
  bool whole, planned;
  uint64_t kept; /* bytes that are asked for */
} ProgramStream;

/* --- the stream --- */

static bool
wants(const FileView *file)
{
  return object_format(file->head) != OBJECT_NONE;
}

/* Code of an ELF is found by its tables and left out early, for to keep it costs more than to look
 * at the rest. */
static uint64_t
whole_bytes(const FileView *file)
{
  return object_format(file->head) == OBJECT_ELF ? 2 * MIB : 32 * MIB;
}

static void
keep(ProgramStream *stream, uint64_t offset, uint64_t size, uint64_t most)
{
  size = MIN(MIN(size, most), KEPT_BYTES - stream->kept);
  stream->kept += size;
  program_bytes_keep(&stream->bytes, offset, size);
}

static void
keep_sections(ProgramStream *stream, const ObjectFile *object)
{
  for (guint i = 0; i < object->sections->len; i++) {
    const ObjectPart *part = &g_array_index(object->sections, ObjectPart, i);
    if (part->is_symbols) {
      keep(stream, part->offset, part->size, SYMBOLS_BYTES);
      if (part->link < object->sections->len) {
        const ObjectPart *names = &g_array_index(object->sections, ObjectPart, part->link);
        keep(stream, names->offset, names->size, SYMBOLS_BYTES);
      }
    } else if (!part->executable && part->size <= SMALL_BYTES) {
      keep(stream, part->offset, part->size, SMALL_BYTES);
    }
  }
}

/* ELF: the table at the end with what is in front of it, and what comes after that which the loader
 * maps: among the first of it is .dep-v0. */
static void
keep_around_tables(ProgramStream *stream, const ObjectFile *object)
{
  uint64_t end = 0, part_end;
  if (object->table <= START_BYTES)
    return;
  for (guint i = 0; i < object->segments->len; i++) {
    const ObjectPart *part = &g_array_index(object->segments, ObjectPart, i);
    if (!__builtin_add_overflow(part->offset, part->size, &part_end))
      end = MAX(end, part_end);
  }
  uint64_t start = object->table - MIN(object->table, SMALL_BYTES);
  keep(stream, start, object->table - start + object->table_size, 2 * SMALL_BYTES);
  if (end < start)
    keep(stream, end, start - end, UNMAPPED_BYTES);
}

/* Where what was appended to a program may begin; 0: not known. Linkers write the table of sections
 * of an ELF last, and a PE ends with a section. Of Mach-O the last segment, of tables for the
 * linker, is made longer when something is appended: it is in there. */
static uint64_t
appended_start(const ObjectFile *object)
{
  uint64_t last = 0, end;
  if (object->format == OBJECT_ELF)
    return object->table > 0 && !__builtin_add_overflow(object->table, object->table_size, &end)
               ? end
               : 0;
  bool mach_o = object->format == OBJECT_MACH_O;
  const GArray *parts = mach_o ? object->segments : object->sections;
  for (guint i = 0; i < parts->len; i++) {
    const ObjectPart *part = &g_array_index(parts, ObjectPart, i);
    if (!__builtin_add_overflow(part->offset, mach_o ? 0 : part->size, &end))
      last = MAX(last, end);
  }
  return last;
}

static void
expect_deps(ProgramStream *stream, const ObjectFile *object, uint64_t size)
{
  uint64_t start = appended_start(object);
  if (start > 0 && start < size)
    stream->deps.start = start;
}

/* Of a large file, whose start is there. */
static void
plan(ProgramStream *stream, const FileView *file)
{
  g_auto(ObjectFile) object = {.format = OBJECT_NONE};
  stream->planned = true;
  if (!object_file_read(&object, &stream->bytes))
    return;
  expect_deps(stream, &object, file->size);
  keep_around_tables(stream, &object);
  for (guint i = 0; i < object.segments->len; i++) {
    const ObjectPart *part = &g_array_index(object.segments, ObjectPart, i);
    if (!part->executable)
      keep(stream, part->offset, part->size,
           part->is_note    ? SMALL_BYTES
           : part->writable ? WRITABLE_BYTES
                            : READABLE_BYTES);
  }
  keep_sections(stream, &object);
}

static void
stream_add(ProgramStream *stream, const FileView *file, uint64_t at, Slice bytes)
{
  program_bytes_add(&stream->bytes, at, bytes);
  if (!stream->planned && !stream->whole && at + bytes.size >= START_BYTES) {
    plan(stream, file);
    program_bytes_add(&stream->bytes, at, bytes);
  }
  appended_deps_add(&stream->deps, at, bytes);
}

static void
stream_read(ProgramStream *stream, const FileView *file, LayerInventory *into)
{
  g_auto(ObjectFile) object = {.format = OBJECT_NONE};
  if (!object_file_read(&object, &stream->bytes))
    return;
  Program program = {&stream->bytes, &object, file->path, stream->whole, into};
  for (size_t i = 0; i < G_N_ELEMENTS(readers); i++)
    readers[i](&program);
  if (stream->whole) {
    expect_deps(stream, &object, file->size);
    appended_deps_add(&stream->deps, 0, program_bytes_from(&stream->bytes, 0, file->size));
  }
  Slice deps = appended_deps_text(&stream->deps);
  if (deps.size > 0)
    dotnet_deps_read(deps, file->path, into);
}

static void
read_piece(void **state, const FileView *file, uint64_t at, Slice bytes, LayerInventory *into)
{
  ProgramStream *stream = *state;
  if (stream == NULL) {
    *state = stream = g_new0(ProgramStream, 1);
    program_bytes_init(&stream->bytes);
    stream->whole = file->size <= whole_bytes(file);
    program_bytes_keep(&stream->bytes, 0, stream->whole ? file->size : START_BYTES);
  }
  if (bytes.size > 0) {
    stream_add(stream, file, at, bytes);
    return;
  }
  stream_read(stream, file, into);
  program_bytes_clear(&stream->bytes);
  appended_deps_clear(&stream->deps);
  g_free(stream);
}

const Detector executable_detector = {
    .name = "executable",
    .version = 4,
    .wants = wants,
    .piece = read_piece,
};
