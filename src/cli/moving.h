/* What `assay repository move` and `assay namespace rename` share. */
#pragma once

#include <glib.h>

extern char *moving_redirect_option, *moving_format_option;

#define MOVING_OPTIONS                                                                             \
  {"redirect-for",                                                                                 \
   0,                                                                                              \
   0,                                                                                              \
   G_OPTION_ARG_STRING,                                                                            \
   &moving_redirect_option,                                                                        \
   "So long the old name answers pulls (default: 30d; 0: not at all)",                             \
   "TIME"},                                                                                        \
  {                                                                                                \
    "format", 'f', 0, G_OPTION_ARG_STRING, &moving_format_option,                                  \
        "How to write it (default: text)", "text|json"                                             \
  }
#define MOVING_HELP                                                                                \
  "All goes along: tags, referrers, what was deleted and can be brought back, quarantine,\n"       \
  "counts of pulls. The old name answers pulls for a time, by the rights to the new one; a\n"      \
  "push to it is refused, and told the new name. Grants that name what is moved speak of the\n"    \
  "new name from then on, if you manage access there, too."

/* POST to @path; returns the exit code. */
int moving_run(const char *path, const char *to);
