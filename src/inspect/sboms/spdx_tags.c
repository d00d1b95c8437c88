/* SPDX 2 as tags and values: a line each, and values of several lines in <text>. */
#include <string.h>

#include "inspect/sboms/sboms-private.h"

#define TEXT_BEGIN SLICE_LITERAL("<text>")
#define TEXT_END   "</text>"

/* The value, without <text>; takes more lines from *@rest where it goes on there. (transfer full)
 */
static char *
value_of(Slice value, Slice *rest)
{
  value = slice_strip(value);
  if (!slice_has_prefix(value, TEXT_BEGIN))
    return slice_to_utf8(value);
  g_autoptr(GString) text = g_string_new(NULL);
  Slice line = slice_sub(value, TEXT_BEGIN.size, value.size);
  do {
    g_autofree char *part = slice_to_utf8(line);
    char *end = strstr(part, TEXT_END);
    if (end != NULL)
      *end = '\0';
    g_string_append_printf(text, "%s%s", text->len > 0 ? "\n" : "", part);
    if (end != NULL)
      break;
  } while (slice_next_line(rest, &line));
  return g_string_free(g_steal_pointer(&text), FALSE);
}

/* "CATEGORY TYPE LOCATOR". */
static void
read_reference(SbomPart *part, const char *value)
{
  g_auto(GStrv) words = g_strsplit_set(value, " \t", 3);
  if (g_strv_length(words) < 3)
    return;
  g_strstrip(words[2]);
  if (strcmp(words[1], "purl") == 0)
    sbom_set(&part->purl, words[2]);
  else if (g_str_has_prefix(words[1], "cpe2"))
    sbom_set(&part->cpe, words[2]);
}

static void
end_package(SbomReading *reading, SbomPart *part)
{
  sbom_add_whole(reading, part);
  sbom_add(reading, part);
  sbom_part_clear(part);
  *part = (SbomPart){.name = NULL};
}

static void
read_tag(SbomReading *reading, SbomPart *part, const char *tag, const char *value)
{
  if (strcmp(tag, "PackageName") == 0 || strcmp(tag, "FileName") == 0 ||
      strcmp(tag, "SnippetSPDXID") == 0)
    end_package(reading, part);
  if (strcmp(tag, "PackageName") == 0)
    sbom_set(&part->name, value);
  else if (part->name == NULL)
    return;
  else if (strcmp(tag, "PackageVersion") == 0)
    sbom_set(&part->version, value);
  else if (strcmp(tag, "PackageSupplier") == 0)
    sbom_part_supplier(part, value);
  else if (strcmp(tag, "PackageSourceInfo") == 0)
    sbom_part_source(part, value);
  else if (strcmp(tag, "PackageLicenseDeclared") == 0)
    sbom_part_licence(part, value);
  else if (strcmp(tag, "PrimaryPackagePurpose") == 0)
    part->os = part->os || g_str_has_prefix(value, "OPERATING");
  else if (strcmp(tag, "SPDXID") == 0)
    part->os = part->os || g_str_has_prefix(value, "SPDXRef-OperatingSystem");
  else if (strcmp(tag, "ExternalRef") == 0)
    read_reference(part, value);
  else if (strcmp(tag, "AnnotationComment") == 0)
    sbom_part_annotation(part, value);
}

void
sbom_read_tags(SbomReading *reading, Slice text)
{
  g_auto(SbomPart) part = {.name = NULL};
  Slice line;
  while (slice_next_line(&text, &line)) {
    gssize colon = slice_find(line, ':');
    if (colon <= 0 || line.data[0] == '#')
      continue;
    g_autofree char *tag = slice_to_utf8(slice_strip(slice_sub(line, 0, (size_t)colon)));
    g_autofree char *value = value_of(slice_sub(line, (size_t)colon + 1, line.size), &text);
    read_tag(reading, &part, tag, value);
  }
  end_package(reading, &part);
}
