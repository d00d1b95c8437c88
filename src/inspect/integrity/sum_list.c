/* Lists of what databases say of the digests of programs, as text. */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/path.h"
#include "inspect/integrity/integrity.h"
#include "inspect/own_files.h"

const char *const sum_kind_names[] = {"md5", "sha1", "sha256", NULL};

SumKind
sum_kind_of(const char *name)
{
  SumKind kind = 0;
  while (kind < SUM_KINDS && strcmp(sum_kind_names[kind], name) != 0)
    kind++;
  return kind;
}

SumList *
sum_list_new(void)
{
  SumList *list = g_new0(SumList, 1);
  *list = (SumList){g_string_new(NULL), g_string_new(NULL),
                    g_array_new(FALSE, FALSE, sizeof(uint64_t))};
  return list;
}

void
sum_list_free(SumList *list)
{
  if (list == NULL)
    return;
  g_string_free(list->text, TRUE);
  g_string_free(list->folder, TRUE);
  g_array_unref(list->files);
  g_free(list);
}

static bool
is_digest(Slice digest)
{
  if (digest.size < SUM_DIGITS)
    return false;
  for (size_t i = 0; i < SUM_DIGITS; i++)
    if (!g_ascii_isxdigit(digest.data[i]))
      return false;
  return true;
}

static void
write_folder(SumList *list, const char *path, size_t size)
{
  if (list->folder->len == size && memcmp(list->folder->str, path, size) == 0)
    return;
  g_string_truncate(list->folder, 0);
  g_string_append_len(list->folder, path, (gssize)size);
  g_string_append_len(list->text, path, (gssize)size);
  g_string_append_c(list->text, '\n');
}

void
sum_list_add(SumList *list, Slice path, Slice digest, const uint32_t *mode)
{
  while (path.size > 0 && path.data[0] == '/')
    path = slice_sub(path, 1, SIZE_MAX);
  /* A longer one is nowhere opened by its name; each would be compared at full length. */
  if (path.size == 0 || path.size >= PATH_MAX || !is_digest(digest) || slice_find(path, '\n') >= 0)
    return;
  uint64_t file = own_file_key(path, digest);
  g_array_append_val(list->files, file);
  g_autofree char *text = slice_to_utf8(path);
  if (!integrity_looks_at(text) || text[strlen(text) - 1] == '/')
    return;
  const char *name = path_last_name(text);
  write_folder(list, text, (size_t)(name - text));
  g_string_append_c(list->text, SUM_UNMATCHED);
  g_string_append_c(list->text, mode == NULL     ? '-'
                                : S_ISLNK(*mode) ? SUM_OF_LINK
                                                 : (char)('0' + (*mode >> 9 & 7)));
  for (size_t i = 0; i < SUM_DIGITS; i++)
    g_string_append_c(list->text, g_ascii_tolower((char)digest.data[i]));
  g_string_append_printf(list->text, "%s\n", name);
}

void
sum_list_clear(SumList *list)
{
  g_string_truncate(list->text, 0);
  g_string_truncate(list->folder, 0);
  g_array_set_size(list->files, 0);
}

void
sum_list_end(SumList *list, const char *location, const char *package, SumKind kind,
             LayerInventory *inventory)
{
  own_files_add(package, list->files);
  if (list->text->len > 0)
    layer_inventory_add_sums(inventory, location, package, sum_kind_names[kind], list->text->str);
  sum_list_clear(list);
}

bool
sum_list_next(Slice *rest, GString *path, Sum *sum)
{
  Slice line;
  while (slice_next_field(rest, '\n', &line) && line.size > 0) {
    if (line.data[line.size - 1] == '/') {
      g_string_truncate(path, 0);
      g_string_append_len(path, (const char *)line.data, (gssize)line.size);
      continue;
    }
    char *slash = strrchr(path->str, '/');
    if (slash == NULL || line.size <= 2 + SUM_DIGITS)
      return false;
    g_string_truncate(path, (gsize)(slash - path->str) + 1);
    g_string_append_len(path, (const char *)line.data + 2 + SUM_DIGITS,
                        (gssize)(line.size - 2 - SUM_DIGITS));
    *sum = (Sum){(char)line.data[0], (char)line.data[1], slice_sub(line, 2, SUM_DIGITS), path->str};
    return true;
  }
  return false;
}
