/* Runs when the program is built: compiles the triggers of all rules for Vectorscan and writes
 * their database as C to standard output. A pattern that Vectorscan refuses ends the build. */
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/secrets/rule.h"

typedef struct {
  GPtrArray *patterns;
  GArray *flags, *numbers; /* unsigned */
} Rows;

static void
add_row(Rows *rows, const SecretRule *rule)
{
  unsigned number = rows->patterns->len, flags = 0;
  g_ptr_array_add(rows->patterns, (gpointer)(uintptr_t)secret_rule_trigger(rule));
  g_array_append_val(rows->flags, flags);
  g_array_append_val(rows->numbers, number);
}

static void
write_words(const char *bytes, size_t size)
{
  printf("#include \"inspect/secrets/database-private.h\"\n\n"
         "const size_t secret_database_size = %zu;\n"
         "const uint64_t secret_database_words[] = {\n",
         size);
  for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
    uint64_t word = 0;
    memcpy(&word, bytes + at, MIN(sizeof word, size - at));
    printf("0x%" G_GINT64_MODIFIER "x,\n", word);
  }
  printf("};\n");
}

int
main(void)
{
  Rows rows = {g_ptr_array_new(), g_array_new(FALSE, FALSE, sizeof(unsigned)),
               g_array_new(FALSE, FALSE, sizeof(unsigned))};
  for (size_t set = 0; secret_rule_sets[set] != NULL; set++)
    for (size_t i = 0; i < secret_rule_sets[set]->count; i++)
      add_row(&rows, &secret_rule_sets[set]->rules[i]);
  /* Zeroes: of no processor in particular. */
  const hs_platform_info_t any = {0};
  hs_database_t *database = NULL;
  hs_compile_error_t *wrong = NULL;
  if (hs_compile_multi((const char *const *)rows.patterns->pdata,
                       (const unsigned *)(void *)rows.flags->data,
                       (const unsigned *)(void *)rows.numbers->data, rows.patterns->len,
                       HS_MODE_BLOCK, &any, &database, &wrong) != HS_SUCCESS) {
    const char *pattern = wrong->expression < 0 ? "all" : rows.patterns->pdata[wrong->expression];
    fprintf(stderr, "Vectorscan refuses %s: %s\n", pattern, wrong->message);
    return 1;
  }
  char *bytes = NULL;
  size_t size = 0;
  if (hs_serialize_database(database, &bytes, &size) != HS_SUCCESS)
    return 1;
  write_words(bytes, size);
  free(bytes);
  hs_free_database(database);
  g_ptr_array_free(rows.patterns, TRUE);
  g_array_free(rows.flags, TRUE);
  g_array_free(rows.numbers, TRUE);
  return 0;
}
