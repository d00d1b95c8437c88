/* A sink for the feeds' parsers that reads every byte that it is given, so that a sanitizer sees a
 * string that is none. */
#pragma once

#include <string.h>

#include "advisory/feeds/feed.h"

static inline void
fuzz_touch(const char *text)
{
  if (text != NULL)
    g_assert_cmpuint(strlen(text), <, G_MAXSIZE);
}

static inline bool
fuzz_take_range(const AdvisoryRange *range, void *data, GError **error)
{
  const char *const texts[] = {
      range->id,         range->ecosystem,     range->package,        range->module,
      range->introduced, range->fixed_version, range->vendor_id,      range->last_affected,
      range->note,       range->architectures, range->release_version};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    fuzz_touch(texts[i]);
  return true;
}

static inline bool
fuzz_take_details(const AdvisoryDetails *details, void *data, GError **error)
{
  const char *const texts[] = {details->id, details->title, details->description,
                               details->cvss_vector};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    fuzz_touch(texts[i]);
  for (guint i = 0; details->references != NULL && details->references[i] != NULL; i++)
    fuzz_touch(details->references[i]);
  return true;
}

static const FeedSink fuzz_sink = {.range = fuzz_take_range, .details = fuzz_take_details};
