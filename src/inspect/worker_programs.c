/* Programs of a layer beside what its databases say; see the header. */
#include "inspect/worker_programs-private.h"

#include <string.h>

#include "archive/path.h"
#include "inspect/integrity/integrity.h"
#include "inspect/worker_symlinks-private.h"

/* At paths that are looked at, in the layer. */
#define ENTRIES_MAX 200000u
#define LIST        4u /* texts of one in LayerInventory.sums */
#define CHUNK       ((size_t)16 * 1024)

/* Of an empty file, of which no detector is asked. */
static const ProgramSums empty_file = {
    .digits = {"d41d8cd98f00b204", "da39a3ee5e6b4b0d", "e3b0c44298fc1c14"}};

struct ProgramNotes {
  LayerInventory *inventory;
  GHashTable *entries; /* place -> Program */
  GHashTable *lists; /* location -> GPtrArray, as LayerInventory.sums: the last of a path counts */
  GHashTable *links; /* of the layer, as program_notes_take() has it; not owned */
  GString *folder, *folder_place; /* the last that was followed, and where it is */
  bool has_folder;
  size_t work;      /* of symlink_resolve() */
  GHashTable *due;  /* number -> Program; not owned: of the further pass */
  GHashTable *read; /* number -> ProgramSums, of it */
  bool overfull;
};

typedef enum {
  PLACE_PROGRAM, /* a file that was hashed */
  PLACE_FILE,    /* one that is no program, by what it begins with */
  PLACE_LINK,
  PLACE_FOLDER,
  PLACE_OTHER,
} PlaceKind;

typedef struct {
  PlaceKind kind;
  ProgramSums sums; /* without path */
  uint64_t number;  /* of the entry with the bytes */
  char *target;     /* of a LINK */
  bool matched;     /* it is as a database of the layer says */
  bool asked;       /* a database of the layer says that a file is here */
  bool unknown;     /* a hard link to what was not looked at, or not hashed */
} Program;

static void
program_free(void *data)
{
  g_free(((Program *)data)->target);
  g_free(data);
}

ProgramNotes *
program_notes_new(LayerInventory *inventory)
{
  ProgramNotes *notes = g_new0(ProgramNotes, 1);
  *notes = (ProgramNotes){
      .inventory = inventory,
      .entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, program_free),
      .lists =
          g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref),
      .folder = g_string_new(NULL),
      .folder_place = g_string_new(NULL),
      .due = g_hash_table_new(NULL, NULL),
      .read = g_hash_table_new_full(NULL, NULL, NULL, g_free),
  };
  program_sums_begin();
  return notes;
}

void
program_notes_free(ProgramNotes *notes)
{
  if (notes == NULL)
    return;
  g_hash_table_unref(notes->due);
  g_hash_table_unref(notes->read);
  g_hash_table_unref(notes->entries);
  g_hash_table_unref(notes->lists);
  g_string_free(notes->folder, TRUE);
  g_string_free(notes->folder_place, TRUE);
  g_free(notes);
}

static void
tell_overfull(ProgramNotes *notes, const char *kind, const char *detail)
{
  if (!notes->overfull)
    layer_inventory_add_unread(notes->inventory, kind, "", detail);
  notes->overfull = true;
}

/* --- places --- */

static void
enter_folder(ProgramNotes *notes, const char *path, size_t size)
{
  if (notes->has_folder && notes->folder->len == size &&
      memcmp(notes->folder->str, path, size) == 0)
    return;
  g_string_truncate(notes->folder, 0);
  g_string_append_len(notes->folder, path, (gssize)size);
  g_autofree char *place = symlink_resolve(notes->links, notes->folder->str, &notes->work);
  if (place == NULL)
    tell_overfull(notes, "too-many-links", "Links lead around, or there are too many of them.");
  g_string_assign(notes->folder_place, place == NULL ? notes->folder->str : place);
  notes->has_folder = true;
}

/* Where @path is in the end, by the layer's links to the folders above it. (transfer full) */
static char *
place_of(ProgramNotes *notes, const char *path)
{
  const char *name = path_last_name(path);
  if (name == path || g_hash_table_size(notes->links) == 0)
    return g_strdup(path);
  enter_folder(notes, path, (size_t)(name - path) - 1);
  return notes->folder_place->len == 0 ? g_strdup(name)
                                       : g_strconcat(notes->folder_place->str, "/", name, NULL);
}

/* --- while it is walked --- */

/* Takes program->target. */
static void
put(ProgramNotes *notes, const char *place, const Program *program)
{
  if (g_hash_table_size(notes->entries) < ENTRIES_MAX) {
    g_hash_table_insert(notes->entries, g_strdup(place), g_memdup2(program, sizeof *program));
    return;
  }
  g_free(program->target);
  tell_overfull(notes, "too-many-files", "The layer has more programs than are compared.");
}

/* What a hard link at @place leads to, under its own name. Who makes one file of equal ones links
 * texts in folders of libraries to others elsewhere; a program is linked to a program. In a folder
 * of programs every file is hashed. */
static Program
program_of_link(ProgramNotes *notes, const char *place, const char *target)
{
  g_autofree char *there = place_of(notes, target);
  const Program *known = g_hash_table_lookup(notes->entries, there);
  Program program = {.kind = PLACE_FILE};
  if (known != NULL)
    program = *known;
  bool compared = known != NULL && (known->kind != PLACE_FILE || integrity_is_program(there));
  program.target = g_strdup(program.target);
  program.matched = program.asked = false;
  program.unknown |= !compared && (integrity_is_program(place) || integrity_is_library(place));
  return program;
}

static Program
program_of(ProgramNotes *notes, const LayerEntry *entry, uint64_t number, const char *place,
           const char *target)
{
  switch (entry->kind) {
  case LAYER_ENTRY_HARDLINK:
    return program_of_link(notes, place, target);
  case LAYER_ENTRY_SYMLINK:
    return (Program){
        .kind = PLACE_LINK,
        .target = slice_to_utf8(slice_from_string(entry->target == NULL ? "" : entry->target))};
  case LAYER_ENTRY_FOLDER:
    return (Program){.kind = PLACE_FOLDER};
  case LAYER_ENTRY_FILE:
    break;
  default:
    return (Program){.kind = PLACE_OTHER};
  }
  Program program = {.kind = PLACE_FILE};
  if (entry->size == 0)
    program = (Program){.kind = PLACE_PROGRAM, .sums = empty_file};
  program.sums.mode = entry->mode;
  program.number = number;
  return program;
}

void
program_notes_take(ProgramNotes *notes, const LayerEntry *entry, uint64_t number,
                   const char *target, GHashTable *links)
{
  if (entry->kind == LAYER_ENTRY_WHITEOUT || entry->kind == LAYER_ENTRY_OPAQUE ||
      entry->kind == LAYER_ENTRY_GLOBAL)
    return;
  notes->links = links;
  g_autofree char *place = place_of(notes, entry->path);
  notes->has_folder &= entry->kind == LAYER_ENTRY_FILE;
  bool moved = strcmp(place, entry->path) != 0;
  program_sums_expect(moved ? entry->path : NULL, moved ? place : NULL);
  bool matters =
      entry->kind == LAYER_ENTRY_SYMLINK ? integrity_leads(place) : integrity_looks_at(place);
  if (!matters) {
    g_hash_table_remove(notes->entries, place);
    return;
  }
  const Program program = program_of(notes, entry, number, place, target);
  put(notes, place, &program);
}

/* The entry that it is of was put before it was read. */
static void
take_hashed(ProgramNotes *notes, const ProgramSums *sums)
{
  Program *program = g_hash_table_lookup(notes->entries, sums->path);
  if (program == NULL || program->kind != PLACE_FILE)
    return;
  program->kind = PLACE_PROGRAM;
  program->sums = *sums;
  program->unknown = false;
}

void
program_notes_take_found(ProgramNotes *notes, LayerInventory *found)
{
  for (guint i = 0; i < found->hashed->len; i++)
    take_hashed(notes, g_ptr_array_index(found->hashed, i));
  g_ptr_array_set_size(found->hashed, 0);
  if (found->sums->len == 0)
    return;
  g_hash_table_insert(notes->lists, g_strdup(g_ptr_array_index(found->sums, 0)), found->sums);
  found->sums = g_ptr_array_new_with_free_func(g_free);
}

/* --- further passes --- */

/* Which digests the databases of the layer ask for. */
static unsigned
needed_kinds(const ProgramNotes *notes)
{
  GHashTableIter iter;
  void *lists;
  unsigned kinds = 0;
  g_hash_table_iter_init(&iter, notes->lists);
  while (g_hash_table_iter_next(&iter, NULL, &lists))
    for (guint i = 0; i + LIST <= ((GPtrArray *)lists)->len; i += LIST)
      kinds |= 1u << sum_kind_of(g_ptr_array_index((GPtrArray *)lists, i + 2));
  kinds &= SUM_ALL_KINDS;
  return kinds == 0 ? program_sums_sure_kinds() : kinds;
}

bool
program_notes_want_pass(ProgramNotes *notes)
{
  GHashTableIter iter;
  void *value;
  unsigned kinds = needed_kinds(notes);
  program_sums_expect(NULL, NULL);
  g_hash_table_remove_all(notes->due);
  g_hash_table_iter_init(&iter, notes->entries);
  while (g_hash_table_iter_next(&iter, NULL, &value)) {
    Program *program = value;
    void *number = GSIZE_TO_POINTER(program->number);
    if (program->kind == PLACE_PROGRAM && program->number != 0 &&
        (kinds & ~program_sums_kinds(&program->sums)) != 0 &&
        !g_hash_table_contains(notes->read, number))
      g_hash_table_insert(notes->due, number, program);
  }
  return g_hash_table_size(notes->due) > 0;
}

bool
program_notes_are_due(const ProgramNotes *notes)
{
  return g_hash_table_size(notes->due) > 0;
}

bool
program_notes_read(ProgramNotes *notes, LayerReader *reader, uint64_t number, GError **error)
{
  const Program *program = g_hash_table_lookup(notes->due, GSIZE_TO_POINTER(number));
  if (program == NULL)
    return true;
  uint8_t chunk[CHUNK];
  ProgramHash *hash = program_hash_new(needed_kinds(notes) & ~program_sums_kinds(&program->sums));
  gssize got;
  while ((got = layer_reader_read(reader, chunk, sizeof chunk, error)) > 0)
    program_hash_add(hash, slice_new(chunk, (size_t)got));
  ProgramSums *sums = g_new0(ProgramSums, 1);
  program_hash_end(hash, sums);
  g_hash_table_insert(notes->read, GSIZE_TO_POINTER(number), sums);
  g_hash_table_remove(notes->due, GSIZE_TO_POINTER(number));
  return got == 0;
}

/* --- at the end --- */

/* The program that a database means by @path, and with which mark, 0: none says it. NULL: there is
 * none. The database may write it as before the merge of /usr, whose link is of a lower layer. */
static Program *
find_program(ProgramNotes *notes, const char *path, char *mark)
{
  g_autofree char *place = place_of(notes, path), *merged = integrity_merged_path(path);
  Program *program = g_hash_table_lookup(notes->entries, place);
  bool is_there = program != NULL && strcmp(place, path) == 0;
  if (program == NULL)
    program = g_hash_table_lookup(notes->entries, merged);
  else if (!is_there && strcmp(place, merged) != 0)
    merged = (g_free(merged), NULL);
  *mark = is_there ? SUM_MATCHED : merged != NULL ? SUM_MERGED : '\0';
  return program;
}

/* Set-id bits beyond those of @sum are told by the image. */
static bool
is_match(const Program *program, const Sum *sum, SumKind kind)
{
  unsigned has = program->sums.mode >> 9 & 6;
  int should = g_ascii_digit_value(sum->set_id);
  return program->kind == PLACE_PROGRAM && sum->set_id != SUM_OF_LINK &&
         slice_equal_string(sum->digits, program->sums.digits[kind]) &&
         (should < 0 || (has & ~(unsigned)should) == 0);
}

/* The mark of a sum; 0: it is of a file that is no program. */
static char
mark_of(ProgramNotes *notes, const Sum *sum, SumKind kind)
{
  char mark;
  Program *program = find_program(notes, sum->path, &mark);
  if (program == NULL)
    return SUM_UNMATCHED;
  if (program->kind == PLACE_FILE)
    return '\0';
  program->asked = true;
  if (mark == '\0' || !is_match(program, sum, kind))
    return SUM_UNMATCHED;
  program->matched = true;
  return mark;
}

/* The list @text with marks. (transfer full) */
static char *
mark_list(ProgramNotes *notes, const char *text, SumKind kind)
{
  g_autoptr(GString) path = g_string_new(NULL);
  g_autoptr(GString) folder = g_string_new(NULL);
  GString *marked = g_string_new(NULL);
  Slice rest = slice_from_string(text);
  Sum sum;
  while (sum_list_next(&rest, path, &sum)) {
    char mark = mark_of(notes, &sum, kind);
    if (mark == '\0')
      continue;
    const char *name = strrchr(sum.path, '/') + 1;
    if (folder->len != (gsize)(name - sum.path) || !g_str_has_prefix(sum.path, folder->str)) {
      g_string_truncate(folder, 0);
      g_string_append_len(folder, sum.path, name - sum.path);
      g_string_append_printf(marked, "%s\n", folder->str);
    }
    g_string_append_printf(marked, "%c%c%.*s%s\n", mark, sum.set_id, (int)sum.digits.size,
                           (const char *)sum.digits.data, name);
  }
  return g_string_free(marked, FALSE);
}

/* As integrity.h has it. (transfer full) */
static char *
text_of(const char *place, const Program *program)
{
  if (program->kind == PLACE_LINK)
    return g_strdup_printf("%c %zu %s%s", PROGRAM_LINK, strlen(place), place, program->target);
  if (program->kind != PLACE_PROGRAM)
    return g_strdup_printf("%c %s", program->kind == PLACE_FOLDER ? PROGRAM_FOLDER : PROGRAM_OTHER,
                           place);
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, "%u", program->sums.mode >> 9 & 6);
  for (SumKind kind = 0; kind < SUM_KINDS; kind++)
    g_string_append_printf(text, " %s", program->sums.digits[kind]);
  g_string_append_printf(text, " %s", place);
  return g_string_free(text, FALSE);
}

static void
keep_program(ProgramNotes *notes, const char *place, const Program *program)
{
  if (notes->inventory->programs->len < LAYER_PROGRAMS_MAX)
    g_ptr_array_add(notes->inventory->programs, text_of(place, program));
  else
    layer_inventory_add_unread(notes->inventory, "too-many-files", "",
                               "The layer has more programs of no package than are compared.");
}

/* What is in the place of a program, or leads to one. Folders are many, and those that a database
 * takes for something else few. */
static bool
is_kept(const char *place, const Program *program)
{
  switch (program->kind) {
  case PLACE_PROGRAM:
    return !program->matched;
  case PLACE_FILE:
    return false;
  case PLACE_FOLDER:
    return program->asked || integrity_is_program(place);
  default:
    return true;
  }
}

static void
keep_unmatched(ProgramNotes *notes)
{
  guint count;
  g_autofree void **places = text_sorted_keys(notes->entries, &count);
  for (guint i = 0; i < count; i++) {
    const Program *program = g_hash_table_lookup(notes->entries, places[i]);
    if (is_kept(places[i], program))
      keep_program(notes, places[i], program);
    else if (program->unknown)
      layer_inventory_add_unread(notes->inventory, "hard-link", places[i],
                                 "The program is a hard link to a file that is not compared.");
  }
}

/* Whether a link that is elsewhere may lead to a folder of programs, or to one above. */
static bool
leads_there(ProgramNotes *notes, const char *link)
{
  g_autofree char *target =
      integrity_leads(link) ? NULL : symlink_resolve(notes->links, link, &notes->work);
  return target != NULL && (*target == '\0' || integrity_leads(target)) &&
         !g_hash_table_contains(notes->entries, target);
}

/* Upper layers may write through these, which the image tells. */
static void
keep_ways(ProgramNotes *notes)
{
  guint count;
  g_autofree void **links = text_sorted_keys(notes->links, &count);
  for (guint i = 0; i < count; i++) {
    const Program program = {.kind = PLACE_LINK,
                             .target = g_hash_table_lookup(notes->links, links[i])};
    if (leads_there(notes, links[i]))
      keep_program(notes, links[i], &program);
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
take_further(const ProgramNotes *notes, Program *program)
{
  ProgramSums *more = g_hash_table_lookup(notes->read, GSIZE_TO_POINTER(program->number));
  if (more == NULL || program->number == 0)
    return;
  program_sums_finish(more);
  for (SumKind kind = 0; kind < SUM_KINDS; kind++)
    if (program->sums.digits[kind][0] == '\0')
      memcpy(program->sums.digits[kind], more->digits[kind], sizeof more->digits[kind]);
}

/* What came into a folder before a link took the folder's place is gone with it. */
static void
finish_entries(ProgramNotes *notes)
{
  GHashTableIter iter;
  void *place, *program;
  notes->has_folder = false;
  g_hash_table_iter_init(&iter, notes->entries);
  while (g_hash_table_iter_next(&iter, &place, &program)) {
    g_autofree char *there = place_of(notes, place);
    if (strcmp(there, place) != 0) {
      g_hash_table_iter_remove(&iter);
      continue;
    }
    program_sums_finish(&((Program *)program)->sums);
    take_further(notes, program);
  }
}

void
program_notes_join(ProgramNotes *notes)
{
  if (notes->links != NULL)
    finish_entries(notes);
  guint count;
  g_autofree void **locations = text_sorted_keys(notes->lists, &count);
  for (guint i = 0; i < count; i++)
    keep_lists(notes, g_hash_table_lookup(notes->lists, locations[i]));
  keep_unmatched(notes);
  if (notes->links != NULL)
    keep_ways(notes);
}
