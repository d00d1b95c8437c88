/* Runs when the program is built: compiles the triggers of all rules for Vectorscan and writes
 * their database as C to standard output. */
#include "inspect/patterns/write.h"
#include "inspect/secrets/rule.h"

int
main(void)
{
  g_autoptr(PatternWriter) writer = pattern_writer_new();
  for (size_t set = 0; secret_rule_sets[set] != NULL; set++)
    for (size_t i = 0; i < secret_rule_sets[set]->count; i++)
      pattern_writer_add(writer, secret_rule_trigger(&secret_rule_sets[set]->rules[i]), 0);
  pattern_writer_write(writer, "inspect/secrets/database-private.h", "secret_database");
  return 0;
}
