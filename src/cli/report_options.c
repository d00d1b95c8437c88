/* Filtering and writing findings; see the header. */
#include "cli/report_options.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/enum_names.h"
#include "base/fd.h"

char *report_option_format, *report_option_severity, *report_option_by, *report_option_template;
/* Kept until the end: the style borrows it. */
static ReportTemplate *template_of_options;
char *report_option_kind;
gboolean report_option_fixable;

static bool
read_kinds(ReportOptions *options)
{
  const char *list = report_option_kind;
  for (size_t i = 0; i < FINDING_KINDS; i++)
    options->kinds[i] = list == NULL;
  g_auto(GStrv) names = g_strsplit(list != NULL ? list : "", ",", -1);
  for (char **name = names; *name != NULL; name++) {
    unsigned kind;
    if (!enum_find(finding_kind_names, g_strstrip(*name), &kind)) {
      g_autofree char *all = enum_list(finding_kind_names);
      command_usage_error("--kind must be of %s, is \"%s\"", all, *name);
      return false;
    }
    options->kinds[kind] = true;
  }
  return true;
}

bool
report_options_want_advisories(const ReportOptions *options)
{
  return options->kinds[FINDING_VULNERABILITY] || options->kinds[FINDING_MALWARE];
}

bool
report_options_read_severities(ReportOptions *options)
{
  const char *list = report_option_severity;
  bool *wanted = options->wanted;
  options->unknown_as = SEVERITY_OF_UNKNOWN_FIX;
  for (size_t i = 0; i <= SEVERITY_CRITICAL; i++)
    wanted[i] = list == NULL;
  g_auto(GStrv) names = g_strsplit(list != NULL ? list : "", ",", -1);
  for (char **name = names; *name != NULL; name++) {
    Severity severity;
    if (!severity_parse(g_strstrip(*name), &severity)) {
      command_usage_error("--severity must be of critical, high, medium, low, negligible and "
                          "unknown, is \"%s\"",
                          *name);
      return false;
    }
    wanted[severity] = true;
  }
  return read_kinds(options);
}

/* --template, which the format of that name needs, and no other takes. */
static bool
read_template(ReportOptions *options)
{
  bool needed = strcmp(options->writer->name, "template") == 0;
  g_autoptr(GError) error = NULL;
  if (needed != (report_option_template != NULL)) {
    command_usage_error(needed ? "--format template needs --template FILE"
                               : "--template is for --format template");
    return false;
  }
  if (!needed)
    return true;
  g_clear_pointer(&template_of_options, report_template_free);
  template_of_options = report_template_load(report_option_template, &error);
  options->style.template = template_of_options;
  if (error != NULL) {
    g_prefix_error(&error, "--template: ");
    command_fail(error);
  }
  return error == NULL;
}

bool
report_options_read(ReportOptions *options)
{
  *options = (ReportOptions){.writer = report_writer_find(report_option_format),
                             .unknown_as = SEVERITY_OF_UNKNOWN_FIX};
  if (options->writer == NULL) {
    g_autofree char *names = report_writer_names();
    command_usage_error("--format must be one of %s, is \"%s\"", names, report_option_format);
    return false;
  }
  if (!read_template(options))
    return false;
  options->style.by_vulnerability = g_strcmp0(report_option_by, "vulnerability") == 0;
  if (report_option_by != NULL && !options->style.by_vulnerability &&
      strcmp(report_option_by, "package") != 0) {
    command_usage_error("--by must be package or vulnerability, is \"%s\"", report_option_by);
    return false;
  }
  return report_options_read_severities(options);
}

/* Why the report shows less than a policy refuses. (transfer full) */
static char *
hidden_note(unsigned hidden, unsigned unknown, Severity as)
{
  g_autofree char *why =
      unknown == 0 ? g_strdup("")
                   : g_strdup_printf("; %u of them have no severity: policies count those with a "
                                     "fix as %s (--severity %s,unknown shows them)",
                                     unknown, severity_name(as), severity_name(as));
  return g_strdup_printf("findings that are not shown (--severity, %s--ignore-unfixed): %u%s",
                         report_option_kind == NULL ? "" : "--kind, ", hidden, why);
}

bool
report_options_want(const ReportOptions *options, const Finding *finding)
{
  return options->kinds[finding->kind] &&
         (options->wanted[finding->severity] ||
          options->wanted[finding_counted_as(finding, options->unknown_as)]) &&
         (!report_option_fixable || finding->kind != FINDING_VULNERABILITY ||
          finding->fixed_version != NULL);
}

GPtrArray *
report_options_filter(const ReportOptions *options, const GPtrArray *all, GPtrArray *notes)
{
  GPtrArray *kept = g_ptr_array_new();
  unsigned counted = 0, unknown = 0;
  for (guint i = 0; i < all->len; i++) {
    const Finding *finding = g_ptr_array_index(all, i);
    bool by_itself = options->wanted[finding->severity];
    if (!report_options_want(options, finding)) {
      unknown +=
          !by_itself && finding->severity == SEVERITY_UNKNOWN && options->kinds[finding->kind];
      continue;
    }
    counted += !by_itself;
    g_ptr_array_add(kept, g_ptr_array_index(all, i));
  }
  if (counted > 0)
    g_ptr_array_add(notes, report_counted_note(counted, options->unknown_as));
  if (kept->len < all->len)
    g_ptr_array_add(notes, hidden_note(all->len - kept->len, unknown, options->unknown_as));
  return kept;
}

static bool
write_file(const char *path, Slice bytes, GError **error)
{
  auto_fd int in_place = -1;
  bool opened = output_open_in_place(path, &in_place, error);
  if (opened && in_place < 0)
    return file_replace(AT_FDCWD, path, bytes, 0644, error);
  if (opened && fd_write_all(in_place, bytes, error))
    return true;
  g_prefix_error(error, "--output: ");
  return false;
}

static bool
is_file(const char *path)
{
  return path != NULL && strcmp(path, "-") != 0;
}

int
report_text_write(const char *text, const char *path)
{
  g_autoptr(GError) error = NULL;
  if (is_file(path))
    return write_file(path, slice_from_string(text), &error) ? EXIT_FINE : command_fail(error);
  fputs(text, stdout);
  return command_end_output(EXIT_FINE);
}

int
report_options_write(const ReportOptions *options, const Report *report, const char *path)
{
  ReportStyle style = options->style;
  style.width = is_file(path) ? 0 : terminal_width();
  style.colour = !is_file(path) && terminal_wants_colour();
  g_autofree char *text = options->writer->write(report, &style);
  return report_text_write(text, path);
}
