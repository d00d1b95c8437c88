/* Programs that get no more fixes, as JSON has them: `EndedProgram` in docs/openapi.yaml. */
#include "inventory/program_life.h"
#include "report/report.h"

static const JsonMember members[] = {
    {JSON_MEMBER(EndedProgram, package), .kind = &json_text, .required = true},
    {JSON_MEMBER(EndedProgram, version), .kind = &json_text, .required = true},
    {JSON_MEMBER(EndedProgram, location), .kind = &json_text, .required = true},
    {JSON_MEMBER(EndedProgram, product), .kind = &json_text, .required = true},
    {JSON_MEMBER(EndedProgram, release), .kind = &json_text, .required = true},
    /* Empty where nobody says when. */
    {JSON_MEMBER(EndedProgram, end), .kind = &json_text, .required = true},
};
const JsonTable report_ended_program_table = JSON_TABLE(EndedProgram, members);

json_t *
report_ended_to_json(const GPtrArray *ended)
{
  json_t *array = json_array();
  for (guint i = 0; i < ended->len; i++)
    json_array_append_new(
        array, json_table_write(&report_ended_program_table, g_ptr_array_index(ended, i)));
  return array;
}

GPtrArray *
report_ended_from_json(const json_t *array, GError **error)
{
  g_autoptr(GPtrArray) ended = g_ptr_array_new_with_free_func((GDestroyNotify)ended_program_free);
  size_t index;
  json_t *item;
  json_array_foreach(array, index, item) {
    EndedProgram *program = g_new0(EndedProgram, 1);
    g_ptr_array_add(ended, program);
    if (!json_table_read(&report_ended_program_table, item, program, error))
      return NULL;
  }
  return g_steal_pointer(&ended);
}
