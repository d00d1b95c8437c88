/* Reading Accept as Harbor sends it; see the header. */
#include "server/harbor/accept.h"

#include <string.h>

static const struct {
  const char *media_type;
  HarborWants wants;
} reports[] = {{HARBOR_REPORT_1_1, HARBOR_WANTS_VULNERABILITIES},
               {HARBOR_REPORT_1_0, HARBOR_WANTS_VULNERABILITIES},
               {HARBOR_SBOM_1_0, HARBOR_WANTS_SBOM}};

/* The value of a parameter, without quotes; NULL: it is not there. (transfer full) */
static char *
parameter_of(char **parts, const char *name)
{
  for (char **part = parts + 1; *part != NULL; part++) {
    g_auto(GStrv) pair = g_strsplit(*part, "=", 2);
    if (pair[0] != NULL && pair[1] != NULL && g_ascii_strcasecmp(g_strstrip(pair[0]), name) == 0)
      return g_strdup(g_strstrip(g_strdelimit(pair[1], "\"", ' ')));
  }
  return NULL;
}

/* Whether @range, a part of Accept, takes @media_type. A range without a version takes any. */
static bool
takes(const char *range, const char *media_type)
{
  g_auto(GStrv) asked = g_strsplit(range, ";", -1);
  g_auto(GStrv) ours = g_strsplit(media_type, ";", -1);
  const char *type = asked[0] == NULL ? "" : g_strstrip(asked[0]);
  if (strcmp(type, "*/*") == 0 || strcmp(type, "application/*") == 0)
    return true;
  if (g_ascii_strcasecmp(type, ours[0]) != 0)
    return false;
  g_autofree char *version = parameter_of(asked, "version");
  g_autofree char *our_version = parameter_of(ours, "version");
  return version == NULL || g_strcmp0(version, our_version) == 0;
}

HarborWants
harbor_wants(const char *accept, const char **media_type)
{
  g_auto(GStrv) ranges = g_strsplit(accept == NULL || *accept == '\0' ? "*/*" : accept, ",", -1);
  for (char **range = ranges; *range != NULL; range++)
    for (size_t i = 0; i < G_N_ELEMENTS(reports); i++)
      if (takes(*range, reports[i].media_type)) {
        *media_type = reports[i].media_type;
        return reports[i].wants;
      }
  return HARBOR_WANTS_NOTHING_OF_OURS;
}
