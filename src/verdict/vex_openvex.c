/* OpenVEX 0.0.1 to 0.2.0 (openvex.dev). */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "verdict/vex-private.h"

static bool
read_status(const char *text, VexStatus *status)
{
  static const struct {
    const char *text;
    VexStatus status;
  } words[] = {{"not_affected", VEX_NOT_AFFECTED},
               {"fixed", VEX_FIXED},
               {"affected", VEX_AFFECTED},
               {"under_investigation", VEX_UNDER_INVESTIGATION}};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (strcmp(words[i].text, text) == 0) {
      *status = words[i].status;
      return true;
    }
  return false;
}

/* A product or a component: an object, or in older documents its identifier alone. The package URL
 * says more than an identifier that is none. */
static const char *
identifier_of(const json_t *item)
{
  const char *id = json_is_string(item) ? json_string_value(item) : json_get_string(item, "@id");
  const char *purl = json_get_string(json_get_object(item, "identifiers"), "purl");
  return purl != NULL && (id == NULL || !g_str_has_prefix(id, "pkg:")) ? purl : id;
}

static bool
add_components(VexDocument *document, const VexSaid *said, const char *product,
               const json_t *components, GError **error)
{
  size_t index;
  json_t *component;
  if (json_array_size(components) == 0)
    return vex_add(document, said, product, NULL, error);
  json_array_foreach(components, index, component) {
    const char *id = identifier_of(component);
    if (id != NULL && !vex_add(document, said, product, id, error))
      return false;
  }
  return true;
}

static bool
read_statement(VexDocument *document, const json_t *statement, int64_t time, GError **error)
{
  const json_t *vulnerability = json_object_get(statement, "vulnerability");
  const char *name = json_is_string(vulnerability) ? json_string_value(vulnerability)
                                                   : json_get_string(vulnerability, "name");
  g_auto(GStrv) aliases = json_get_strings(vulnerability, "aliases");
  int64_t own = vex_time(json_get_string(statement, "timestamp"));
  VexSaid said = {.id = name != NULL ? name : json_get_string(vulnerability, "@id"),
                  .aliases = aliases,
                  .written = json_get_string(statement, "status"),
                  .justification = json_get_string(statement, "justification"),
                  .detail = json_get_string(statement, "impact_statement"),
                  .time = own != 0 ? own : time};
  if (said.detail == NULL)
    said.detail = json_get_string(statement, "status_notes");
  if (said.written == NULL || !read_status(said.written, &said.status))
    return true;
  const json_t *of_all = json_get_array(statement, "subcomponents");
  size_t index;
  json_t *product;
  json_array_foreach(json_get_array(statement, "products"), index, product) {
    const json_t *own_components = json_get_array(product, "subcomponents");
    if (!add_components(document, &said, identifier_of(product),
                        own_components != NULL ? own_components : of_all, error))
      return false;
  }
  return true;
}

bool
vex_read_openvex(VexDocument *document, const json_t *json, GError **error)
{
  int64_t time = vex_time(json_get_string(json, "timestamp"));
  size_t index;
  json_t *statement;
  document->author = g_strdup(json_get_string(json, "author"));
  json_array_foreach(json_get_array(json, "statements"), index, statement) {
    if (!read_statement(document, statement, time, error))
      return false;
  }
  return true;
}
