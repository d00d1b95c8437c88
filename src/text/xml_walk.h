/* XML of strangers, walked element by element, by expat: no entities of its own, bounded in depth.
 * Names are without the prefix of their namespace. Pure functions over bytes. */
#pragma once

#include "base/slice.h"

#define XML_WALK_DEPTH_MAX 32u
/* Of a path; and of the text of an element, the rest of which is cut, at the end of a character. */
#define XML_WALK_PATH_MAX ((size_t)2048)
#define XML_WALK_TEXT_MAX ((size_t)16 * 1024)

typedef struct {
  /* An element begins. @path: the names that lead to it, "project/dependencies". @attributes: names
   * and values in turn, NULL-ended. NULL: nobody asks. */
  void (*begin)(const char *path, const char **attributes, void *data);
  /* It ends. @text: what is in it, stripped, without what is in elements in it. NULL likewise. */
  void (*end)(const char *path, const char *text, void *data);
} XmlVisits;

/* Broken XML is ASSAY_ERROR_INVALID, after the visits of what is before it; what is too deep, or
 * declares entities, is _LIMIT. */
bool xml_walk(Slice text, const XmlVisits *visits, void *data, GError **error);

/* The value of the attribute @name, or NULL. */
const char *xml_attribute(const char **attributes, const char *name);
