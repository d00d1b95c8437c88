/* The attestors that a file of policies names: reading their keys, and making attestors of them;
 * see the header. */
#include "verdict/policy_attestors-private.h"

#include <fcntl.h>
#include <string.h>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/fd.h"
#include "sign/attestor.h"
#include "sign/keys/public_key.h"
#include "verdict/checks.h"
#include "verdict/language-private.h"
#include "verdict/words-private.h"

/* Of a key, or of the certificates of a root. */
#define KEY_BYTES_MAX ((size_t)256 * 1024)
#define KEYS_MAX      1000u

/* --- the language --- */

/* Bits of the formats. */
static bool
read_format(const Setting *setting, const char *text, void *value, GError **error)
{
  unsigned format;
  if (!enum_parse(signature_format_names, text, &format, error))
    return false;
  *(unsigned *)value |= 1u << format;
  return true;
}
static const SettingKind formats_kind = {.read = read_format, .many = true};

static const Setting key_settings[] = {
    {SETTING(PolicyKey, key), .kind = &setting_text, .required = true},
    {SETTING(PolicyKey, name), .kind = &setting_text},
    {SETTING(PolicyKey, from), .kind = &policy_start},
    {SETTING(PolicyKey, until), .kind = &policy_moment},
    {SETTING(PolicyKey, revoked), .kind = &policy_start},
};
static const Section key_section = {key_settings, G_N_ELEMENTS(key_settings), sizeof(PolicyKey),
                                    .word = "key"};

/* Names of people have a "=" after a word, alternative names have none there; "*" is anybody. */
static const Setting identity_settings[] = {
    {SETTING(PolicyIdentity, name), .kind = &setting_text},
    {SETTING(PolicyIdentity, subject), .kind = &setting_text},
    {SETTING(PolicyIdentity, issuer), .kind = &setting_text},
};
static const Section identity_section = {identity_settings, G_N_ELEMENTS(identity_settings),
                                         sizeof(PolicyIdentity), .word = "name"};

static bool
is_anybody(const PolicyIdentity *identity)
{
  return g_strcmp0(identity->name, "*") == 0 && identity->subject == NULL &&
         identity->issuer == NULL;
}

static void
check_attestor(void *values, const SettingsPlace *place)
{
  const PolicyAttestor *attestor = values;
  bool has_keys = attestor->keys_count > 0, has_roots = *attestor->roots != NULL;
  bool has_trusted = *attestor->trusted_root != NULL;
  bool has_identities = attestor->identities_count > 0;
  if (!has_keys && !has_roots && !has_trusted)
    settings_complain(place, NULL,
                      "name its `keys`, `roots` of certificates, or a `trusted_root` of Sigstore");
  else if (has_identities && !has_roots && !has_trusted)
    settings_complain(place, "identities",
                      "are of certificates; name `roots` or a `trusted_root` that these are by");
  else if (has_roots && !has_identities)
    settings_complain(place, "roots", "say whose certificates are meant: `identities`, or \"*\"");
  else if (has_trusted && !has_keys && !has_identities)
    settings_complain(place, "trusted_root",
                      "say whose certificates are meant: `identities`, or \"*\"");
}

static const Setting attestor_settings[] = {
    {SETTING(PolicyAttestor, name), .kind = &setting_text, .required = true},
    {SETTING(PolicyAttestor, description), .kind = &setting_text},
    {SETTING(PolicyAttestor, formats), .kind = &formats_kind, .least = 1, .most = 16},
    {SETTING_LIST(PolicyAttestor, keys), .section = &key_section, .most = KEYS_MAX},
    {SETTING(PolicyAttestor, roots), .kind = &setting_texts, .least = 1, .most = 100},
    {SETTING_LIST(PolicyAttestor, identities), .section = &identity_section, .most = 1000},
    {SETTING(PolicyAttestor, time_roots), .kind = &setting_texts, .least = 1, .most = 100},
    {SETTING(PolicyAttestor, trusted_root), .kind = &setting_texts, .least = 1, .most = 10},
    {SETTING(PolicyAttestor, rekor), .kind = &setting_texts, .least = 1, .most = 100},
    {SETTING(PolicyAttestor, ctlogs), .kind = &setting_texts, .least = 1, .most = 100},
};
const Section policy_attestor_section = {.settings = attestor_settings,
                                         .count = G_N_ELEMENTS(attestor_settings),
                                         .size = sizeof(PolicyAttestor),
                                         .noun = "attestor",
                                         .named_by = "name",
                                         .check = check_attestor};

/* --- their files --- */

/* PEM, or JSON. */
static bool
is_inline(const char *key)
{
  return strstr(key, "-----BEGIN ") != NULL ||
         slice_has_prefix(slice_strip(slice_from_string(key)), SLICE_LITERAL("{"));
}

typedef struct {
  const char *folder;    /* or NULL: no file is read */
  const PolicySet *from; /* ... but what this one has; or NULL */
} KeyPlace;

/* What @key holds; *bytes NULL: it is not read here. */
static bool
read_key(PolicySet *set, const KeyPlace *place, const char *key, GBytes **bytes, GError **error)
{
  *bytes = NULL;
  if (is_inline(key)) {
    *bytes = g_bytes_new(key, strlen(key));
    return true;
  }
  GBytes *known = place->from == NULL ? NULL : g_hash_table_lookup(place->from->key_files, key);
  if (known != NULL)
    *bytes = g_bytes_ref(known);
  else if (place->folder != NULL) {
    /* The folder of a policy that was named by a relative path is relative, too. */
    g_autofree char *folder = g_canonicalize_filename(place->folder, NULL);
    g_autofree char *path = g_canonicalize_filename(key, folder);
    *bytes = file_read(AT_FDCWD, path, KEY_BYTES_MAX, error);
    if (*bytes == NULL)
      return false;
  }
  if (*bytes != NULL)
    g_hash_table_insert(set->key_files, g_strdup(key), g_bytes_ref(*bytes));
  return true;
}

static bool
add_key(PolicySet *set, const KeyPlace *place, const PolicyKey *from, Attestor *attestor,
        GError **error)
{
  g_autoptr(GBytes) bytes = NULL;
  if (!read_key(set, place, from->key, &bytes, error))
    return false;
  if (bytes == NULL)
    return true;
  PublicKey *key = public_key_read(slice_from_bytes(bytes), error);
  if (key == NULL)
    return false;
  AttestorKey *added = attestor_add_key(attestor, key, from->name);
  added->not_before = from->from / G_USEC_PER_SEC;
  added->not_after = from->until / G_USEC_PER_SEC;
  added->revoked_at = from->revoked / G_USEC_PER_SEC;
  return true;
}

static bool
complain_of(const char *member, const char *file, GError **error)
{
  g_prefix_error(error, "%s: %s: ", member, is_inline(file) ? "the text" : file);
  return false;
}

static bool
add_keys(PolicySet *set, const KeyPlace *place, const PolicyAttestor *from, Attestor *attestor,
         GError **error)
{
  for (unsigned i = 0; i < from->keys_count; i++)
    if (!add_key(set, place, &from->keys[i], attestor, error))
      return complain_of("keys", from->keys[i].key, error);
  return true;
}

/* A member that names files. */
typedef struct {
  const char *name;
  AttestorFile kind;
  size_t offset;  /* of its GStrv */
  bool is_demand; /* what is demanded beside a key or certificate: unread, nothing may count */
} FileMember;

static const FileMember file_members[] = {
    {"roots", ATTESTOR_ROOTS, offsetof(PolicyAttestor, roots), false},
    {"time_roots", ATTESTOR_TIME_ROOTS, offsetof(PolicyAttestor, time_roots), false},
    {"trusted_root", ATTESTOR_TRUSTED_ROOT, offsetof(PolicyAttestor, trusted_root), true},
    {"rekor", ATTESTOR_REKOR, offsetof(PolicyAttestor, rekor), true},
    {"ctlogs", ATTESTOR_CTLOG, offsetof(PolicyAttestor, ctlogs), true},
};

static GStrv
files_of(const PolicyAttestor *from, const FileMember *member)
{
  return *(const GStrv *)(const void *)((const char *)from + member->offset);
}

/* *unread: whether one that is demanded is not read here. */
static bool
add_files(PolicySet *set, const KeyPlace *place, const PolicyAttestor *from,
          const FileMember *member, Attestor *attestor, bool *unread, GError **error)
{
  for (char **file = files_of(from, member); *file != NULL; file++) {
    g_autoptr(GBytes) bytes = NULL;
    if (!read_key(set, place, *file, &bytes, error) ||
        (bytes != NULL && !attestor_read(attestor, member->kind, slice_from_bytes(bytes), error)))
      return complain_of(member->name, *file, error);
    *unread = *unread || (bytes == NULL && member->is_demand);
  }
  return true;
}

/* "CN=..." and not "https://...?a=b". */
static bool
is_subject(const char *name)
{
  size_t word = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789. ");
  return word > 0 && name[word] == '=';
}

/* Whether it is anybody. */
static bool
add_identities(const PolicyAttestor *from, Attestor *attestor)
{
  for (unsigned i = 0; i < from->identities_count; i++)
    if (is_anybody(&from->identities[i]))
      return true;
  for (unsigned i = 0; i < from->identities_count; i++) {
    const PolicyIdentity *each = &from->identities[i];
    bool subject = each->subject == NULL && each->name != NULL && is_subject(each->name);
    attestor_add_identity(attestor, subject ? each->name : each->subject,
                          subject ? NULL : each->name, each->issuer);
  }
  return false;
}

static Attestor *
make_attestor(PolicySet *set, const KeyPlace *place, const PolicyAttestor *from, GError **error)
{
  g_autoptr(Attestor) attestor = attestor_new(from->name);
  bool unread = false;
  attestor->description = g_strdup(from->description);
  attestor->formats = from->formats;
  if (!add_keys(set, place, from, attestor, error))
    return NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(file_members); i++)
    if (!add_files(set, place, from, &file_members[i], attestor, &unread, error))
      return NULL;
  if (unread) {
    g_ptr_array_set_size(attestor->keys, 0);
    g_ptr_array_set_size(attestor->roots, 0);
    g_ptr_array_set_size(attestor->sigstore->authorities, 0);
  }
  return attestor_close(attestor, add_identities(from, attestor), error)
             ? g_steal_pointer(&attestor)
             : NULL;
}

static bool
make_all(PolicySet *set, const KeyPlace *place, GError **error)
{
  set->trusted = g_ptr_array_new_with_free_func((GDestroyNotify)attestor_free);
  set->key_files =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  for (unsigned i = 0; i < set->attestors_count; i++) {
    Attestor *attestor = make_attestor(set, place, &set->attestors[i], error);
    if (attestor == NULL) {
      g_prefix_error(error, "attestor \"%s\": ", set->attestors[i].name);
      return false;
    }
    g_ptr_array_add(set->trusted, attestor);
  }
  return true;
}

bool
policy_attestors_load(PolicySet *set, const char *folder, GError **error)
{
  const KeyPlace place = {folder, NULL};
  return make_all(set, &place, error);
}

bool
policy_attestors_borrow(PolicySet *set, const PolicySet *from, GError **error)
{
  const KeyPlace place = {NULL, from};
  g_autoptr(GError) failure = NULL;
  return make_all(set, &place, &failure) ||
         error_set(error, ASSAY_ERROR_INVALID, "%s: %s", set->file, failure->message);
}

void
policy_attestors_clear(PolicySet *set)
{
  g_clear_pointer(&set->trusted, g_ptr_array_unref);
  g_clear_pointer(&set->key_files, g_hash_table_unref);
}

char **
policy_attestors_files(const PolicySet *set)
{
  GPtrArray *files = g_ptr_array_new();
  for (unsigned i = 0; i < set->attestors_count; i++) {
    const PolicyAttestor *attestor = &set->attestors[i];
    for (unsigned j = 0; j < attestor->keys_count; j++)
      if (!is_inline(attestor->keys[j].key))
        g_ptr_array_add(files, attestor->keys[j].key);
    for (size_t j = 0; j < G_N_ELEMENTS(file_members); j++)
      for (char **file = files_of(attestor, &file_members[j]); *file != NULL; file++)
        if (!is_inline(*file))
          g_ptr_array_add(files, *file);
  }
  g_ptr_array_add(files, NULL);
  return (char **)g_ptr_array_free(files, FALSE);
}

void
policy_attestors_sum(const PolicySet *set, GChecksum *checksum)
{
  g_autofree char **files = policy_attestors_files(set);
  for (char **file = files; *file != NULL; file++) {
    GBytes *bytes = g_hash_table_lookup(set->key_files, *file);
    Slice text = bytes == NULL ? SLICE_EMPTY : slice_from_bytes(bytes);
    g_checksum_update(checksum, text.data, (gssize)text.size);
  }
}

/* --- what is asked of them --- */

const GPtrArray *
policy_set_attestors(const PolicySet *set)
{
  return set->trusted;
}

static const PolicyAttestor *
find_attestor(const PolicySet *set, const char *name)
{
  for (unsigned i = 0; i < set->attestors_count; i++)
    if (strcmp(set->attestors[i].name, name) == 0)
      return &set->attestors[i];
  return NULL;
}

/* Those that a policy speaks of. (transfer container) */
static GPtrArray *
names_of(const PolicySet *set, unsigned index)
{
  size_t check = 0;
  while (policy_checks[check] != &signatures_check)
    check++;
  const Policy *policy = policy_at(set, index);
  GPtrArray *names = signatures_attestors(policy_rule(policy, check));
  for (char **name = policy->vex_attestors; *name != NULL; name++)
    g_ptr_array_add(names, *name);
  return names;
}

GPtrArray *
policy_set_unknown_attestors(const PolicySet *set)
{
  GPtrArray *unknown = g_ptr_array_new();
  for (unsigned i = 0; i < set->policies_count; i++) {
    g_autoptr(GPtrArray) names = names_of(set, i);
    for (guint j = 0; j < names->len; j++) {
      char *name = g_ptr_array_index(names, j);
      if (find_attestor(set, name) == NULL &&
          !g_ptr_array_find_with_equal_func(unknown, name, g_str_equal, NULL))
        g_ptr_array_add(unknown, name);
    }
  }
  return unknown;
}

static bool
is_used(const PolicySet *set, const char *name)
{
  for (unsigned i = 0; i < set->policies_count; i++) {
    g_autoptr(GPtrArray) names = names_of(set, i);
    if (g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
      return true;
  }
  return false;
}

/* A signature by a key of two of them counts for both. */
static void
warn_of_shared_keys(const PolicySet *set, GPtrArray *warnings)
{
  g_autoptr(GHashTable) owners = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < set->trusted->len; i++) {
    const Attestor *attestor = g_ptr_array_index(set->trusted, i);
    for (guint j = 0; j < attestor->keys->len; j++) {
      const AttestorKey *key = g_ptr_array_index(attestor->keys, j);
      const char *print = public_key_fingerprint(key->key);
      const char *owner = g_hash_table_lookup(owners, print);
      if (owner != NULL && strcmp(owner, attestor->name) != 0)
        g_ptr_array_add(warnings, g_strdup_printf("the attestors \"%s\" and \"%s\" have the same "
                                                  "key: one signature counts for both",
                                                  owner, attestor->name));
      g_hash_table_insert(owners, (void *)(uintptr_t)print, attestor->name);
    }
  }
}

void
policy_attestors_warn(const PolicySet *set, GPtrArray *warnings)
{
  g_autofree char **files = policy_attestors_files(set);
  for (char **file = files; *file != NULL; file++)
    if (!g_hash_table_contains(set->key_files, *file))
      g_ptr_array_add(warnings, g_strdup_printf("the key %s is not read here, and no signature by "
                                                "it counts",
                                                *file));
  for (unsigned i = 0; i < set->attestors_count; i++)
    if (!is_used(set, set->attestors[i].name))
      g_ptr_array_add(warnings, g_strdup_printf("no policy speaks of the attestor \"%s\"",
                                                set->attestors[i].name));
  warn_of_shared_keys(set, warnings);
}
