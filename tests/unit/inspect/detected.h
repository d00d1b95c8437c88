/* What a detector finds in a file, as lines for a table of cases. */
#pragma once

#include <string.h>

#include "inspect/anywhere.h"

typedef struct {
  const char *name, *path, *text;
  const char *expected; /* lines "type name version", in any order; a "!" after them: unread */
} DetectedCase;

/* Whether a file at @path comes to @detector, by its places. */
static inline bool
detector_reads(const Detector *detector, const char *path)
{
  uint64_t anywhere = anywhere_by_path(path) | anywhere_by_content(path);
  for (unsigned i = 0; anywhere != 0; i++, anywhere >>= 1)
    if ((anywhere & 1) != 0 && anywhere_detector(i) == detector)
      return true;
  return false;
}

static inline void
detect(const Detector *detector, const char *path, Slice bytes, LayerInventory *into)
{
  FileView file = {path, bytes.size, 0644, slice_sub(bytes, 0, DETECTOR_HEAD_BYTES)};
  if (!detector_reads(detector, path) || (detector->wants != NULL && !detector->wants(&file)))
    return;
  if (detector->piece == NULL) {
    detector->read(bytes, path, into);
    return;
  }
  void *state = NULL;
  if (bytes.size > 0)
    detector->piece(&state, &file, 0, bytes, into);
  detector->piece(&state, &file, bytes.size, SLICE_EMPTY, into);
}

static inline char *
joined_lines(GPtrArray *lines)
{
  g_ptr_array_sort(lines, text_compare);
  g_ptr_array_add(lines, NULL);
  return g_strjoinv("\n", (char **)lines->pdata);
}

/* (transfer full): sorted lines "type name version". */
static inline char *
detected_lines(const LayerInventory *inventory)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < inventory->packages->len; i++) {
    const Package *package = g_ptr_array_index(inventory->packages, i);
    g_ptr_array_add(lines,
                    g_strdup_printf("%s %s %s", package->type, package->name, package->version));
  }
  if (inventory->unread->len > 0)
    g_ptr_array_add(lines, g_strdup("!"));
  return joined_lines(lines);
}

/* Reports each case that differs. */
static inline void
check_detected(const Detector *detector, const DetectedCase *cases, size_t count)
{
  for (size_t i = 0; i < count; i++) {
    g_autoptr(LayerInventory) inventory = layer_inventory_new();
    detect(detector, cases[i].path, slice_from_string(cases[i].text), inventory);
    g_autofree char *lines = detected_lines(inventory);
    if (strcmp(lines, cases[i].expected) != 0) {
      g_test_message("%s: found \"%s\", expected \"%s\"", cases[i].name, lines, cases[i].expected);
      g_test_fail();
    }
  }
}
