/* Patterns become C; see the header. */
#include "inspect/patterns/write.h"

#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/patterns/patterns.h"

PatternWriter *
pattern_writer_new(void)
{
  PatternWriter *writer = g_new0(PatternWriter, 1);
  writer->patterns = g_ptr_array_new_with_free_func(g_free);
  writer->flags = g_array_new(FALSE, FALSE, sizeof(unsigned));
  return writer;
}

void
pattern_writer_free(PatternWriter *writer)
{
  g_ptr_array_unref(writer->patterns);
  g_array_unref(writer->flags);
  g_free(writer);
}

void
pattern_writer_add(PatternWriter *writer, const char *pattern, unsigned flags)
{
  g_ptr_array_add(writer->patterns, g_strdup(pattern));
  g_array_append_val(writer->flags, flags);
}

static hs_database_t *
compile(const PatternWriter *writer)
{
  /* Zeroes: of no processor in particular. */
  const hs_platform_info_t any = {0};
  hs_database_t *database = NULL;
  hs_compile_error_t *wrong = NULL;
  g_autofree unsigned *numbers = g_new(unsigned, writer->patterns->len);
  for (unsigned i = 0; i < writer->patterns->len; i++)
    numbers[i] = i;
  if (hs_compile_multi((const char *const *)writer->patterns->pdata,
                       (const unsigned *)(void *)writer->flags->data, numbers,
                       writer->patterns->len, HS_MODE_BLOCK, &any, &database, &wrong) != HS_SUCCESS)
    g_error("Vectorscan refuses %s: %s",
            wrong->expression < 0
                ? "all"
                : (const char *)g_ptr_array_index(writer->patterns, wrong->expression),
            wrong->message);
  return database;
}

static void
write_words(const char *bytes, size_t size, const char *name)
{
  printf("static const uint64_t %s_words[] = {\n", name);
  for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
    uint64_t word = 0;
    memcpy(&word, bytes + at, MIN(sizeof word, size - at));
    printf("0x%" G_GINT64_MODIFIER "x,\n", word ^ PATTERN_MASK);
  }
  printf("};\nconst PatternData %s = {%s_words, %zu};\n", name, name, size);
}

void
pattern_writer_write(const PatternWriter *writer, const char *header, const char *name)
{
  hs_database_t *database = compile(writer);
  char *bytes = NULL;
  size_t size = 0;
  if (hs_serialize_database(database, &bytes, &size) != HS_SUCCESS)
    g_error("Vectorscan gives no database");
  printf("#include \"%s\"\n\n", header);
  write_words(bytes, size, name);
  free(bytes);
  hs_free_database(database);
}
