/* Programs of a layer beside what its databases say; see the header. */
#include "inspect/worker_programs-private.h"

#include <string.h>

#include "inspect/integrity/integrity.h"

/* At paths that are looked at, in the layer. */
#define ENTRIES_MAX 200000u
#define LIST        4u /* texts of one in LayerInventory.sums */

/* Of an empty file, of which no detector is asked. */
static const ProgramSums empty_file = {
    .digits = {"d41d8cd98f00b204", "da39a3ee5e6b4b0d", "e3b0c44298fc1c14"}};

struct ProgramNotes {
  LayerInventory *inventory;
  GHashTable *entries; /* path -> Program */
  GHashTable *lists; /* location -> GPtrArray, as LayerInventory.sums: the last of a path counts */
  bool overfull;
};

typedef struct {
  ProgramSums sums; /* without path */
  bool hashed;      /* else: a link, a folder, or no program for what it begins with */
  bool matched;     /* it is as a database of the layer says */
  bool file;        /* it has bytes, hashed or not */
  bool unknown;     /* a hard link to what was not looked at, or not hashed */
} Program;

ProgramNotes *
program_notes_new(LayerInventory *inventory)
{
  ProgramNotes *notes = g_new0(ProgramNotes, 1);
  *notes = (ProgramNotes){.inventory = inventory,
                          .entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                          .lists = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                         (GDestroyNotify)g_ptr_array_unref)};
  program_sums_begin();
  return notes;
}

void
program_notes_free(ProgramNotes *notes)
{
  if (notes == NULL)
    return;
  g_hash_table_unref(notes->entries);
  g_hash_table_unref(notes->lists);
  g_free(notes);
}

/* --- while it is walked --- */

static void
put(ProgramNotes *notes, const char *path, const Program *program)
{
  if (g_hash_table_size(notes->entries) < ENTRIES_MAX) {
    g_hash_table_insert(notes->entries, g_strdup(path), g_memdup2(program, sizeof *program));
    return;
  }
  if (!notes->overfull)
    layer_inventory_add_unread(notes->inventory, "too-many-files", "",
                               "The layer has more programs than are compared.");
  notes->overfull = true;
}

/* What a hard link at @path leads to, under its own name. Who makes one file of equal ones links
 * texts in folders of libraries to others elsewhere; a program is linked to a program. In a folder
 * of programs every file is hashed. */
static Program
program_of_link(const ProgramNotes *notes, const char *path, const char *target)
{
  const Program *known = g_hash_table_lookup(notes->entries, target);
  Program program = {0};
  if (known != NULL)
    program = *known;
  bool compared = known != NULL && (known->hashed || !known->file || integrity_is_program(target));
  program.matched = false;
  program.unknown |= !compared && (integrity_is_program(path) || strstr(path, ".so") != NULL);
  return program;
}

void
program_notes_take(ProgramNotes *notes, const LayerEntry *entry, const char *target)
{
  bool none = entry->kind == LAYER_ENTRY_WHITEOUT || entry->kind == LAYER_ENTRY_OPAQUE ||
              entry->kind == LAYER_ENTRY_GLOBAL;
  if (none || !integrity_looks_at(entry->path))
    return;
  Program program = {0};
  if (entry->kind == LAYER_ENTRY_HARDLINK)
    program = program_of_link(notes, entry->path, target);
  else if (entry->kind == LAYER_ENTRY_FILE && entry->size == 0)
    program = (Program){.sums = empty_file, .hashed = true};
  program.file = entry->kind == LAYER_ENTRY_FILE || program.file;
  if (entry->kind == LAYER_ENTRY_FILE)
    program.sums.mode = entry->mode;
  put(notes, entry->path, &program);
}

void
program_notes_take_found(ProgramNotes *notes, LayerInventory *found)
{
  for (guint i = 0; i < found->hashed->len; i++) {
    const ProgramSums *sums = g_ptr_array_index(found->hashed, i);
    const Program program = {.sums = *sums, .hashed = true, .file = true};
    put(notes, sums->path, &program);
  }
  g_ptr_array_set_size(found->hashed, 0);
  if (found->sums->len == 0)
    return;
  g_hash_table_insert(notes->lists, g_strdup(g_ptr_array_index(found->sums, 0)), found->sums);
  found->sums = g_ptr_array_new_with_free_func(g_free);
}

/* --- at the end --- */

/* The entry that a database means by @path, which may be written as before or after the merge of
 * /usr; NULL: there is none. */
static Program *
find_program(const ProgramNotes *notes, const char *path)
{
  Program *program = g_hash_table_lookup(notes->entries, path);
  g_autofree char *merged = program == NULL ? integrity_merged_path(path) : NULL;
  if (program == NULL)
    program = g_hash_table_lookup(notes->entries, merged);
  if (program == NULL && g_str_has_prefix(path, "usr/"))
    program = g_hash_table_lookup(notes->entries, path + strlen("usr/"));
  return program;
}

/* Set-id bits beyond those of @sum are told by the image. */
static bool
is_match(const Program *program, const Sum *sum, SumKind kind)
{
  unsigned has = program->sums.mode >> 9 & 6;
  unsigned should = sum->set_id == '-' ? has : (unsigned)(sum->set_id - '0');
  return slice_equal_string(sum->digits, program->sums.digits[kind]) && (has & ~should) == 0;
}

/* The list @text with marks, and without what is otherwise in the layer. (transfer full) */
static char *
mark_list(ProgramNotes *notes, const char *text, SumKind kind)
{
  g_autoptr(GString) path = g_string_new(NULL);
  g_autoptr(GString) folder = g_string_new(NULL);
  GString *marked = g_string_new(NULL);
  Slice rest = slice_from_string(text);
  Sum sum;
  while (sum_list_next(&rest, path, &sum)) {
    Program *program = find_program(notes, sum.path);
    if (program != NULL && !program->hashed)
      continue;
    bool matched = program != NULL && is_match(program, &sum, kind);
    if (matched)
      program->matched = true;
    const char *name = strrchr(sum.path, '/') + 1;
    if (folder->len != (gsize)(name - sum.path) || !g_str_has_prefix(sum.path, folder->str)) {
      g_string_truncate(folder, 0);
      g_string_append_len(folder, sum.path, name - sum.path);
      g_string_append_printf(marked, "%s\n", folder->str);
    }
    g_string_append_printf(marked, "%c%c%.*s%s\n", matched ? SUM_MATCHED : SUM_UNMATCHED,
                           sum.set_id, (int)sum.digits.size, (const char *)sum.digits.data, name);
  }
  return g_string_free(marked, FALSE);
}

static void
keep_program(ProgramNotes *notes, const char *path, const Program *program)
{
  if (notes->inventory->programs->len >= LAYER_PROGRAMS_MAX) {
    layer_inventory_add_unread(notes->inventory, "too-many-files", "",
                               "The layer has more programs of no package than are compared.");
    return;
  }
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, "%u", program->sums.mode >> 9 & 6);
  for (SumKind kind = 0; kind < SUM_KINDS; kind++)
    g_string_append_printf(text, " %s", program->sums.digits[kind]);
  g_string_append_printf(text, " %s", path);
  g_ptr_array_add(notes->inventory->programs, g_string_free(text, FALSE));
}

static void
keep_unmatched(ProgramNotes *notes)
{
  guint count;
  g_autofree void **paths = text_sorted_keys(notes->entries, &count);
  for (guint i = 0; i < count; i++) {
    const Program *program = g_hash_table_lookup(notes->entries, paths[i]);
    if (program->hashed && !program->matched)
      keep_program(notes, paths[i], program);
    else if (program->unknown)
      layer_inventory_add_unread(notes->inventory, "hard-link", paths[i],
                                 "The program is a hard link to a file that is not compared.");
  }
}

static void
keep_lists(ProgramNotes *notes, const GPtrArray *lists)
{
  for (guint i = 0; i + LIST <= lists->len; i += LIST) {
    char **list = (char **)lists->pdata + i;
    SumKind kind = sum_kind_of(list[2]);
    g_autofree char *marked = kind == SUM_KINDS ? NULL : mark_list(notes, list[3], kind);
    if (marked != NULL && *marked != '\0')
      layer_inventory_add_sums(notes->inventory, list[0], list[1], list[2], marked);
  }
}

static void
finish_sums(ProgramNotes *notes)
{
  GHashTableIter iter;
  gpointer program;
  g_hash_table_iter_init(&iter, notes->entries);
  while (g_hash_table_iter_next(&iter, NULL, &program))
    program_sums_finish(&((Program *)program)->sums);
}

void
program_notes_join(ProgramNotes *notes)
{
  finish_sums(notes);
  guint count;
  g_autofree void **locations = text_sorted_keys(notes->lists, &count);
  for (guint i = 0; i < count; i++)
    keep_lists(notes, g_hash_table_lookup(notes->lists, locations[i]));
  keep_unmatched(notes);
}
