/* Findings for people: what to do about them, the most urgent first. Names come from images and
 * feeds: report_clean_text() takes out what could drive a terminal. */
#include <string.h>

#include "report/columns.h"
#include "report/groups.h"
#include "report/report-private.h"

#define NUMBER_CELLS 4u /* "12. " */
/* More groups than this push the first one off the screen: it is said again at the end. */
#define SCREEN_GROUPS 10u

/* Of the vulnerabilities that count; the exempt ones come after them. */
static guint
counted(const FindingGroup *group)
{
  return group->vulnerabilities->len - group->exempt;
}

/* "2 affected, 1 will-not-fix" of what has no fix. */
static void
append_states(GString *text, const FindingGroup *group)
{
  unsigned counts[STATE_NOT_AFFECTED + 1] = {0}, shown = 0;
  for (guint i = 0; i < counted(group); i++)
    counts[((const Finding *)g_ptr_array_index(group->vulnerabilities, i))->state]++;
  for (unsigned state = 0; state < G_N_ELEMENTS(counts); state++)
    if (counts[state] > 0)
      g_string_append_printf(text, "%s%u %s", shown++ > 0 ? ", " : "", counts[state],
                             advisory_state_name((AdvisoryState)state));
}

/* "libssl3", or "the 4 packages of openssl". */
static void
append_subject(GString *text, const FindingGroup *group)
{
  const char *first = g_ptr_array_index(group->packages, 0);
  if (group->packages->len > 1)
    g_string_append_printf(text, "the %u packages of %s", group->packages->len, group->source);
  else
    g_string_append(text, first);
}

/* Where no source has a word there is nothing to say: the summary does, once. */
static void
append_worst(GString *text, Severity worst, bool colour)
{
  if (worst == SEVERITY_UNKNOWN)
    return;
  g_autofree char *name =
      report_coloured(severity_name(worst), report_severity_colour(worst), colour);
  g_string_append_printf(text, ", worst %s", name);
}

/* "fixes 3, 21 exempt": what the advice is good for. */
static void
append_good(GString *text, const FindingGroup *group)
{
  g_string_append(text, ": ");
  if (group->target == NULL)
    append_states(text, group);
  else if (counted(group) > 0)
    g_string_append_printf(text, "fixes %u", counted(group));
  if (group->exempt > 0)
    g_string_append_printf(text, "%s%u exempt", counted(group) > 0 ? ", " : "", group->exempt);
}

/* What to do in one line: "upgrade libssl3 to a build of openssl 3.0.9-1: fixes 14, worst
 * critical". (transfer full) */
static char *
advice_of(const FindingGroup *group, bool colour)
{
  g_autoptr(GString) text = g_string_new(group->target != NULL ? "upgrade " : "");
  append_subject(text, group);
  const Finding *worst = g_ptr_array_index(group->vulnerabilities, 0);
  bool other_source = group->packages->len == 1 && strcmp(worst->package, group->source) != 0;
  if (group->target != NULL && other_source)
    g_string_append_printf(text, " to a build of %s %s", group->source, group->target);
  else if (group->target != NULL)
    g_string_append_printf(text, " to %s", group->target);
  append_good(text, group);
  g_autofree char *clean = report_clean_text(text->str);
  g_autoptr(GString) all = g_string_new(clean);
  append_worst(all, worst->severity, colour);
  if (group->known_exploited > 0)
    g_string_append_printf(all, ", %u known to be exploited", group->known_exploited);
  return g_strdup(all->str);
}

/* "libssl3, openssl 3.0.9-1: ", of what is installed. A single package is in the advice already. */
static void
append_installed(GString *text, const FindingGroup *group)
{
  for (guint i = 0; group->packages->len > 1 && i < group->packages->len; i++)
    g_string_append_printf(text, "%s%s", (const char *)g_ptr_array_index(group->packages, i),
                           i + 1 < group->packages->len ? ", " : " ");
  for (guint i = 0; i < group->versions->len; i++)
    g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                           (const char *)g_ptr_array_index(group->versions, i));
  g_string_append(text, ": ");
}

/* What is installed and what it has; on a terminal as many numbers as fit on two lines, and at
 * least one. (transfer full) */
static char *
details_of(const FindingGroup *group, unsigned width)
{
  g_autoptr(GString) text = g_string_new(NULL);
  append_installed(text, group);
  size_t most = text->len + width; /* bytes are cells, or more */
  guint i = 0;
  for (; i < group->vulnerabilities->len; i++) {
    const Finding *finding = g_ptr_array_index(group->vulnerabilities, i);
    if (i > 0 && width > 0 && text->len + strlen(finding->id) + strlen(", and 1000 more") > most)
      break;
    g_string_append_printf(text, "%s%s%s", i > 0 ? ", " : "", finding->id,
                           finding->exempt_reason != NULL ? " (exempt)" : "");
  }
  if (i < group->vulnerabilities->len)
    g_string_append_printf(text, " and %u more", group->vulnerabilities->len - i);
  return report_clean_text(text->str);
}

static void
append_group(GString *out, const FindingGroup *group, unsigned number, unsigned width, bool colour)
{
  g_autofree char *advice = advice_of(group, colour), *details = details_of(group, width);
  g_autofree char *first = g_strdup_printf("%2u. ", number);
  g_autofree char *indent = g_strnfill(NUMBER_CELLS, ' ');
  report_append_prose(out, first, advice, width, NUMBER_CELLS);
  report_append_prose(out, indent, details, width, NUMBER_CELLS);
}

static void
append_heading(GString *out, const char *text, bool colour)
{
  g_autofree char *heading = report_coloured(text, "1", colour);
  g_string_append_printf(out, "%s\n", heading);
}

static const char *
heading_of(const FindingGroup *group)
{
  static const char urgent[] = "What to do, the most urgent first:",
                    unfixed[] = "No version that fixes these is published:",
                    exempt[] = "All of these are exempt:";
  return finding_group_is_exempt(group) ? exempt : group->target != NULL ? urgent : unfixed;
}

void
report_append_groups(GString *out, const GPtrArray *findings, unsigned width, bool colour)
{
  g_autoptr(GPtrArray) groups = finding_groups_new(findings);
  unsigned fixes = 0;
  const char *before = NULL;
  for (guint i = 0; i < groups->len; i++) {
    const FindingGroup *group = g_ptr_array_index(groups, i);
    const char *heading = heading_of(group);
    fixes += group->target != NULL && !finding_group_is_exempt(group);
    if (heading != before) {
      g_string_append(out, before != NULL ? "\n" : "");
      append_heading(out, heading, colour);
      before = heading;
    }
    append_group(out, group, i + 1, width, colour);
  }
  if (width == 0 || fixes == 0 || groups->len <= SCREEN_GROUPS)
    return;
  g_autofree char *first = report_coloured("First of all:", "1", colour);
  g_autofree char *prefix = g_strconcat("\n", first, " ", NULL);
  g_autofree char *advice = advice_of(g_ptr_array_index(groups, 0), colour);
  report_append_prose(out, prefix, advice, width, 2);
}
