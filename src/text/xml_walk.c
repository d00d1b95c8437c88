/* expat's callbacks as visits; see the header. */
#include "text/xml_walk.h"

#include <expat.h>
#include <string.h>

#include "base/error.h"

/* What expat is given at once. */
#define PART_SIZE ((size_t)1024 * 1024)

typedef struct {
  XML_Parser parser;
  const XmlVisits *visits;
  void *data;
  GString *path, *text;
  size_t sizes[XML_WALK_DEPTH_MAX]; /* of the path, before each element */
  unsigned depth;
  const char *refused; /* why it was stopped; or NULL */
} Walk;

static void
refuse(Walk *walk, const char *why)
{
  walk->refused = why;
  XML_StopParser(walk->parser, XML_FALSE);
}

static void
begin_element(void *data, const XML_Char *name, const XML_Char **attributes)
{
  Walk *walk = data;
  const char *colon = strchr(name, ':'), *own = colon == NULL ? name : colon + 1;
  if (walk->depth >= XML_WALK_DEPTH_MAX || walk->path->len + strlen(own) + 1 > XML_WALK_PATH_MAX) {
    refuse(walk, "it is too deep");
    return;
  }
  walk->sizes[walk->depth++] = walk->path->len;
  if (walk->path->len > 0)
    g_string_append_c(walk->path, '/');
  g_string_append(walk->path, own);
  g_string_truncate(walk->text, 0);
  if (walk->visits->begin != NULL)
    walk->visits->begin(walk->path->str, attributes, walk->data);
}

static void
end_element(void *data, const XML_Char *name)
{
  Walk *walk = data;
  const char *valid_end;
  if (walk->depth == 0)
    return;
  if (!g_utf8_validate_len(walk->text->str, walk->text->len, &valid_end)) /* cut in a character */
    g_string_truncate(walk->text, (gsize)(valid_end - walk->text->str));
  if (walk->visits->end != NULL)
    walk->visits->end(walk->path->str, g_strstrip(walk->text->str), walk->data);
  g_string_truncate(walk->text, 0);
  g_string_truncate(walk->path, walk->sizes[--walk->depth]);
}

static void
take_text(void *data, const XML_Char *bytes, int size)
{
  Walk *walk = data;
  size_t left = XML_WALK_TEXT_MAX - walk->text->len;
  g_string_append_len(walk->text, bytes, (gssize)MIN((size_t)size, left));
}

static void
refuse_entity(void *data, const XML_Char *name, int is_parameter, const XML_Char *value,
              int value_size, const XML_Char *base, const XML_Char *system_id,
              const XML_Char *public_id, const XML_Char *notation)
{
  refuse(data, "it declares an entity");
}

static bool
feed(Walk *walk, Slice text, GError **error)
{
  enum XML_Status status = XML_STATUS_OK;
  do {
    Slice part = slice_sub(text, 0, PART_SIZE);
    text = slice_sub(text, part.size, SIZE_MAX);
    status = XML_Parse(walk->parser, part.size > 0 ? (const char *)part.data : "", (int)part.size,
                       text.size == 0);
  } while (status == XML_STATUS_OK && text.size > 0);
  if (walk->refused != NULL)
    return error_set(error, ASSAY_ERROR_LIMIT, "not read as XML: %s", walk->refused);
  return status == XML_STATUS_OK ||
         error_set(error, ASSAY_ERROR_INVALID, "not valid XML: line %lu: %s",
                   (unsigned long)XML_GetCurrentLineNumber(walk->parser),
                   XML_ErrorString(XML_GetErrorCode(walk->parser)));
}

bool
xml_walk(Slice text, const XmlVisits *visits, void *data, GError **error)
{
  g_autoptr(GString) path = g_string_new(NULL), content = g_string_new(NULL);
  Walk walk = {.parser = XML_ParserCreate(NULL),
               .visits = visits,
               .data = data,
               .path = path,
               .text = content};
  if (walk.parser == NULL)
    return error_set(error, ASSAY_ERROR_LIMIT, "no memory for an XML parser");
  XML_SetUserData(walk.parser, &walk);
  XML_SetElementHandler(walk.parser, begin_element, end_element);
  XML_SetCharacterDataHandler(walk.parser, take_text);
  XML_SetEntityDeclHandler(walk.parser, refuse_entity);
  bool walked = feed(&walk, text, error);
  XML_ParserFree(walk.parser);
  return walked;
}

const char *
xml_attribute(const char **attributes, const char *name)
{
  for (; *attributes != NULL; attributes += 2)
    if (strcmp(*attributes, name) == 0)
      return attributes[1];
  return NULL;
}
