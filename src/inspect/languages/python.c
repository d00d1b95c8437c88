/* Python's packages: the metadata that pip, setuptools, distutils and conda leave beside the code,
 * by https://packaging.python.org/en/latest/specifications/core-metadata/. It is the head of an
 * e-mail: "Field: value" lines up to an empty one, as Python's email.parser reads it. */
#include <string.h>

#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"
#include "inspect/languages/python-private.h"

typedef struct {
  Slice name, version, expression, license;
  bool long_license;    /* of more than a line: a text */
  GString *classifiers; /* of licences */
} Metadata;

/* A line that goes on, with a blank in front. */
static bool
continues(Slice line)
{
  return line.size > 0 && (line.data[0] == ' ' || line.data[0] == '\t');
}

/* False: the head ends here. */
static bool
split_field(Slice line, Slice *field, Slice *value)
{
  gssize colon = slice_find(line, ':');
  if (colon <= 0)
    return false;
  *field = slice_sub(line, 0, (size_t)colon);
  *value = slice_strip(slice_sub(line, (size_t)colon + 1, line.size));
  for (size_t i = 0; i < field->size; i++)
    if (!g_ascii_isgraph(field->data[i]))
      return false;
  return true;
}

static bool
is_word(Slice text, const char *word)
{
  return text.size == strlen(word) &&
         g_ascii_strncasecmp((const char *)text.data, word, text.size) == 0;
}

/* "License :: OSI Approved :: MIT License" */
static void
add_classifier(GString *classifiers, Slice value)
{
  static const char *const head = "License ::";
  if (!slice_has_prefix(value, slice_from_string(head)))
    return;
  for (gssize colon; (colon = slice_find(value, ':')) >= 0;)
    value = slice_sub(value, (size_t)colon + 1, value.size);
  Slice last = slice_strip(value);
  if (!slice_equal_string(last, "OSI Approved"))
    found_licenses_add(classifiers, ", ", last);
}

/* The first of a field counts, as for Python. */
static void
take_field(Metadata *metadata, Slice field, Slice value)
{
  const struct {
    const char *name;
    Slice *value;
  } fields[] = {{"Name", &metadata->name},
                {"Version", &metadata->version},
                {"License-Expression", &metadata->expression},
                {"License", &metadata->license}};
  if (is_word(field, "Classifier"))
    add_classifier(metadata->classifiers, value);
  for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
    if (is_word(field, fields[i].name) && fields[i].value->size == 0)
      *fields[i].value = value;
}

static void
read_head(Slice text, Metadata *metadata)
{
  Slice line, field = SLICE_EMPTY, value = SLICE_EMPTY;
  if (slice_has_prefix(text, SLICE_LITERAL("\xef\xbb\xbf")))
    text = slice_sub(text, 3, text.size);
  while (slice_next_line(&text, &line) && slice_strip(line).size > 0) {
    if (continues(line)) {
      metadata->long_license |= is_word(field, "License");
      continue;
    }
    if (!split_field(line, &field, &value))
      return;
    take_field(metadata, field, value);
  }
}

/* PEP 503: lower case, and one "-" for each run of "-", "_" and ".". NULL: it is no name. (transfer
 * full) */
static char *
normalise(Slice name)
{
  GString *normal = g_string_new(NULL);
  bool sound =
      name.size > 0 && g_ascii_isalnum(name.data[0]) && g_ascii_isalnum(name.data[name.size - 1]);
  for (size_t i = 0; sound && i < name.size; i++) {
    char letter = (char)name.data[i];
    bool is_sign = strchr("-_.", letter) != NULL && letter != '\0';
    sound = is_sign || g_ascii_isalnum(letter);
    if (!is_sign)
      g_string_append_c(normal, g_ascii_tolower(letter));
    else if (!g_str_has_suffix(normal->str, "-"))
      g_string_append_c(normal, '-');
  }
  return g_string_free(normal, !sound);
}

/* An expression, or what people wrote in one line; else the classifiers; else how a text begins. */
static GString *
licenses_of(const Metadata *metadata)
{
  GString *licenses = g_string_new(NULL);
  Slice words = is_word(metadata->license, "UNKNOWN") ? SLICE_EMPTY : metadata->license;
  Slice classifiers = slice_new(metadata->classifiers->str, metadata->classifiers->len);
  const Slice ways[] = {metadata->expression, metadata->long_license ? SLICE_EMPTY : words,
                        classifiers, words};
  for (size_t i = 0; licenses->len == 0 && i < G_N_ELEMENTS(ways); i++)
    found_licenses_add(licenses, "", ways[i]);
  return licenses;
}

Package *
python_metadata_read(Slice bytes, const char *location, LayerInventory *into)
{
  Metadata metadata = {.classifiers = g_string_new(NULL)};
  read_head(bytes, &metadata);
  g_autofree char *name = normalise(metadata.name);
  GString *licenses = licenses_of(&metadata);
  g_string_free(metadata.classifiers, TRUE);
  if (name != NULL && metadata.version.size > 0)
    return found_add(into, "pypi", slice_from_string(name), metadata.version, location, licenses);
  g_string_free(licenses, TRUE);
  layer_inventory_add_note(into, "broken-package", location,
                           "The metadata of a Python package have no name or no version.");
  return NULL;
}

/* What pip and setuptools bring inside of themselves: "name==version" a line, indented below what
 * needs it. */
static void
read_vendored(Slice bytes, const char *location, LayerInventory *into)
{
  Slice line;
  while (slice_next_line(&bytes, &line)) {
    gssize comment = slice_find(line, '#');
    line = slice_strip(comment >= 0 ? slice_sub(line, 0, (size_t)comment) : line);
    gssize equals = slice_find(line, '=');
    if (equals <= 0 || (size_t)equals + 2 >= line.size || line.data[equals + 1] != '=')
      continue;
    g_autofree char *name = normalise(slice_strip(slice_sub(line, 0, (size_t)equals)));
    Slice version = slice_sub(line, (size_t)equals + 2, line.size), words = version;
    if (name != NULL && slice_next_field(&words, ';', &version))
      found_add(into, "pypi", slice_from_string(name), slice_strip(version), location, NULL);
  }
}

static void
read_metadata(Slice bytes, const char *location, LayerInventory *into)
{
  if (g_str_has_suffix(location, ".txt"))
    read_vendored(bytes, location, into);
  else
    python_metadata_read(bytes, location, into);
}

const Detector python_detector = {
    .name = "python",
    .version = 2,
    .places = (const char *const[]){"*dist-info/METADATA", "*egg-info/PKG-INFO",
                                    "*egg-info/METADATA", "*EGG-INFO/PKG-INFO", "*.egg-info",
                                    "*pip/_vendor/vendor.txt", "*setuptools/_vendor/vendored.txt",
                                    "*pkg_resources/_vendor/vendored.txt", NULL},
    .most = FOUND_BYTES_MAX,
    .read = read_metadata,
};
