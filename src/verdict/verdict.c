/* A verdict as a value; see the header. */
#include "verdict/verdict.h"

#include "base/json.h"
#include "verdict/exemption.h"

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
  VerdictExemption *exemption = data;
  g_ptr_array_unref(exemption->what);
  g_free(exemption->reason);
  g_free(exemption);
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
  g_free(verdict->policy);
  g_free(verdict->message);
  g_ptr_array_unref(verdict->reasons);
  g_ptr_array_unref(verdict->warnings);
  g_ptr_array_unref(verdict->exemptions);
  g_free(verdict);
}

static json_t *
exemption_to_json(const VerdictExemption *exemption)
{
  json_t *object = json_object();
  g_autofree char *expires = exemption_end_as_text(exemption->expires);
  json_object_set_new(object, "what", json_from_texts(exemption->what));
  json_object_set_new(object, "count", json_integer(exemption->count));
  json_set_string(object, "reason", exemption->reason);
  json_set_string(object, "expires", expires);
  json_object_set_new(object, "ended", json_boolean(exemption->ended));
  json_object_set_new(object, "ends_soon", json_boolean(exemption->ends_soon));
  return object;
}

json_t *
verdict_to_json(const Verdict *verdict)
{
  json_t *object = json_object();
  json_object_set_new(object, "allowed", json_boolean(verdict->allowed));
  json_set_string(object, "policy", verdict->policy);
  json_set_string(object, "message", verdict->message);
  json_object_set_new(object, "blocking", json_integer(verdict->blocking));
  json_object_set_new(object, "ignored", json_integer(verdict->ignored));
  json_object_set_new(object, "unscanned", json_boolean(verdict->unscanned));
  json_object_set_new(object, "reasons", json_from_texts(verdict->reasons));
  json_object_set_new(object, "warnings", json_from_texts(verdict->warnings));
  json_t *exemptions = json_array();
  for (guint i = 0; i < verdict->exemptions->len; i++)
    json_array_append_new(exemptions, exemption_to_json(g_ptr_array_index(verdict->exemptions, i)));
  json_object_set_new(object, "exemptions", exemptions);
  return object;
}

static void
lines_from_json(const json_t *json, const char *key, GPtrArray *lines)
{
  size_t index;
  json_t *item;
  json_array_foreach(json_get_array(json, key), index, item) {
    if (json_is_string(item))
      g_ptr_array_add(lines, g_strdup(json_string_value(item)));
  }
}

static VerdictExemption *
exemption_from_json(const json_t *json)
{
  VerdictExemption *exemption = verdict_exemption_new();
  const char *reason = json_get_string(json, "reason"), *expires = json_get_string(json, "expires");
  lines_from_json(json, "what", exemption->what);
  exemption->count = (unsigned)json_get_integer(json, "count", 0);
  exemption->reason = g_strdup(reason != NULL ? reason : "");
  g_autoptr(GDateTime) end = expires == NULL ? NULL : g_date_time_new_from_iso8601(expires, NULL);
  exemption->expires =
      end == NULL ? 0 : exemption_end_of(g_date_time_to_unix(end) * G_USEC_PER_SEC);
  exemption->ended = json_get_boolean(json, "ended", false);
  exemption->ends_soon = json_get_boolean(json, "ends_soon", false);
  return exemption;
}

Verdict *
verdict_from_json(const json_t *json)
{
  Verdict *verdict = verdict_new();
  verdict->allowed = json_get_boolean(json, "allowed", false);
  const char *policy = json_get_string(json, "policy");
  verdict->policy = g_strdup(policy != NULL ? policy : "");
  verdict->message = g_strdup(json_get_string(json, "message"));
  verdict->blocking = (unsigned)json_get_integer(json, "blocking", 0);
  verdict->ignored = (unsigned)json_get_integer(json, "ignored", 0);
  verdict->unscanned = json_get_boolean(json, "unscanned", false);
  lines_from_json(json, "reasons", verdict->reasons);
  lines_from_json(json, "warnings", verdict->warnings);
  size_t index;
  json_t *item;
  json_array_foreach(json_get_array(json, "exemptions"), index, item) {
    g_ptr_array_add(verdict->exemptions, exemption_from_json(item));
  }
  return verdict;
}
