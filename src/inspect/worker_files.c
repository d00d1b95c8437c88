/* One pass over the bytes of a file, for all that want them; see the header. */
#include "inspect/worker_files-private.h"

#include <string.h>

#define CHUNK ((size_t)16 * 1024)
/* Of a hole, what those see who look through files: that something stands between its ends. */
#define HOLE_BYTES ((uint64_t)1024)

void
file_takers_clear(FileTakers *takers)
{
  for (unsigned i = 0; i < takers->count; i++) {
    g_free(takers->takers[i].location);
    if (takers->takers[i].into != takers->observed)
      layer_inventory_free(takers->takers[i].into);
  }
  takers->count = 0;
}

static void
add(FileTakers *takers, const Detector *detector, unsigned reading, const char *link)
{
  g_assert(takers->count < TAKERS_MAX);
  takers->takers[takers->count++] =
      (FileTaker){.detector = detector, .reading = reading, .link = link};
}

void
file_takers_add_fixed(FileTakers *takers, unsigned reading)
{
  add(takers, fixed_places_reading(reading)->detector, reading, NULL);
}

void
file_takers_add_anywhere(FileTakers *takers, unsigned detector, const char *link)
{
  add(takers, anywhere_detector(detector), READINGS_MAX, link);
}

static bool
asks(const FileTaker *taker)
{
  return taker->reading == READINGS_MAX && taker->detector->wants != NULL;
}

/* The file as @taker is to see it. */
static FileView
view_for(const FileTaker *taker, const FileView *file)
{
  FileView view = *file;
  if (taker->link != NULL)
    view.path = taker->link;
  return view;
}

/* Most files are wanted by nobody, as their heads tell: an inventory is made for those that are. */
static void
begin(FileTakers *takers, FileTaker *taker, const FileView *file)
{
  bool shared = taker->detector->observes && taker->reading == READINGS_MAX;
  taker->wanted = true;
  taker->into = shared ? takers->observed : layer_inventory_new();
  taker->location = taker->reading == READINGS_MAX
                        ? g_strdup(file->path)
                        : fixed_places_location(file->path, taker->reading);
}

/* Decides by the head, and by the size of those that want the file whole. True: some are left. */
static bool
choose(FileTakers *takers, const FileView *file, uint64_t file_bytes)
{
  bool any = false;
  for (unsigned i = 0; i < takers->count; i++) {
    FileTaker *taker = &takers->takers[i];
    const Detector *detector = taker->detector;
    uint64_t most = detector->most == 0 ? file_bytes : MIN(detector->most, file_bytes);
    FileView view = view_for(taker, file);
    if (asks(taker) && !detector->wants(&view))
      continue;
    begin(takers, taker, &view);
    taker->large = detector->piece == NULL && file->size > most;
    if (taker->large)
      layer_inventory_add_unread(taker->into, "too-large", taker->location,
                                 "The file is larger than what is read of one "
                                 "(limits.file_bytes).");
    else
      any = true;
  }
  return any;
}

static bool
is_whole(const FileTaker *taker)
{
  return taker->wanted && taker->detector->piece == NULL && !taker->large;
}

static void
give_whole(FileTakers *takers, Slice bytes)
{
  for (unsigned i = 0; i < takers->count; i++)
    if (is_whole(&takers->takers[i]))
      takers->takers[i].detector->read(bytes, takers->takers[i].location, takers->takers[i].into);
}

static void
give_piece(FileTakers *takers, const FileView *file, uint64_t at, Slice bytes)
{
  for (unsigned i = 0; i < takers->count; i++) {
    FileTaker *taker = &takers->takers[i];
    if (!taker->wanted || taker->detector->piece == NULL)
      continue;
    FileView view = view_for(taker, file);
    taker->detector->piece(&taker->state, &view, at, bytes, taker->into);
  }
}

/* *got: fewer than @size at the end of the file. */
static bool
fill(LayerReader *reader, uint8_t *buffer, size_t size, size_t *got, GError **error)
{
  *got = 0;
  while (*got < size) {
    gssize more = layer_reader_read(reader, buffer + *got, size - *got, error);
    if (more <= 0)
      return more == 0;
    *got += (size_t)more;
  }
  return true;
}

/* Whether all of them look for what stands somewhere in a file: a sparse one may be a thousand
 * times as long as what is stored of it. */
static bool
may_skip_holes(const FileTakers *takers)
{
  for (unsigned i = 0; i < takers->count; i++)
    if (takers->takers[i].wanted && !takers->takers[i].large &&
        !(takers->takers[i].detector->observes && takers->takers[i].detector->piece != NULL))
      return false;
  return true;
}

static bool
needs_holes(const FileTaker *taker, const FileView *file)
{
  const Detector *detector = taker->detector;
  FileView view = view_for(taker, file);
  return taker->wanted && detector->needs_holes &&
         (detector->needs_holes_of == NULL || detector->needs_holes_of(&view));
}

/* Zeros that the layer does not store, of @size bytes, to those that need them. False: they would
 * be more than are made for a layer. */
static bool
give_hole(FileTakers *takers, const FileView *file, uint64_t at, uint64_t size)
{
  static const uint8_t zeros[CHUNK];
  bool any = false;
  for (unsigned i = 0; i < takers->count; i++)
    any |= needs_holes(&takers->takers[i], file);
  if (!any)
    return true;
  if (size > *takers->holes_left)
    return false;
  *takers->holes_left -= size;
  for (uint64_t end = at + size; at < end; at += MIN(end - at, CHUNK))
    for (unsigned i = 0; i < takers->count; i++) {
      FileTaker *taker = &takers->takers[i];
      FileView view = view_for(taker, file);
      if (needs_holes(taker, file))
        taker->detector->piece(&taker->state, &view, at, slice_new(zeros, MIN(end - at, CHUNK)),
                               taker->into);
    }
  return true;
}

/* After the last piece: until then its detector may write there. */
static void
tell_skipped(FileTakers *takers, const FileView *file)
{
  for (unsigned i = 0; i < takers->count; i++) {
    FileTaker *taker = &takers->takers[i];
    FileView view = view_for(taker, file);
    if (needs_holes(taker, file) && !taker->detector->tells_skipped)
      layer_inventory_add_unscanned(taker->into, MALWARE_UNSCANNED, view.path, view.path,
                                    "it has larger holes than are read");
  }
}

/* From the head on. */
static bool
read_on(LayerReader *reader, const FileView *file, FileTakers *takers, GByteArray *whole,
        GError **error)
{
  uint8_t chunk[CHUNK];
  Slice piece = file->head;
  uint64_t at = 0;
  bool read = true, skips = may_skip_holes(takers), skipped = false;
  while (read && piece.size > 0) {
    give_piece(takers, file, at, piece);
    if (whole != NULL)
      g_byte_array_append(whole, piece.data, (guint)piece.size);
    at += piece.size;
    uint64_t hole = skips ? layer_reader_skip_hole(reader, HOLE_BYTES) : 0;
    skipped |= hole > 0 && !give_hole(takers, file, at, hole);
    at += hole;
    size_t got;
    read = fill(reader, chunk, CHUNK, &got, error);
    piece = slice_new(chunk, got);
  }
  give_piece(takers, file, at, SLICE_EMPTY);
  if (skipped)
    tell_skipped(takers, file);
  return read;
}

static bool
needs_head(const FileTakers *takers)
{
  for (unsigned i = 0; i < takers->count; i++)
    if (asks(&takers->takers[i]) || takers->takers[i].detector->piece != NULL)
      return true;
  return false;
}

static bool
wants_whole(const FileTakers *takers)
{
  for (unsigned i = 0; i < takers->count; i++)
    if (is_whole(&takers->takers[i]))
      return true;
  return false;
}

/* Nobody is to be asked: the file at once. */
static bool
read_whole(LayerReader *reader, FileTakers *takers, GError **error)
{
  g_autoptr(GBytes) content = layer_reader_read_file(reader, error);
  if (content != NULL)
    give_whole(takers, slice_from_bytes(content));
  return content != NULL;
}

static bool
read_by_pieces(LayerReader *reader, const FileView *known, FileTakers *takers, uint64_t file_bytes,
               GError **error)
{
  FileView file = *known;
  uint8_t head[DETECTOR_HEAD_BYTES];
  size_t got;
  if (!fill(reader, head, sizeof head, &got, error))
    return false;
  file.head = slice_new(head, got);
  if (!choose(takers, &file, file_bytes))
    return true;
  g_autoptr(GByteArray) whole = wants_whole(takers) ? g_byte_array_new() : NULL;
  if (!read_on(reader, &file, takers, whole, error))
    return false;
  if (whole != NULL)
    give_whole(takers, slice_new(whole->data, whole->len));
  return true;
}

bool
worker_files_read(LayerReader *reader, const LayerEntry *entry, uint64_t file_bytes,
                  FileTakers *takers, GError **error)
{
  FileView file = {
      .path = entry->path, .size = entry->size, .mode = entry->mode, .uid = entry->uid};
  file_bytes = MIN(file_bytes, G_MAXINT32);
  bool read = needs_head(takers) ? read_by_pieces(reader, &file, takers, file_bytes, error)
              : choose(takers, &file, file_bytes) ? read_whole(reader, takers, error)
                                                  : true;
  for (unsigned i = 0; i < takers->count; i++) {
    const FileTaker *taker = &takers->takers[i];
    if (!taker->wanted || taker->into == takers->observed)
      continue;
    LayerInventory *into = taker->into;
    layer_inventory_add_read(into, 0, taker->location, into->unread->len > 0, into->declares);
  }
  return read;
}
