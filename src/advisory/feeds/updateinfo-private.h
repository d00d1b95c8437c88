/* What the two halves of the updateinfo feed share. */
#pragma once

#include "advisory/feeds/feed.h"

/* From the file that the config's url names, or from the repository that it is. */
bool updateinfo_fetch(FeedContext *context, bool *changed, GError **error);
