/* Lists of entity tags, as If-Match and If-None-Match have them (RFC 9110, section 8.8.3), and the
 * tags of the API's objects. Pure.
 *
 * A tag is "SETTINGS" or "SETTINGS-REST": the first part is of what requests change, the second of
 * what changes by itself (when it was last used, how much it holds). If-Match asks for the first
 * alone: nobody's change is refused because somebody has logged in. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

typedef enum {
  TAGS_SHOWN,   /* If-None-Match: the whole tag; weak ones count */
  TAGS_CHANGED, /* If-Match: the part of the settings; weak ones do not count */
} TagsUse;

/* Of an object of the API, with its quotes. (transfer full) */
char *entity_tag_of(const json_t *object);
/* Whether a header names @tag (with its quotes; NULL: of what has none). "*" names each that there
 * is. What is no list of tags names none after the first mistake. */
bool entity_tags_name(const char *header, const char *tag, TagsUse use);
