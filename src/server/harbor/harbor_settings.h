/* What the operator decides of scans for Harbor: `harbor` in the configuration. */
#pragma once

#include "base/settings.h"

#define HARBOR_REGISTRIES_MAX 100u

/* What becomes of an image of which something is not known (verdict/completeness.h). */
typedef enum {
  HARBOR_UNKNOWN_REPORTED, /* what is known is reported, with an entry for what is not */
  HARBOR_UNKNOWN_FAILS,    /* the scan ends with an error */
} HarborUnknown;

typedef struct {
  char **registries; /* from which images are pulled, and from no others: "HOST[:PORT]" by https,
                        "http://HOST[:PORT]"; none: nobody may ask */
  HarborUnknown unknown;
} HarborSettings;
extern const Section harbor_settings_section;

/* A registry's URL as Harbor gives it: "https://HOST[:PORT][/]". *host (transfer full): in lower
 * case, without the port that its scheme has anyway; *plain: it is http. False: it is no such URL.
 * Pure. */
bool harbor_registry_parse(const char *url, char **host, bool *plain);
/* Whether @url is one of those that are listed; *host and *plain as above. */
bool harbor_registry_is_listed(const HarborSettings *settings, const char *url, char **host,
                               bool *plain);
