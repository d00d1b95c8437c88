/* Reading files of what is to be ignored; see the header. */
#include "verdict/ignore_file.h"

#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/yaml.h"
#include "verdict/language-private.h"

#define SHOWN_MAX ((size_t)100)

static const Setting file_settings[] = {
    {SETTING_LIST(IgnoreFile, exemptions), .section = &policy_exemption_section,
     .most = POLICY_EXEMPTIONS_MAX, .required = true},
};
static const Section file_section = {file_settings, G_N_ELEMENTS(file_settings),
                                     sizeof(IgnoreFile)};

void
ignore_file_free(IgnoreFile *file)
{
  if (file == NULL)
    return;
  g_free(file->name);
  settings_clear(&file_section, file); /* sets all of it to zero bytes */
  g_free(file);
}

/* --- the list --- */

/* What a list is read with. */
typedef struct {
  const char *name;
  unsigned line;
  GArray *exemptions; /* Exemption */
  GString *comment;   /* of the lines right above */
} ListReader;

static bool
complain(const ListReader *reader, const char *what, const char *text, GError **error)
{
  g_autofree char *shown = slice_to_printable(slice_from_string(text), SHOWN_MAX);
  return error_set(error, ASSAY_ERROR_INVALID, "%s:%u: %s, is \"%s\"", reader->name, reader->line,
                   what, shown);
}

/* "exp:2027-01-31" */
static bool
read_end(const ListReader *reader, const char *word, int64_t *expires, GError **error)
{
  const char *day = word + strlen("exp:");
  g_autofree char *text = g_strconcat(day, "T00:00:00Z", NULL);
  g_autoptr(GDateTime) moment =
      strlen(day) == strlen("2027-01-31") ? g_date_time_new_from_iso8601(text, NULL) : NULL;
  if (moment == NULL)
    return complain(reader, "exp: must be a day (exp:2027-01-31)", word, error);
  *expires = exemption_end_of(g_date_time_to_unix(moment) * G_USEC_PER_SEC);
  return true;
}

static void
add_comment(GString *comment, const char *text)
{
  g_autofree char *words = g_strdup(text + strspn(text, "# \t"));
  g_strchomp(words);
  if (*words != '\0')
    g_string_append_printf(comment, "%s%s", comment->len > 0 ? " " : "", words);
}

/* What follows an id. A word that is not understood may be meant as a bound, and would leave the
 * entry without one. */
static bool
read_word(const ListReader *reader, const char *word, int64_t *expires, GError **error)
{
  if (*word == '\0')
    return true;
  if (!g_str_has_prefix(word, "exp:"))
    return complain(reader, "after an id only exp:2027-01-31 and a # comment have a meaning", word,
                    error);
  return read_end(reader, word, expires, error);
}

/* "CVE-2023-4911 exp:2027-01-31", its comment cut off. */
static bool
read_entry(ListReader *reader, const char *entry, const char *own_comment, GError **error)
{
  g_auto(GStrv) words = g_strsplit_set(entry, " \t\r", -1);
  Exemption made = {0};
  /* To Trivy it is no pattern, and means nothing. */
  if (g_strcmp0(words[0], "*") == 0)
    return complain(reader, "a list names each id; one for any is for a file of YAML", entry,
                    error);
  for (char **word = words + 1; *words != NULL && *word != NULL; word++)
    if (!read_word(reader, *word, &made.expires, error))
      return false;
  if (reader->exemptions->len >= POLICY_EXEMPTIONS_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "%s:%u: more than %u entries", reader->name,
                     reader->line, POLICY_EXEMPTIONS_MAX);
  g_autoptr(GString) own = g_string_new(NULL);
  if (own_comment != NULL)
    add_comment(own, own_comment);
  const char *reason = own->len > 0               ? own->str
                       : reader->comment->len > 0 ? reader->comment->str
                                                  : "no reason is given";
  made.ids = g_new0(char *, 2);
  made.ids[0] = g_strdup(words[0]);
  made.reason = g_strdup(reason);
  g_array_append_val(reader->exemptions, made);
  return true;
}

/* A comment holds for the lines after it, up to an empty one. */
static bool
read_line(ListReader *reader, char *line, GError **error)
{
  g_strstrip(line);
  if (*line == '\0') {
    g_string_truncate(reader->comment, 0);
    return true;
  }
  if (*line == '#') {
    add_comment(reader->comment, line);
    return true;
  }
  char *comment = strchr(line, '#');
  if (comment != NULL)
    *comment++ = '\0';
  return read_entry(reader, line, comment, error);
}

static bool
read_list(Slice text, IgnoreFile *file, GError **error)
{
  g_autofree char *copy = slice_to_utf8(text);
  g_auto(GStrv) lines = g_strsplit(copy, "\n", -1);
  g_autoptr(GString) comment = g_string_new(NULL);
  ListReader reader = {.name = file->name,
                       .exemptions = g_array_new(FALSE, TRUE, sizeof(Exemption)),
                       .comment = comment};
  bool read = true;
  for (char **line = lines; read && *line != NULL; line++) {
    reader.line++;
    read = read_line(&reader, *line, error);
  }
  file->exemptions_count = reader.exemptions->len;
  file->exemptions = (Exemption *)(void *)g_array_free(reader.exemptions, FALSE);
  return read;
}

/* --- both --- */

IgnoreFile *
ignore_file_parse(Slice text, const char *name, GError **error)
{
  g_autoptr(IgnoreFile) file = g_new0(IgnoreFile, 1);
  bool yaml = g_str_has_suffix(name, ".yaml") || g_str_has_suffix(name, ".yml");
  if (yaml && !settings_read(&file_section, text, name, file, error))
    return NULL;
  file->name = g_strdup(name);
  return yaml || read_list(text, file, error) ? g_steal_pointer(&file) : NULL;
}

IgnoreFile *
ignore_file_load(const char *path, GError **error)
{
  g_autoptr(GBytes) text = file_read(AT_FDCWD, path, YAML_TEXT_MAX, error);
  return text == NULL ? NULL : ignore_file_parse(slice_from_bytes(text), path, error);
}

const Exemption *
ignore_file_find(const IgnoreFile *file, const char *repository, const Finding *finding,
                 int64_t now)
{
  g_autoptr(GPtrArray) fitting = g_ptr_array_new();
  for (unsigned i = 0; i < file->exemptions_count; i++)
    if (exemption_fits_repository(&file->exemptions[i], repository))
      g_ptr_array_add(fitting, &file->exemptions[i]);
  return exemption_find(fitting, finding_rule(finding), finding, now);
}
