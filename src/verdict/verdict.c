/* A verdict as a value; see the header. */
#include "verdict/verdict.h"

#include "verdict/exemption.h"

static const JsonMember exemption_members[] = {
    {JSON_MEMBER(VerdictExemption, what), .kind = &json_lines},
    {JSON_MEMBER(VerdictExemption, count), .kind = &json_number},
    {JSON_MEMBER(VerdictExemption, reason), .kind = &json_text, .otherwise = ""},
    {JSON_MEMBER(VerdictExemption, expires), .kind = &json_moment},
    {JSON_MEMBER(VerdictExemption, ended), .kind = &json_flag},
    {JSON_MEMBER(VerdictExemption, ends_soon), .kind = &json_flag},
};
static const JsonTable exemption_table = JSON_TABLE(VerdictExemption, exemption_members);

static const JsonMember members[] = {
    {JSON_MEMBER(Verdict, allowed), .kind = &json_flag, .required = true},
    {JSON_MEMBER(Verdict, policy), .kind = &json_text, .otherwise = ""},
    {JSON_MEMBER(Verdict, message), .kind = &json_text},
    {JSON_MEMBER(Verdict, blocking), .kind = &json_number},
    {JSON_MEMBER(Verdict, ignored), .kind = &json_number},
    {JSON_MEMBER(Verdict, unscanned), .kind = &json_flag},
    {JSON_MEMBER(Verdict, reasons), .kind = &json_lines},
    {JSON_MEMBER(Verdict, warnings), .kind = &json_lines},
    {JSON_MEMBER(Verdict, exemptions), .kind = &json_list, .table = &exemption_table},
};
const JsonTable verdict_table = JSON_TABLE(Verdict, members);

VerdictExemption *
verdict_exemption_new(void)
{
  VerdictExemption *exemption = g_new0(VerdictExemption, 1);
  exemption->what = g_ptr_array_new_with_free_func(g_free);
  return exemption;
}

static void
exemption_free(void *data)
{
  json_table_clear(&exemption_table, data);
  g_free(data);
}

char *
verdict_exemption_subject(const VerdictExemption *exemption)
{
  const char *first =
      exemption->what->len == 0 ? "something" : g_ptr_array_index(exemption->what, 0);
  guint others = exemption->what->len <= 1 ? 0 : exemption->count - 1;
  return others == 0
             ? g_strdup(first)
             : g_strdup_printf("%s and %u more finding%s", first, others, others == 1 ? "" : "s");
}

char *
verdict_exemption_in_words(const VerdictExemption *exemption)
{
  g_autofree char *subject = verdict_exemption_subject(exemption);
  g_autofree char *end = exemption_end_in_words(exemption->expires);
  return g_strdup_printf("%s, %s%s: %s", subject,
                         exemption->ended          ? "ended on "
                         : exemption->expires != 0 ? "until "
                                                   : "",
                         end, exemption->reason);
}

Verdict *
verdict_new(void)
{
  Verdict *verdict = g_new0(Verdict, 1);
  g_atomic_ref_count_init(&verdict->references);
  verdict->allowed = true;
  verdict->reasons = g_ptr_array_new_with_free_func(g_free);
  verdict->warnings = g_ptr_array_new_with_free_func(g_free);
  verdict->exemptions = g_ptr_array_new_with_free_func(exemption_free);
  return verdict;
}

Verdict *
verdict_ref(Verdict *verdict)
{
  g_atomic_ref_count_inc(&verdict->references);
  return verdict;
}

void
verdict_unref(Verdict *verdict)
{
  if (verdict == NULL || !g_atomic_ref_count_dec(&verdict->references))
    return;
  json_table_clear(&verdict_table, verdict);
  g_free(verdict);
}

json_t *
verdict_to_json(const Verdict *verdict)
{
  return json_table_write(&verdict_table, verdict);
}

Verdict *
verdict_from_json(const json_t *json, GError **error)
{
  g_autoptr(Verdict) verdict = verdict_new();
  return json_table_read(&verdict_table, json, verdict, error) ? g_steal_pointer(&verdict) : NULL;
}
