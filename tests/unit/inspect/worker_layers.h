/* Layers for tests of the worker, and what it is to find in one of them. */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <zlib.h>

#include "inspect/inspection.h"

typedef struct {
  const char *path, *content, *link;
  mode_t type;
} Entry;

static inline GByteArray *
make_tar(const Entry *entries)
{
  GByteArray *bytes = g_byte_array_new();
  g_byte_array_set_size(bytes, 1 << 20);
  size_t used = 0;
  struct archive *archive = archive_write_new();
  archive_write_set_format_pax_restricted(archive);
  g_assert_cmpint(archive_write_open_memory(archive, bytes->data, bytes->len, &used), ==,
                  ARCHIVE_OK);
  for (; entries->path != NULL; entries++) {
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, entries->path);
    archive_entry_set_filetype(entry, entries->type != 0 ? entries->type : AE_IFREG);
    archive_entry_set_perm(entry, 04755);
    if (entries->link != NULL && entries->type == AE_IFLNK)
      archive_entry_set_symlink(entry, entries->link);
    else if (entries->link != NULL)
      archive_entry_set_hardlink(entry, entries->link);
    archive_entry_set_size(entry,
                           entries->content != NULL ? (la_int64_t)strlen(entries->content) : 0);
    g_assert_cmpint(archive_write_header(archive, entry), ==, ARCHIVE_OK);
    if (entries->content != NULL)
      archive_write_data(archive, entries->content, strlen(entries->content));
    archive_entry_free(entry);
  }
  archive_write_close(archive);
  archive_write_free(archive);
  g_byte_array_set_size(bytes, (guint)used);
  return bytes;
}

static inline GByteArray *
gzip(const GByteArray *plain)
{
  GByteArray *packed = g_byte_array_new();
  g_byte_array_set_size(packed, plain->len + 1024);
  z_stream stream = {.next_in = plain->data,
                     .avail_in = plain->len,
                     .next_out = packed->data,
                     .avail_out = packed->len};
  g_assert_cmpint(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
  g_assert_cmpint(deflate(&stream, Z_FINISH), ==, Z_STREAM_END);
  g_byte_array_set_size(packed, (guint)stream.total_out);
  deflateEnd(&stream);
  return packed;
}

static inline InspectionLimits
default_limits(void)
{
  InspectionLimits limits;
  settings_defaults(&inspection_limits_section, &limits);
  return limits;
}

static const Entry debian[] = {
    {"./usr/lib/os-release", "ID=debian\nVERSION_ID=11\n", NULL, 0},
    {"./var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\n\n", NULL, 0},
    {"etc/.wh.os-release", NULL, NULL, 0},
    {"var/lib/rpm/.wh..wh..opq", NULL, NULL, 0},
    {"../../etc/motd", "root", NULL, 0},
    {"dev/sda", NULL, NULL, AE_IFBLK},
    {"loop", NULL, "loop", AE_IFLNK},
    {NULL},
};

/* In their order: "f etc/os-release, l lib>usr/lib". */
static inline char *
changes_of(const LayerInventory *layer)
{
  static const char letters[] = "difslo-q!";
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < layer->changes->len; i++) {
    const LayerChange *change = g_ptr_array_index(layer->changes, i);
    g_string_append_printf(text, "%s%c %s%s%s", i > 0 ? ", " : "", letters[change->kind],
                           change->path, change->target != NULL ? ">" : "",
                           change->target != NULL ? change->target : "");
  }
  return g_string_free(text, FALSE);
}

static inline void
assert_debian(const LayerInventory *layer)
{
  g_assert_cmpuint(layer->packages->len, ==, 1);
  g_assert_cmpuint(layer->releases->len, ==, 1);
  g_assert_cmpstr(((OsRelease *)g_ptr_array_index(layer->releases, 0))->id, ==, "debian");
  g_assert_cmpuint(layer->entries, ==, 7);
  g_autofree char *changes = changes_of(layer);
  g_assert_cmpstr(changes, ==,
                  "f usr/lib/os-release, f var/lib/dpkg/status, - etc/os-release, q var/lib/rpm, "
                  "i etc");
  bool escape = false, device = false;
  for (guint i = 0; i < layer->notes->len; i++) {
    const LayerNote *note = g_ptr_array_index(layer->notes, i);
    escape |= g_str_equal(note->kind, "path-escape");
    device |= g_str_equal(note->kind, "device-node");
  }
  g_assert_true(escape);
  g_assert_true(device);
}
