/* What the two halves of the updateinfo feed share. */
#pragma once

#include <expat.h>

#include "advisory/feeds/feed.h"

/* The value of an element's attribute, or NULL. (transfer none) */
const char *updateinfo_attribute(const XML_Char **attributes, const char *name);

/* From the file that the config's url names, or from the repository that it is. */
bool updateinfo_fetch(FeedContext *context, bool *changed, GError **error);
