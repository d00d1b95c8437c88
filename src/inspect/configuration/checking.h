/* What is asked of a build, and what was found so far. */
#pragma once

#include "inspect/configuration/check.h"
#include "inspect/configuration/mask.h"
#include "inventory/observation.h"

struct Checking {
  const char *name;        /* of the Dockerfile, or "history" */
  const char *rule;        /* of the check that is asked */
  const GPtrArray *global; /* comments at the top of the file, or NULL */
  const Masks *masks;
  GPtrArray *observations; /* ImageObservation */
  GHashTable *seen;        /* what is observed once is not again */
  guint masked;            /* texts */
};
