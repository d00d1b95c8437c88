/* What an image could shed as tables for people; see shed_report.h. */
#include <string.h>

#include "report/columns.h"
#include "report/report-private.h"
#include "report/shed_report.h"

/* Of each kind the largest; JSON has all. */
#define FILES_SHOWN    8u
#define PACKAGES_SHOWN 15u

/* What a person reads of a kind, and what to do. */
static const struct {
  const char *name, *remedy;
} words[SHED_KINDS] = {
    [SHED_REMOVED] = {"removed by a later layer",
                      "remove them in the step that makes them, or build in a stage of its own"},
    [SHED_REPLACED] = {"replaced by a later layer",
                       "write them once: COPY --chown and --chmod in the place of RUN chown"},
    [SHED_CACHE] = {"caches of package managers",
                    "remove them in the same RUN, or mount them: RUN --mount=type=cache"},
    [SHED_TEMPORARY] = {"temporary files and logs", "remove them in the step that makes them"},
    [SHED_DOCUMENTATION] = {"documentation",
                            "leave it out: dpkg's path-exclude, rpm's --nodocs, no *-doc of apk"},
    [SHED_LOCALE] = {"locales not in use", "leave out all but those of LANG"},
    [SHED_BUILD] = {"build tools and headers",
                    "build in a stage of its own, and COPY what comes of it"},
    [SHED_DUPLICATE] = {"files that are there twice",
                        "write them once, and make links of the others: ln"},
    [SHED_MANAGER] = {"package managers", "use a base without them, where nothing is installed"},
    [SHED_SHELL] = {"shells", "use a base without them, where nothing runs a script"},
    [SHED_TOOL] = {"tools to fetch and debug with",
                   "remove them in the step that uses them, or use them in a stage of its own"},
    [SHED_SET_ID] = {"setuid and setgid files", "take the bit away: chmod a-s"},
};

/* (transfer full) */
static char *
size_in_words(uint64_t bytes)
{
  g_autofree char *text = g_format_size(bytes);
  g_auto(GStrv) parts = g_strsplit(text, "\xc2\xa0", -1); /* a space that does not break */
  return g_strjoinv(" ", parts);
}

static void
append_sums(GString *out, const Shed *shed, const ReportStyle *style)
{
  static const Column columns[] = {{"WHAT", 0, 0},
                                   {"FILES", 0, COLUMN_RIGHT},
                                   {"SIZE", 0, COLUMN_RIGHT},
                                   {"WHAT TO DO", 20, COLUMN_CUT}};
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  for (unsigned i = 0; i < SHED_KINDS; i++) {
    const WeightSum *sum = &shed->sums[i];
    g_autofree char *files = g_strdup_printf("%" G_GUINT64_FORMAT, sum->files);
    g_autofree char *size = size_in_words(sum->bytes);
    const char *const cells[] = {words[i].name, files, size, words[i].remedy};
    if (sum->files > 0)
      columns_add(table, cells);
  }
  g_autofree char *text = columns_to_text(table, style->width, style->colour);
  g_string_append_printf(out, "\n%s", text);
}

/* (transfer full): "" for none, so that a column of none is left out */
static char *
count_in_words(uint32_t count)
{
  return count == 0 ? g_strdup("") : g_strdup_printf("%u", count);
}

static uint64_t
shed_of_layer(const ShedLayer *layer)
{
  uint64_t bytes = 0;
  for (unsigned i = 0; i < SHED_KINDS; i++)
    bytes += shed_kind_counts(i) ? layer->sums[i].bytes : 0;
  return bytes;
}

static void
add_layer(Columns *table, const char *number, const ShedLayer *layer, const ShedFindings *found)
{
  bool of_layer = layer != NULL;
  g_autofree char *packed = of_layer ? size_in_words(layer->packed_bytes) : NULL;
  g_autofree char *files = of_layer && layer->known ? size_in_words(layer->files.bytes) : NULL;
  g_autofree char *could = of_layer && layer->known ? size_in_words(shed_of_layer(layer)) : NULL;
  g_autofree char *command =
      of_layer ? report_command_in_words(layer->command) : g_strdup("(how the image is built)");
  g_autofree char *counts[SEVERITY_CRITICAL + 1] = {NULL};
  for (unsigned i = 0; i <= SEVERITY_CRITICAL; i++)
    counts[i] = count_in_words(found->counts[i]);
  const char *unknown = of_layer ? "?" : "";
  const char *const cells[] = {number,
                               packed,
                               files != NULL ? files : unknown,
                               could != NULL ? could : unknown,
                               counts[SEVERITY_CRITICAL],
                               counts[SEVERITY_HIGH],
                               counts[SEVERITY_MEDIUM],
                               counts[SEVERITY_LOW],
                               counts[SEVERITY_NEGLIGIBLE],
                               counts[SEVERITY_UNKNOWN],
                               command};
  columns_add(table, cells);
  for (unsigned i = 0; i <= SEVERITY_CRITICAL; i++)
    g_free(g_steal_pointer(&counts[i]));
}

static void
append_layers(GString *out, const ShedReport *report, const ReportStyle *style)
{
  static const Column columns[] = {{"LAYER", 0, COLUMN_RIGHT},
                                   {"PACKED", 0, COLUMN_RIGHT},
                                   {"FILES", 0, COLUMN_RIGHT},
                                   {"COULD GO", 0, COLUMN_RIGHT},
                                   {"CRITICAL", 0, COLUMN_RIGHT | COLUMN_EMPTY},
                                   {"HIGH", 0, COLUMN_RIGHT | COLUMN_EMPTY},
                                   {"MEDIUM", 0, COLUMN_RIGHT | COLUMN_EMPTY},
                                   {"LOW", 0, COLUMN_RIGHT | COLUMN_EMPTY},
                                   {"NEGLIGIBLE", 0, COLUMN_RIGHT | COLUMN_EMPTY},
                                   {"UNKNOWN", 0, COLUMN_RIGHT | COLUMN_EMPTY},
                                   {"COMMAND", 16, COLUMN_CUT | COLUMN_EMPTY}};
  static const ShedFindings none = {{0}};
  const GArray *layers = report->shed->layers;
  g_autoptr(GArray) findings = shed_report_findings(report);
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < layers->len; i++) {
    g_autofree char *number = g_strdup_printf("%u", i + 1);
    add_layer(table, number, &g_array_index(layers, ShedLayer, i),
              &g_array_index(findings, ShedFindings, i + 1));
  }
  const ShedFindings *others = &g_array_index(findings, ShedFindings, 0);
  if (memcmp(others, &none, sizeof none) != 0)
    add_layer(table, "-", NULL, others);
  g_autofree char *text = columns_to_text(table, style->width, style->colour);
  g_string_append_printf(out, "\n%s", text);
}

static void
append_packages(GString *out, const Shed *shed, const ReportStyle *style)
{
  static const Column columns[] = {{"BUILD TOOL", 0, 0},
                                   {"VERSION", 8, COLUMN_CUT},
                                   {"INSTALLED", 0, COLUMN_RIGHT},
                                   {"LAYER", 0, COLUMN_RIGHT}};
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  for (guint i = 0; i < shed->packages->len && i < PACKAGES_SHOWN; i++) {
    const ShedPackage *each = &g_array_index(shed->packages, ShedPackage, i);
    uint64_t bytes = each->package->installed_bytes;
    g_autofree char *size = bytes == 0 ? g_strdup("?") : size_in_words(bytes);
    g_autofree char *layer = g_strdup_printf("%u", each->layer);
    const char *const cells[] = {each->package->name, each->package->version, size, layer};
    columns_add(table, cells);
  }
  g_autofree char *text = columns_to_text(table, style->width, style->colour);
  g_string_append_printf(out, "\n%s", text);
  if (shed->packages->len > PACKAGES_SHOWN)
    g_string_append_printf(out, "%u more build tools; --format json lists all\n",
                           shed->packages->len - PACKAGES_SHOWN);
}

static void
append_files(GString *out, const Shed *shed, const ReportStyle *style)
{
  static const Column columns[] = {{"FILE", 24, COLUMN_CUT},
                                   {"SIZE", 0, COLUMN_RIGHT},
                                   {"LAYER", 0, COLUMN_RIGHT},
                                   {"WHAT", 24, COLUMN_CUT}};
  g_autoptr(Columns) table = columns_new(columns, G_N_ELEMENTS(columns));
  guint of_kind = 0, left = 0;
  ShedKind kind = SHED_KINDS;
  for (guint i = 0; i < shed->files->len; i++) {
    const ShedFile *file = g_ptr_array_index(shed->files, i);
    of_kind = file->kind == kind ? of_kind + 1 : 1;
    kind = file->kind;
    if (of_kind > FILES_SHOWN) {
      left++;
      continue;
    }
    g_autofree char *size = file->bytes == 0 ? g_strdup("link") : size_in_words(file->bytes);
    g_autofree char *layer = g_strdup_printf("%u", file->layer);
    g_autofree char *what =
        file->same_as != NULL ? g_strdup_printf("same as %s", file->same_as)
        : file->by == 0       ? g_strdup(shed_kind_names[kind])
                              : g_strdup_printf("%s by layer %u",
                                          kind == SHED_REMOVED ? "removed" : "replaced", file->by);
    const char *const cells[] = {file->path, size, layer, what};
    columns_add(table, cells);
  }
  g_autofree char *text = columns_to_text(table, style->width, style->colour);
  g_string_append_printf(out, "\n%s", text);
  if (left > 0)
    g_string_append_printf(out, "%u more files; --format json lists all\n", left);
}

char *
shed_report_to_text(const ShedReport *report, const ReportStyle *style)
{
  const Shed *shed = report->shed;
  GString *out = g_string_new(NULL);
  report_append_target(out, report->report, style->width);
  uint64_t bytes = 0;
  for (guint i = 0; i < shed->layers->len; i++)
    bytes += g_array_index(shed->layers, ShedLayer, i).files.bytes;
  g_autofree char *all = size_in_words(bytes), *could = size_in_words(shed->bytes);
  g_string_append_printf(out, "%s of files in %u layer%s; %s%s of them could go\n", all,
                         shed->layers->len, shed->layers->len == 1 ? "" : "s",
                         shed->at_least ? "at least " : "", could);
  report_append_lines(out, "incomplete: ", report->report->gaps, style->width);
  report_append_lines(out, "note: ", report->report->notes, style->width);
  if (!report->counted)
    g_string_append(out, "note: without advisories, vulnerabilities are not counted\n");
  append_sums(out, shed, style);
  append_layers(out, report, style);
  if (shed->packages->len > 0)
    append_packages(out, shed, style);
  if (shed->files->len > 0)
    append_files(out, shed, style);
  return g_string_free(out, FALSE);
}
