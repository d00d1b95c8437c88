/* Ruby's gems: the specifications that RubyGems writes where it installs, also those of the gems
 * that Ruby brings along (specifications/default). A gemspec elsewhere is source: its version is
 * what some other file says.
 *
 * They are Ruby programs, of which assignments of literals are read:
 *
 *   s.name = "rake".freeze
 *   s.version = Gem::Version.new("13.0.3")
 *   spec.version = VERSION             where VERSION = "1.0" is in the same file */
#include <string.h>

#include "inspect/languages/found-private.h"
#include "inspect/languages/languages.h"

typedef struct {
  Slice name, version, platform;
  GString *licenses;
} Spec;

static bool
is_installed(const char *path)
{
  return g_str_has_prefix(path, "specifications/") || strstr(path, "/specifications/") != NULL;
}

static bool
is_word_byte(uint8_t byte)
{
  return g_ascii_isalnum(byte) || byte == '_';
}

/* "..." or '...' or %q{...} at the front of *@rest, without an escape. */
static bool
take_literal(Slice *rest, Slice *literal)
{
  static const char *const opened[] = {"\"", "'", "%q{", "%q(", "%q[", "%q<"};
  static const char closed[] = {'"', '\'', '}', ')', ']', '>'};
  for (size_t i = 0; i < G_N_ELEMENTS(opened); i++) {
    if (!slice_has_prefix(*rest, slice_from_string(opened[i])))
      continue;
    Slice inside = slice_sub(*rest, strlen(opened[i]), rest->size);
    gssize end = slice_find(inside, (uint8_t)closed[i]);
    if (end < 0)
      return false;
    *literal = slice_sub(inside, 0, (size_t)end);
    *rest = slice_sub(inside, (size_t)end + 1, inside.size);
    return slice_find(*literal, '\\') < 0 && slice_find(*literal, '#') < 0;
  }
  return false;
}

/* "NAME = value" at the start of a line, whatever object it is of: "s.name", "Foo::VERSION". */
static bool
split_assignment(Slice line, Slice *left, Slice *value)
{
  gssize sign = slice_find(line, '=');
  if (sign <= 0 || slice_sub(line, (size_t)sign + 1, 1).size == 0 || line.data[sign + 1] == '=' ||
      line.data[sign + 1] == '~')
    return false;
  Slice whole = slice_strip(slice_sub(line, 0, (size_t)sign));
  *value = slice_strip(slice_sub(line, (size_t)sign + 1, line.size));
  size_t start = whole.size;
  while (start > 0 && is_word_byte(whole.data[start - 1]))
    start--;
  *left = slice_sub(whole, start, whole.size);
  for (size_t i = 0; i < whole.size; i++)
    if (!is_word_byte(whole.data[i]) && whole.data[i] != '.' && whole.data[i] != ':')
      return false;
  return left->size > 0;
}

/* The literal that @name is somewhere in @text; the last part of "Foo::VERSION" counts. */
static Slice
find_constant(Slice text, Slice name)
{
  Slice line, left, value, literal;
  while (slice_next_line(&text, &line))
    if (split_assignment(slice_strip(line), &left, &value) && slice_equal(left, name) &&
        take_literal(&value, &literal))
      return literal;
  return SLICE_EMPTY;
}

static Slice
value_of(Slice text, Slice value)
{
  static const char *const version_new = "Gem::Version.new";
  Slice literal;
  if (slice_has_prefix(value, slice_from_string(version_new))) {
    value = slice_strip(slice_sub(value, strlen(version_new), value.size));
    if (value.size > 0 && value.data[0] == '(')
      value = slice_strip(slice_sub(value, 1, value.size));
  }
  if (take_literal(&value, &literal))
    return slice_strip(literal);
  size_t start = 0, end = 0;
  for (; end < value.size && (is_word_byte(value.data[end]) || value.data[end] == ':'); end++)
    if (value.data[end] == ':')
      start = end + 1;
  return end == start ? SLICE_EMPTY : find_constant(text, slice_sub(value, start, end - start));
}

/* "MIT" or ["MIT".freeze, "Ruby"] */
static void
add_licenses(GString *licenses, Slice value)
{
  Slice literal;
  while (value.size > 0 && value.data[0] != '#') {
    if (strchr("\"'%", value.data[0]) == NULL || value.data[0] == '\0')
      value = slice_sub(value, 1, value.size);
    else if (take_literal(&value, &literal))
      found_licenses_add(licenses, ", ", literal);
    else
      return;
  }
}

/* The first of a field counts, also where it is not known what it is. */
static void
take_value(Slice *field, Slice whole, Slice value)
{
  if (field->data == NULL)
    *field = value_of(whole, value);
  if (field->data == NULL)
    field->data = value.data;
}

/* @whole: the file, to look constants up in. */
static void
read_line(Spec *spec, Slice whole, Slice line)
{
  const struct {
    const char *name;
    Slice *value;
  } fields[] = {{"name", &spec->name}, {"version", &spec->version}, {"platform", &spec->platform}};
  Slice left = SLICE_EMPTY, value = SLICE_EMPTY;
  if (line.size == 0 || line.data[0] == '#' || !split_assignment(line, &left, &value) ||
      slice_find(slice_sub(line, 0, (size_t)(left.data - line.data)), '.') <= 0)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
    if (slice_equal_string(left, fields[i].name))
      take_value(fields[i].value, whole, value);
  if (slice_equal_string(left, "license") || slice_equal_string(left, "licenses"))
    add_licenses(spec->licenses, value);
}

/* Of a platform, as Gem::Platform.new() splits it: "x86_64-linux", "java", "universal-darwin". */
static bool
is_platform(Slice text)
{
  static const char *const starts[] = {
      "x86",   "x64",     "amd64",  "i386",  "i486",      "i586",      "i686",  "arm",
      "aarch", "powerpc", "ppc",    "s390",  "universal", "java",      "jruby", "mswin",
      "mingw", "dalvik",  "dotnet", "riscv", "mips",      "loongarch", "sparc"};
  for (size_t i = 0; i < G_N_ELEMENTS(starts); i++)
    if (slice_has_prefix(text, slice_from_string(starts[i])))
      return true;
  return false;
}

/* Without the platform: "1.15.4-x86_64-linux" is 1.15.4. */
static Slice
cut_platform(Slice version, Slice platform)
{
  gssize sign = slice_find(version, '-');
  Slice end = sign < 0 ? SLICE_EMPTY : slice_sub(version, (size_t)sign + 1, version.size);
  bool is_one = end.size > 0 && (slice_equal(end, platform) || is_platform(end));
  return is_one ? slice_sub(version, 0, (size_t)sign) : version;
}

static void
read_specification(Slice bytes, const char *location, LayerInventory *into)
{
  Spec spec = {.licenses = g_string_new(NULL)};
  Slice rest = bytes, line;
  while (slice_next_line(&rest, &line))
    read_line(&spec, bytes, slice_strip(line));
  if (spec.name.size > 0 && spec.version.size > 0)
    found_add(into, "gem", spec.name, cut_platform(spec.version, spec.platform), location,
              spec.licenses);
  else
    g_string_free(spec.licenses, TRUE);
}

const Detector ruby_detector = {
    .name = "ruby",
    .version = 1,
    .places = (const char *const[]){"*.gemspec", NULL},
    .wants_path = is_installed,
    .most = FOUND_TOKENS_BYTES_MAX,
    .read = read_specification,
};
