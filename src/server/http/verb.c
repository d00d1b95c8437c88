/* The words for verbs; see the header. */
#include "server/http/verb.h"

#include <glib.h>

const char *
verb_name(Verb verb)
{
  static const char *const names[] = {
      [VERB_NONE] = "none",
      [VERB_PULL] = "pull",
      [VERB_PUSH] = "push",
      [VERB_DELETE] = "delete",
      [VERB_LIST] = "list",
      [VERB_READ_FINDINGS] = "read-findings",
      [VERB_READ_METRICS] = "read-metrics",
      [VERB_OPERATE] = "operate",
  };
  return (size_t)verb < G_N_ELEMENTS(names) ? names[verb] : NULL;
}
