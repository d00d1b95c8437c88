/* Versions of Go's toolchain and of main modules; see the header. */
#include "inspect/programs/go_version.h"

#include <string.h>

#define VERSION_MAX 128u

char *
go_toolchain_version(Slice text)
{
  if (!slice_has_prefix(text, SLICE_LITERAL("go")))
    return NULL;
  text = slice_sub(text, 2, VERSION_MAX);
  size_t end = 0;
  while (end < text.size && (g_ascii_isdigit(text.data[end]) || text.data[end] == '.'))
    end++;
  if (end == 0 || !g_ascii_isdigit(text.data[0]))
    return NULL;
  Slice tail = slice_sub(text, end, 4);
  size_t word = slice_has_prefix(tail, SLICE_LITERAL("rc"))     ? 2
                : slice_has_prefix(tail, SLICE_LITERAL("beta")) ? 4
                                                                : 0;
  if (word > 0 && end + word < text.size && g_ascii_isdigit(text.data[end + word])) {
    end += word;
    while (end < text.size && g_ascii_isdigit(text.data[end]))
      end++;
  }
  return slice_to_string(slice_sub(text, 0, end));
}

/* A time to the second and twelve hexadecimal digits, at the end or before "+dirty" and the like;
 * before them "-" or ".": golang.org/ref/mod#pseudo-versions. */
static bool
is_pseudo(Slice version)
{
  gssize plus = slice_find(version, '+');
  if (plus >= 0)
    version.size = (size_t)plus;
  if (version.size < 34)
    return false;
  Slice tail = slice_sub(version, version.size - 28, 28);
  bool pseudo = (tail.data[0] == '-' || tail.data[0] == '.') && tail.data[15] == '-';
  for (size_t i = 1; i < 15; i++)
    pseudo &= g_ascii_isdigit(tail.data[i]);
  for (size_t i = 16; i < 28; i++)
    pseudo &= g_ascii_isxdigit(tail.data[i]);
  return pseudo;
}

GoVersionKind
go_version_kind(Slice version)
{
  if (version.size == 0 || version.data[0] != 'v')
    return GO_VERSION_NONE;
  return is_pseudo(version) ? GO_VERSION_PSEUDO : GO_VERSION_REAL;
}

/* --- -X --- */

/* Two or three numbers, and "-" or "+" and words: as semver has it, with or without "v". */
static bool
is_version(Slice value)
{
  if (value.size > VERSION_MAX)
    return false;
  if (value.size > 0 && value.data[0] == 'v')
    value = slice_sub(value, 1, value.size);
  unsigned numbers = 0;
  size_t at = 0;
  while (numbers < 3 && at < value.size && g_ascii_isdigit(value.data[at])) {
    while (at < value.size && g_ascii_isdigit(value.data[at]))
      at++;
    numbers++;
    if (numbers < 3 && at + 1 < value.size && value.data[at] == '.')
      at++;
  }
  bool sound = numbers >= 2 && (at == value.size || value.data[at] == '-' || value.data[at] == '+');
  for (size_t i = at; i < value.size; i++)
    sound &= g_ascii_isalnum(value.data[i]) || strchr("-+.", value.data[i]) != NULL;
  return sound && value.data[value.size - 1] != '.';
}

/* Splits "github.com/a/b/version.Version" at the last dot. */
static bool
split_variable(Slice variable, Slice *package, Slice *name)
{
  size_t dot = variable.size;
  while (dot > 0 && variable.data[dot - 1] != '.')
    dot--;
  if (dot == 0)
    return false;
  *package = slice_sub(variable, 0, dot - 1);
  *name = slice_sub(variable, dot, variable.size);
  return package->size > 0;
}

static bool
is_one_of(Slice text, const char *const *words)
{
  g_autofree char *lower = g_ascii_strdown((const char *)text.data, (gssize)text.size);
  return g_strv_contains(words, lower);
}

static bool
is_below(Slice package, Slice module)
{
  return module.size > 0 && slice_has_prefix(package, module) &&
         (package.size == module.size || package.data[module.size] == '/');
}

/* The lower the better: whose version a variable tells. */
static unsigned
rank_of(Slice package, Slice module)
{
  static const char *const usual[] = {"main", "common", "version", "cmd", NULL};
  size_t slash = package.size;
  while (slash > 0 && package.data[slash - 1] != '/')
    slash--;
  Slice rest = slice_sub(package, module.size, package.size);
  bool own = is_below(package, module);
  bool is_usual = is_one_of(slice_sub(package, slash, package.size), usual);
  if (own && slice_has_prefix(rest, SLICE_LITERAL("/cmd/")))
    return 1;
  if (slice_equal_string(package, "main"))
    return 2;
  return own && is_usual ? 3 : is_usual ? 4 : own ? 5 : 6;
}

void
go_set_version_add(GoSetVersion *set, Slice main_module, Slice variable, Slice value)
{
  static const char *const names[] = {"version", "ver", "gitversion", NULL};
  Slice package = SLICE_EMPTY, name = SLICE_EMPTY;
  if (variable.size > 1024 || !split_variable(variable, &package, &name) || name.size == 0 ||
      !is_one_of(name, names) || !is_version(value))
    return;
  unsigned rank = rank_of(package, main_module);
  if (set->best != NULL && rank > set->rank)
    return;
  g_autofree char *plain = slice_to_string(value);
  g_autofree char *version = g_strconcat(*plain == 'v' ? "" : "v", plain, NULL);
  if (set->best != NULL && rank == set->rank) {
    set->ambiguous |= strcmp(set->best, version) != 0;
    return;
  }
  g_free(set->best);
  set->best = g_steal_pointer(&version);
  set->rank = rank;
  set->ambiguous = false;
}

/* The next word, as the go command splits flags: at spaces, except within ' or ". */
static bool
next_word(Slice *rest, GString *word)
{
  size_t at = 0;
  uint8_t quote = 0;
  g_string_truncate(word, 0);
  while (at < rest->size && g_ascii_isspace(rest->data[at]))
    at++;
  if (at == rest->size)
    return false;
  for (; at < rest->size && (quote != 0 || !g_ascii_isspace(rest->data[at])); at++) {
    uint8_t byte = rest->data[at];
    if (quote == 0 && (byte == '\'' || byte == '"'))
      quote = byte;
    else if (quote != 0 && byte == quote)
      quote = 0;
    else
      g_string_append_c(word, (char)byte);
  }
  *rest = slice_sub(*rest, at, rest->size);
  return true;
}

void
go_set_version_add_flags(GoSetVersion *set, Slice main_module, Slice flags)
{
  g_autoptr(GString) word = g_string_new(NULL);
  while (next_word(&flags, word)) {
    const char *flag = word->str[0] == '-' && word->str[1] == '-' ? word->str + 1 : word->str;
    if (strcmp(flag, "-X") == 0) {
      if (!next_word(&flags, word))
        return;
      flag = word->str;
    } else if (g_str_has_prefix(flag, "-X=")) {
      flag += 3;
    } else {
      continue;
    }
    Slice value = slice_from_string(flag), variable = SLICE_EMPTY;
    if (slice_find(value, '=') > 0 && slice_next_field(&value, '=', &variable))
      go_set_version_add(set, main_module, variable, value);
  }
}

char *
go_set_version_take(GoSetVersion *set)
{
  char *version = g_steal_pointer(&set->best);
  if (set->ambiguous)
    g_clear_pointer(&version, g_free);
  return version;
}
