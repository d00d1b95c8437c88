/* CycloneDX as XML, of all versions. GMarkup knows no entities but the five of XML itself, and
 * reads no document type: nothing in a text makes it larger than it is. */
#include <string.h>

#include "inspect/sboms/sboms-private.h"

/* Below these nothing is a part of what is described. */
static const char *const foreign[] = {"tools",    "pedigree",    "formulation",
                                      "services", "annotations", "vulnerabilities"};

typedef struct {
  SbomReading *reading;
  GPtrArray *names; /* of the elements that are open; not owned: interned */
  GPtrArray *parts; /* SbomPart, of the components that are open */
  GString *text;    /* of the innermost element */
  char *property;   /* name of the open one */
  unsigned foreign; /* how many of the open elements are such */
} Reading;

static const char *const known[] = {"bom",         "metadata",    "component",      "components",
                                    "name",        "group",       "version",        "purl",
                                    "cpe",         "publisher",   "supplier",       "licenses",
                                    "license",     "id",          "expression",     "evidence",
                                    "occurrences", "occurrence",  "location",       "properties",
                                    "property",    "tools",       "pedigree",       "formulation",
                                    "services",    "annotations", "vulnerabilities"};

/* The name without a prefix of a namespace; "" for one that says nothing. */
static const char *
local_name(const char *name)
{
  const char *colon = strchr(name, ':');
  const char *local = colon != NULL ? colon + 1 : name;
  for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
    if (strcmp(known[i], local) == 0)
      return known[i];
  return "";
}

static bool
is_foreign(const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS(foreign); i++)
    if (strcmp(foreign[i], name) == 0)
      return true;
  return false;
}

/* The open element that is @above above the innermost; "": none. */
static const char *
open_name(const Reading *reading, guint above)
{
  guint count = reading->names->len;
  return above < count ? g_ptr_array_index(reading->names, count - 1 - above) : "";
}

static SbomPart *
open_part(const Reading *reading)
{
  return reading->parts->len == 0 ? NULL
                                  : g_ptr_array_index(reading->parts, reading->parts->len - 1);
}

static void
part_free(void *part)
{
  sbom_part_clear(part);
  g_free(part);
}

static const char *
attribute(const char **names, const char **values, const char *wanted)
{
  for (size_t i = 0; names[i] != NULL; i++)
    if (strcmp(names[i], wanted) == 0)
      return values[i];
  return NULL;
}

static void
start_element(GMarkupParseContext *context, const char *element, const char **names,
              const char **values, void *data, GError **error)
{
  Reading *reading = data;
  const char *name = local_name(element);
  if (reading->names->len >= SBOM_DEPTH_MAX) {
    g_set_error_literal(error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT,
                        "its elements are nested deeper than is followed");
    return;
  }
  if (reading->names->len == 0 && strcmp(name, "bom") != 0) {
    g_set_error_literal(error, G_MARKUP_ERROR, G_MARKUP_ERROR_UNKNOWN_ELEMENT,
                        "its first element is not <bom>");
    return;
  }
  g_ptr_array_add(reading->names, (gpointer)(uintptr_t)name);
  g_string_truncate(reading->text, 0);
  if (is_foreign(name))
    reading->foreign++;
  if (reading->foreign == 0 && strcmp(name, "component") == 0) {
    SbomPart *part = g_new0(SbomPart, 1);
    part->os = g_strcmp0(attribute(names, values, "type"), "operating-system") == 0;
    g_ptr_array_add(reading->parts, part);
  } else if (strcmp(name, "property") == 0) {
    g_free(reading->property);
    reading->property = g_strdup(attribute(names, values, "name"));
  }
}

/* What the innermost element says of the open part. */
static void
take_text(Reading *reading, SbomPart *part, const char *name)
{
  const struct {
    const char *name, *parent;
    char **member;
  } members[] = {{"name", "component", &part->name},
                 {"group", "component", &part->group},
                 {"version", "component", &part->version},
                 {"purl", "component", &part->purl},
                 {"cpe", "component", &part->cpe},
                 {"name", "supplier", &part->supplier},
                 {"publisher", "component", &part->supplier},
                 {"location", "occurrence", &part->location}};
  const char *parent = open_name(reading, 1), *text = g_strstrip(reading->text->str);
  for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
    if (strcmp(members[i].name, name) == 0 && strcmp(members[i].parent, parent) == 0)
      sbom_set(members[i].member, text);
  bool licence =
      strcmp(parent, "license") == 0 && (strcmp(name, "id") == 0 || strcmp(name, "name") == 0);
  if (licence || (strcmp(parent, "licenses") == 0 && strcmp(name, "expression") == 0))
    sbom_part_licence(part, text);
  if (strcmp(name, "property") == 0 && reading->property != NULL)
    sbom_part_fact(part, reading->property, text);
}

static void
end_component(Reading *reading, SbomPart *part)
{
  if (strcmp(open_name(reading, 1), "metadata") == 0)
    sbom_add_whole(reading->reading, part);
  else
    sbom_add(reading->reading, part);
  g_ptr_array_remove_index(reading->parts, reading->parts->len - 1);
}

static void
end_element(GMarkupParseContext *context, const char *element, void *data, GError **error)
{
  Reading *reading = data;
  const char *name = open_name(reading, 0);
  SbomPart *part = open_part(reading);
  if (reading->foreign == 0 && part != NULL && strcmp(name, "component") == 0)
    end_component(reading, part);
  else if (reading->foreign == 0 && part != NULL)
    take_text(reading, part, name);
  if (is_foreign(name))
    reading->foreign--;
  g_ptr_array_remove_index(reading->names, reading->names->len - 1);
  g_string_truncate(reading->text, 0);
}

static void
add_text(GMarkupParseContext *context, const char *text, gsize size, void *data, GError **error)
{
  Reading *reading = data;
  if (reading->text->len + size < (1u << 16))
    g_string_append_len(reading->text, text, (gssize)size);
}

void
sbom_read_xml(SbomReading *sbom, Slice text)
{
  static const GMarkupParser parser = {
      .start_element = start_element, .end_element = end_element, .text = add_text};
  Reading reading = {.reading = sbom,
                     .names = g_ptr_array_new(),
                     .parts = g_ptr_array_new_with_free_func(part_free),
                     .text = g_string_new(NULL)};
  g_autoptr(GMarkupParseContext) context =
      g_markup_parse_context_new(&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &reading, NULL);
  g_autoptr(GError) error = NULL;
  if (!g_markup_parse_context_parse(context, (const char *)text.data, (gssize)text.size, &error) ||
      !g_markup_parse_context_end_parse(context, &error))
    sbom_broken(sbom, error->message);
  g_ptr_array_unref(reading.names);
  g_ptr_array_unref(reading.parts);
  g_string_free(reading.text, TRUE);
  g_free(reading.property);
}
