/* What the resources of people, teams, robots and tokens share; see the header. */
#include "server/api/accounts.h"

#include "base/error.h"
#include "base/json.h"

/* Values of a body: a token has a few scopes. */
#define VALUES_MAX 2000u

const char *
api_asker(const Request *request)
{
  return request_principal(request)->name;
}

bool
api_is_administrator(Request *request)
{
  for (unsigned verb = VERB_NONE + 1; verb < VERB_COUNT; verb++)
    if (!request_may(request, (Verb)verb, NULL)) {
      respond_oci_error(request, MHD_HTTP_FORBIDDEN, "DENIED",
                        "only who may do all may give what acts for others: a password, a token, "
                        "a secret, or a place in a team",
                        NULL);
      return false;
    }
  return true;
}

bool
api_read_body(Request *request, const JsonTable *table, void *values)
{
  g_autoptr(GError) error = NULL;
  GBytes *bytes = request_body(request);
  bool empty = bytes == NULL || g_bytes_get_size(bytes) == 0;
  g_autoptr(json_t) body =
      empty ? json_object() : json_parse_bounded(slice_from_bytes(bytes), VALUES_MAX, &error);
  if (body == NULL) {
    api_refuse(request, "the body is not JSON: %s", error->message);
    return false;
  }
  if (!json_is_object(body)) {
    api_refuse(request, "the body must be a JSON object");
    return false;
  }
  if (json_table_read(table, body, values, &error))
    return true;
  api_refuse(request, "%s", error->message);
  return false;
}

bool
api_names_of(Request *request, uint64_t *limit, const char **last)
{
  const char *text = request_query(request, "last");
  *limit = PAGE_DEFAULT;
  *last = text != NULL ? text : "";
  return api_number_of(request, "limit", 1, PAGE_MAX, limit);
}

void
api_respond_names(Request *request, const char *key, const GPtrArray *list, const JsonTable *table,
                  uint64_t limit, const char *(*name_of)(void *one))
{
  g_autoptr(json_t) body = json_object();
  json_t *objects = json_array();
  json_set_number(body, "limit", limit);
  json_object_set_new(body, key, objects);
  for (guint i = 0; i < list->len; i++)
    json_array_append_new(objects, json_table_write(table, g_ptr_array_index(list, i)));
  if (list->len == limit)
    json_set_string(body, "next", name_of(g_ptr_array_index(list, list->len - 1)));
  respond_json(request, MHD_HTTP_OK, body);
}

void
api_respond_made(Request *request, const json_t *made, const char *folder, const char *name)
{
  respond_json(request, MHD_HTTP_CREATED, made);
  response_header_format(request, "Location", "%s/%s", folder, name);
}

/* --- members of bodies --- */

static json_t *
write_nothing(const JsonMember *member, const void *value)
{
  return NULL;
}

/* bool *: NULL where it is not said. */
static bool
read_choice(const JsonMember *member, const json_t *json, void *value, GError **error)
{
  bool **choice = value;
  if (json == NULL)
    return true;
  if (!json_is_boolean(json))
    return json_member_refuse(member, error);
  *choice = g_new(bool, 1);
  **choice = json_is_true(json);
  return true;
}

static void
clear_choice(const JsonMember *member, void *value)
{
  g_free(*(bool **)value);
}
const JsonKind api_choice_kind = {.type = "boolean",
                                  .noun = "true or false",
                                  .write = write_nothing,
                                  .read = read_choice,
                                  .clear = clear_choice};

const char *
api_account_name(void *account)
{
  return ((Account *)account)->name;
}
