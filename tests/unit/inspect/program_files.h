/* Programs made for tests: the tables that readers look at, and nothing that runs. */
#pragma once

#include <string.h>

#include "inspect/programs/programs.h"

static inline void
put_number(GByteArray *out, uint64_t value, size_t width, bool big)
{
  for (size_t i = 0; i < width; i++) {
    uint8_t byte = (uint8_t)(value >> 8 * (big ? width - 1 - i : i));
    g_byte_array_append(out, &byte, 1);
  }
}

static inline void
put_zeros(GByteArray *out, size_t count)
{
  static const uint8_t zeros[4096];
  for (size_t part; count > 0; count -= part) {
    part = MIN(count, sizeof zeros);
    g_byte_array_append(out, zeros, (guint)part);
  }
}

static inline void
put_slice(GByteArray *out, Slice bytes)
{
  g_byte_array_append(out, bytes.data, (guint)bytes.size);
}

static inline Slice
slice_of_array(const GByteArray *array)
{
  return slice_new(array->data, array->len);
}

typedef struct {
  const char *name;
  GByteArray *bytes;
  unsigned type, flags, link;
  size_t gap; /* zeros before it */
} ElfSection;

#define ELF_BASE 0x400000u

typedef struct {
  bool wide, big, at_start; /* the table of sections before the sections */
  bool stripped;            /* no table of sections */
  unsigned kind;            /* 2: a program */
} ElfShape;

/* Where the sections of this file begin. */
static inline size_t
elf_start(ElfShape shape, size_t count)
{
  size_t header = shape.wide ? 64 : 52, segment = shape.wide ? 56 : 32;
  size_t section = shape.wide ? 64 : 40;
  size_t start = header + segment + (shape.at_start ? (count + 2) * section : 0);
  return (start + 15) / 16 * 16;
}

static inline void
put_elf_section(GByteArray *out, ElfShape shape, size_t name, const ElfSection *section, size_t at,
                size_t size)
{
  size_t word = shape.wide ? 8 : 4;
  put_number(out, name, 4, shape.big);
  put_number(out, section->type, 4, shape.big);
  put_number(out, section->flags, word, shape.big);
  put_number(out, (section->flags & 2) != 0 ? ELF_BASE + at : 0, word, shape.big);
  put_number(out, at, word, shape.big);
  put_number(out, size, word, shape.big);
  put_number(out, section->link, 4, shape.big);
  put_number(out, 0, 4, shape.big);
  put_number(out, 16, word, shape.big);
  put_number(out, 0, word, shape.big);
}

static inline void
put_elf_header(GByteArray *out, ElfShape shape, size_t table, size_t count, size_t size)
{
  size_t word = shape.wide ? 8 : 4;
  put_slice(out, SLICE_LITERAL("\x7f"
                               "ELF"));
  put_number(out, shape.wide ? 2 : 1, 1, false);
  put_number(out, shape.big ? 2 : 1, 1, false);
  put_number(out, 1, 1, false);
  put_zeros(out, 9);
  put_number(out, shape.kind == 0 ? 2 : shape.kind, 2, shape.big);
  put_number(out, 62, 2, shape.big);
  put_number(out, 1, 4, shape.big);
  put_number(out, ELF_BASE, word, shape.big);
  put_number(out, shape.wide ? 64 : 52, word, shape.big);
  put_number(out, shape.stripped ? 0 : table, word, shape.big);
  put_number(out, 0, 4, shape.big);
  const size_t halves[] = {shape.wide ? 64 : 52, shape.wide ? 56 : 32,           1,
                           shape.wide ? 64 : 40, shape.stripped ? 0 : count + 2, count + 1};
  for (size_t i = 0; i < G_N_ELEMENTS(halves); i++)
    put_number(out, halves[i], 2, shape.big);
  /* One segment that takes in all, and may be written to. */
  put_number(out, 1, 4, shape.big);
  if (shape.wide)
    put_number(out, 6, 4, shape.big);
  put_number(out, 0, word, shape.big);
  put_number(out, ELF_BASE, word, shape.big);
  put_number(out, ELF_BASE, word, shape.big);
  put_number(out, size, word, shape.big);
  put_number(out, size, word, shape.big);
  if (!shape.wide)
    put_number(out, 6, 4, shape.big);
  put_number(out, 16, word, shape.big);
}

/* (transfer full). Sections are at multiples of 16 from elf_start() on, in this order. */
static inline GByteArray *
elf_file(ElfShape shape, const ElfSection *sections, size_t count)
{
  g_autoptr(GByteArray) body = g_byte_array_new(), table = g_byte_array_new();
  g_autoptr(GString) names = g_string_new(NULL);
  size_t start = elf_start(shape, count);
  g_string_append_c(names, '\0');
  put_zeros(table, shape.wide ? 64 : 40);
  for (size_t i = 0; i < count; i++) {
    put_zeros(body, sections[i].gap + (16 - body->len % 16) % 16);
    put_elf_section(table, shape, names->len, &sections[i], start + body->len,
                    sections[i].bytes->len);
    g_string_append_len(names, sections[i].name, (gssize)strlen(sections[i].name) + 1);
    put_slice(body, slice_of_array(sections[i].bytes));
  }
  const ElfSection strings = {".shstrtab", NULL, 3, 0, 0, 0};
  put_elf_section(table, shape, names->len, &strings, start + body->len, names->len + 10);
  g_string_append_len(names, ".shstrtab", 10);
  g_byte_array_append(body, (const uint8_t *)names->str, (guint)names->len);
  GByteArray *out = g_byte_array_new();
  size_t at_end = start + body->len;
  put_elf_header(out, shape, shape.at_start ? (shape.wide ? 120 : 84) : at_end, count, at_end);
  if (shape.at_start)
    put_slice(out, slice_of_array(table));
  put_zeros(out, start - out->len);
  put_slice(out, slice_of_array(body));
  if (!shape.at_start && !shape.stripped)
    put_slice(out, slice_of_array(table));
  return out;
}

/* One section, ".data", of @data. (transfer full) */
static inline GByteArray *
pe_file(Slice data)
{
  GByteArray *out = g_byte_array_new();
  put_slice(out, SLICE_LITERAL("MZ"));
  put_zeros(out, 58);
  put_number(out, 64, 4, false);
  put_slice(out, slice_new("PE\0\0", 4));
  put_number(out, 0x8664, 2, false);
  put_number(out, 1, 2, false);
  put_zeros(out, 12);
  put_number(out, 112, 2, false);
  put_number(out, 0x22, 2, false);
  put_number(out, 0x20b, 2, false);
  put_zeros(out, 22);
  put_number(out, 0x140000000, 8, false);
  put_zeros(out, 80);
  put_slice(out, slice_new(".data\0\0\0", 8));
  put_number(out, 0x3000, 4, false);
  put_number(out, 0x1000, 4, false);
  put_number(out, data.size, 4, false);
  put_number(out, 512, 4, false);
  put_zeros(out, 12);
  put_number(out, 0xc0000040, 4, false);
  put_zeros(out, 512 - out->len);
  put_slice(out, data);
  return out;
}

/* One segment with one section, of @data. (transfer full) */
static inline GByteArray *
mach_o_file(bool wide, bool big, const char *section_name, Slice data)
{
  size_t word = wide ? 8 : 4, segment = wide ? 72 : 56, section = wide ? 80 : 68;
  const unsigned rights[] = {3, 3, 1, 0};
  GByteArray *out = g_byte_array_new();
  put_number(out, wide ? 0xfeedfacf : 0xfeedface, 4, big);
  put_zeros(out, 8);
  put_number(out, 2, 4, big);
  put_number(out, 1, 4, big);
  put_number(out, segment + section, 4, big);
  put_zeros(out, wide ? 8 : 4);
  put_number(out, wide ? 0x19 : 1, 4, big);
  put_number(out, segment + section, 4, big);
  put_slice(out, slice_new("__DATA\0\0\0\0\0\0\0\0\0\0", 16));
  put_number(out, 0x10000, word, big);
  put_number(out, 0x10000, word, big);
  put_number(out, 512, word, big);
  put_number(out, data.size, word, big);
  for (size_t i = 0; i < G_N_ELEMENTS(rights); i++)
    put_number(out, rights[i], 4, big);
  put_slice(out, slice_from_string(section_name));
  put_zeros(out, 16 - strlen(section_name));
  put_slice(out, slice_new("__DATA\0\0\0\0\0\0\0\0\0\0", 16));
  put_number(out, 0x10000, word, big);
  put_number(out, data.size, word, big);
  put_number(out, 512, 4, big);
  put_zeros(out, 512 - out->len);
  put_slice(out, data);
  return out;
}

/* As the worker gives it. (transfer full) */
static inline LayerInventory *
read_program(const char *path, Slice bytes)
{
  LayerInventory *into = layer_inventory_new();
  void *state = NULL;
  FileView file = {path, bytes.size, 0755, slice_sub(bytes, 0, DETECTOR_HEAD_BYTES)};
  if (!executable_detector.wants(&file))
    return into;
  size_t at = 0;
  for (Slice piece = file.head; piece.size > 0; piece = slice_sub(bytes, at, 16384)) {
    executable_detector.piece(&state, &file, at, piece, into);
    at += piece.size;
  }
  executable_detector.piece(&state, &file, at, SLICE_EMPTY, into);
  return into;
}

/* "TYPE NAME VERSION" of each, and "note KIND", sorted, with a comma between. (transfer full) */
static inline char *
list_found(const LayerInventory *found)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < found->packages->len; i++) {
    const Package *package = g_ptr_array_index(found->packages, i);
    g_ptr_array_add(lines,
                    g_strdup_printf("%s %s %s", package->type, package->name, package->version));
  }
  for (guint i = 0; i < found->notes->len; i++) {
    const LayerNote *note = g_ptr_array_index(found->notes, i);
    g_ptr_array_add(
        lines, g_strdup_printf("%s %s", found->unread->len > 0 ? "unread" : "note", note->kind));
  }
  g_ptr_array_sort(lines, text_compare);
  g_ptr_array_add(lines, NULL);
  return g_strjoinv(", ", (char **)lines->pdata);
}
