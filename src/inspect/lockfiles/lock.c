/* What the families of lock files share; see the header. */
#include <string.h>

#include "base/error.h"
#include "inspect/lockfiles/json5.h"
#include "inspect/lockfiles/lock-private.h"
#include "text/toml.h"

#define WORD_MAX 512u

/* No name and no version has blanks or control characters, or a variable in the place of a value.
 */
static bool
is_word(const char *text)
{
  size_t size = text == NULL ? 0 : strlen(text);
  if (size == 0 || size > WORD_MAX || strstr(text, "${") != NULL)
    return false;
  for (const char *at = text; *at != '\0'; at++)
    if ((guchar)*at <= ' ' || *at == 0x7f)
      return false;
  return true;
}

Package *
lock_add(Lock *lock, const char *name, const char *version)
{
  if (!is_word(name) || !is_word(version))
    return NULL;
  g_autofree char *key = g_strdup_printf("%s\n%s\n%s", lock->type, name, version);
  void *before = NULL;
  if (g_hash_table_lookup_extended(lock->added, key, NULL, &before)) {
    if (before != NULL)
      ((Package *)before)->development &= lock->development;
    return NULL;
  }
  Package *package =
      layer_inventory_add_application(lock->into, lock->type, name, version, lock->location);
  if (package != NULL) {
    package->declared = true;
    package->development = lock->development;
  }
  g_hash_table_insert(lock->added, g_steal_pointer(&key), package);
  return package;
}

Package *
lock_add_slices(Lock *lock, Slice name, Slice version)
{
  g_autofree char *name_text = slice_to_utf8(name), *version_text = slice_to_utf8(version);
  return lock_add(lock, name_text, version_text);
}

Package *
lock_add_maven(Lock *lock, const char *group, const char *artifact, const char *version)
{
  if (!is_word(group) || !is_word(artifact))
    return NULL;
  g_autofree char *name = g_strconcat(group, ":", artifact, NULL);
  return lock_add(lock, name, version);
}

#define SKIPPED_SHOWN 5u

void
lock_skip(Lock *lock, const char *name)
{
  if (!is_word(name))
    return;
  if (lock->skipped++ < SKIPPED_SHOWN)
    g_string_append_printf(lock->unknown, "%s%s", lock->skipped == 1 ? "" : ", ", name);
}

void
lock_note_skipped(Lock *lock)
{
  if (lock->skipped == 0)
    return;
  bool one = lock->skipped == 1;
  g_autofree char *detail = g_strdup_printf(
      "%u package%s named without one version, and %s compared with no advisory: %s%s",
      lock->skipped, one ? " is" : "s are", one ? "is" : "are", lock->unknown->str,
      lock->skipped > SKIPPED_SHOWN ? " ..." : ".");
  layer_inventory_add_note(lock->into, "no-version", lock->location, detail);
}

void
lock_set_licenses(Package *package, const char *licenses)
{
  if (package == NULL || licenses == NULL || *licenses == '\0' || package->licenses != NULL)
    return;
  package->licenses = slice_to_printable(slice_from_string(licenses), WORD_MAX);
}

void
lock_is_broken(Lock *lock, const char *why)
{
  layer_inventory_add_note(lock->into, "broken-lockfile", lock->location, why);
  if (!lock->may_be_odd)
    lock->into->declares = lock->type;
}

/* What is too large is no odd file that came along with something else. */
static json_t *
object_or_note(Lock *lock, json_t *value, const GError *error)
{
  if (json_is_object(value))
    return value;
  json_decref(value);
  if (g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT))
    layer_inventory_add_unread(lock->into, "too-large", lock->location, error->message);
  else
    lock_is_broken(lock, error != NULL ? error->message : "It is no object.");
  return NULL;
}

json_t *
lock_json(Slice bytes, Lock *lock)
{
  g_autoptr(GError) error = NULL;
  json_t *value = json_parse_lenient(bytes, LOCK_VALUES_MAX, &error);
  return object_or_note(lock, value, error);
}

json_t *
lock_json5(Slice bytes, Lock *lock)
{
  GString *plain = json5_to_json(bytes);
  json_t *value = lock_json(slice_new(plain->str, plain->len), lock);
  g_string_free(plain, TRUE);
  return value;
}

json_t *
lock_toml(Slice bytes, Lock *lock)
{
  g_autoptr(GError) error = NULL;
  json_t *value = toml_parse(bytes, LOCK_VALUES_MAX, &error);
  return object_or_note(lock, value, error);
}

Slice
lock_before(Slice text, uint8_t separator)
{
  gssize at = slice_find(text, separator);
  return at < 0 ? text : slice_sub(text, 0, (size_t)at);
}

gssize
lock_find_last(Slice text, uint8_t byte)
{
  for (size_t i = text.size; i > 0; i--)
    if (text.data[i - 1] == byte)
      return (gssize)i - 1;
  return -1;
}

bool
lock_split_at(Slice text, Slice *name, Slice *version)
{
  gssize at = lock_find_last(text, '@');
  if (at <= 0)
    return false;
  *name = slice_sub(text, 0, (size_t)at);
  *version = slice_sub(text, (size_t)at + 1, SIZE_MAX);
  return true;
}

bool
lock_split_name(Slice text, Slice *name, Slice *version)
{
  gssize at = text.size == 0 ? -1 : slice_find(slice_sub(text, 1, SIZE_MAX), '@');
  if (at < 0)
    return false;
  *name = slice_sub(text, 0, (size_t)at + 1);
  *version = slice_sub(text, (size_t)at + 2, SIZE_MAX);
  return true;
}

Slice
lock_unquote(Slice text)
{
  text = slice_strip(text);
  bool is_quoted = text.size >= 2 && (text.data[0] == '"' || text.data[0] == '\'') &&
                   text.data[text.size - 1] == text.data[0];
  return is_quoted ? slice_sub(text, 1, text.size - 2) : text;
}

bool
lock_is_number(const char *version)
{
  return version != NULL && g_ascii_isdigit(*version);
}
