/* Grants as a table; see the header. */
#include "cli/grants_table.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/json.h"
#include "cli/command.h"
#include "report/columns.h"

/* (transfer full) */
static char *
subject_of(const json_t *grant)
{
  const char *kind = json_get_string(grant, "kind"), *name = json_get_string(grant, "subject");
  if (name == NULL)
    return g_strdup(kind);
  return g_strcmp0(kind, "team") == 0 ? g_strconcat("team:", name, NULL) : g_strdup(name);
}

void
grants_print(const json_t *grants)
{
  static const Column columns[] = {
      {.title = "ID", .flags = COLUMN_RIGHT},
      {.title = "WHO"},
      {.title = "EFFECT"},
      {.title = "ROLE"},
      {.title = "ON"},
      {.title = "TAGS", .flags = COLUMN_EMPTY},
      {.title = "UNTIL", .flags = COLUMN_EMPTY},
      {.title = "BY", .flags = COLUMN_EMPTY},
  };
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  size_t index;
  json_t *grant;
  json_array_foreach(grants, index, grant) {
    g_autofree char *who = subject_of(grant);
    g_autofree char *id =
        g_strdup_printf("%" JSON_INTEGER_FORMAT, json_get_integer(grant, "id", 0));
    columns_add(table,
                (const char *[]){id, who, json_get_string(grant, "effect"),
                                 json_get_string(grant, "role"), json_get_string(grant, "pattern"),
                                 json_get_string(grant, "tags"), json_get_string(grant, "until"),
                                 json_get_string(grant, "created_by")});
  }
  g_autofree char *text = columns_to_text(table, terminal_width(), false);
  fputs(text, stdout);
}

char *
grant_in_words(const json_t *grant)
{
  g_autofree char *who = subject_of(grant);
  const char *tags = json_get_string(grant, "tags"), *until = json_get_string(grant, "until");
  bool deny = g_strcmp0(json_get_string(grant, "effect"), "deny") == 0;
  return g_strdup_printf("%s %s %s on %s%s%s%s%s", who, deny ? "is denied what belongs to" : "is",
                         json_get_string(grant, "role"), json_get_string(grant, "pattern"),
                         tags != NULL ? ", tags " : "", tags != NULL ? tags : "",
                         until != NULL ? ", until " : "", until != NULL ? until : "");
}
