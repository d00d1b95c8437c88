/* Prints the members of the objects that the server answers with: path, type, whether it is always
 * there, and its words; check-schemas.py compares them with docs. */
#include <stdio.h>

#include "server/api/schemas.h"

static void
print_words(const JsonMember *member)
{
  for (const char *const *word = member->words; word != NULL && *word != NULL; word++)
    printf("%s%s", word == member->words ? "" : ",", *word);
}

static void
print_table(const char *path, const JsonTable *table, bool sometimes)
{
  for (size_t i = 0; i < table->count; i++) {
    const JsonMember *member = &table->members[i];
    g_autofree char *name = g_strconcat(path, ".", member->name, NULL);
    const char *type = member->kind->type != NULL ? member->kind->type : "object";
    bool always = !sometimes && json_member_is_always_there(member);
    printf("%s\t%s\t%s\t", name, type, always ? "always" : "sometimes");
    print_words(member);
    printf("\n");
    if (member->table != NULL)
      print_table(name, member->table, false);
  }
}

int
main(void)
{
  for (const ApiSchema *const *list = api_schemas; *list != NULL; list++)
    for (const ApiSchema *schema = *list; schema->name != NULL; schema++)
      print_table(schema->name, schema->table, schema->sometimes);
  return 0;
}
