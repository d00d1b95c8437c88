/* People of an LDAP directory; see the header. */
#include "access/directory/ldap.h"

#include <string.h>

#include "access/credentials/secrets.h"
#include "access/directory/ldap_library-private.h"
#include "access/directory/ldap_text.h"
#include "access/directory/secret_file.h"
#include "base/error.h"

/* Entries of one answer, and how deep groups are followed. */
#define ENTRIES_MAX 1000
#define NESTED_MAX  10

typedef struct {
  const LdapSettings *settings;
  LDAP *handle;
} Directory;

static void
directory_clear(Directory *directory)
{
  if (directory->handle != NULL)
    openldap()->unbind_ext_s(directory->handle, NULL, NULL);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Directory, directory_clear)

static void
free_message(LDAPMessage **message)
{
  if (*message != NULL)
    openldap()->msgfree(*message);
}
#define auto_message __attribute__((cleanup(free_message))) LDAPMessage

/* Whether another server may do better. */
static bool
is_unreachable(int status)
{
  return status == LDAP_SERVER_DOWN || status == LDAP_CONNECT_ERROR || status == LDAP_TIMEOUT ||
         status == LDAP_BUSY || status == LDAP_UNAVAILABLE || status == LDAP_TIMELIMIT_EXCEEDED;
}

static bool
refuse(const Directory *directory, int status, const char *what, GError **error)
{
  char *detail = NULL;
  if (directory->handle != NULL)
    openldap()->get_option(directory->handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &detail);
  error_set(error, is_unreachable(status) ? ASSAY_ERROR_NETWORK : ASSAY_ERROR_FAILED,
            "access.ldap \"%s\": %s: %s%s%s", directory->settings->name, what,
            openldap()->err2string(status), detail != NULL && *detail != '\0' ? ": " : "",
            detail != NULL ? detail : "");
  openldap()->memfree(detail);
  return false;
}

/* --- the connection --- */

static int
set_options(LDAP *handle, const LdapSettings *settings)
{
  const int version = LDAP_VERSION3, demand = LDAP_OPT_X_TLS_DEMAND,
            protocol = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, as_client = 0;
  const struct timeval wait = {.tv_sec = settings->timeout};
  int status = openldap()->set_option(handle, LDAP_OPT_PROTOCOL_VERSION, &version);
  if (status == LDAP_SUCCESS)
    status = openldap()->set_option(handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
  if (status == LDAP_SUCCESS)
    status = openldap()->set_option(handle, LDAP_OPT_NETWORK_TIMEOUT, &wait);
  if (status == LDAP_SUCCESS)
    status = openldap()->set_option(handle, LDAP_OPT_TIMEOUT, &wait);
  if (status == LDAP_SUCCESS)
    status = openldap()->set_option(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
  if (status == LDAP_SUCCESS)
    status = openldap()->set_option(handle, LDAP_OPT_X_TLS_PROTOCOL_MIN, &protocol);
  if (status == LDAP_SUCCESS && settings->ca_file != NULL)
    status = openldap()->set_option(handle, LDAP_OPT_X_TLS_CACERTFILE, settings->ca_file);
  if (status == LDAP_SUCCESS)
    status = openldap()->set_option(handle, LDAP_OPT_X_TLS_NEWCTX, &as_client);
  return status;
}

static bool
connect_to(Directory *directory, const char *url, GError **error)
{
  int status = openldap()->initialize(&directory->handle, url);
  if (status == LDAP_SUCCESS)
    status = set_options(directory->handle, directory->settings);
  if (status == LDAP_SUCCESS && g_str_has_prefix(url, "ldap://"))
    status = openldap()->start_tls_s(directory->handle, NULL, NULL);
  return status == LDAP_SUCCESS || refuse(directory, status, url, error);
}

/* As @dn. FOUND: it is that one's password. No password is nobody's: servers take a bind without
 * one for that of nobody, and let it pass (RFC 4513, 5.1.2). */
static Found
bind_as(const Directory *directory, const char *dn, const char *password, GError **error)
{
  if (password == NULL || *password == '\0')
    return ABSENT;
  struct berval secret = {strlen(password), (char *)(uintptr_t)password};
  int status =
      openldap()->sasl_bind_s(directory->handle, dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL, NULL);
  if (status == LDAP_SUCCESS)
    return FOUND;
  if (status == LDAP_INVALID_CREDENTIALS || status == LDAP_NO_SUCH_OBJECT ||
      status == LDAP_INVALID_DN_SYNTAX || status == LDAP_REFERRAL ||
      status == LDAP_UNWILLING_TO_PERFORM || status == LDAP_INAPPROPRIATE_AUTH)
    return ABSENT;
  refuse(directory, status, "bind", error);
  return FAILED;
}

static char *
read_password(const LdapSettings *settings, GError **error)
{
  return secret_file_read(settings->bind_password_file, "password", "ldap", settings->name, error);
}

static bool
bind_as_service(const Directory *directory, GError **error)
{
  g_autoptr(SecretText) password = read_password(directory->settings, error);
  if (password == NULL)
    return false;
  Found bound = bind_as(directory, directory->settings->bind_dn, password, error);
  return bound == FOUND ||
         (bound == ABSENT && error_set(error, ASSAY_ERROR_FAILED,
                                       "access.ldap \"%s\": bind_dn or its password is wrong",
                                       directory->settings->name));
}

/* --- search --- */

static bool
search(const Directory *directory, const char *base, const char *filter, char **attributes,
       LDAPMessage **found, GError **error)
{
  struct timeval wait = {.tv_sec = directory->settings->timeout};
  int status = openldap()->search_ext_s(directory->handle, base, LDAP_SCOPE_SUBTREE, filter,
                                        attributes, 0, NULL, NULL, &wait, ENTRIES_MAX, found);
  if (status == LDAP_SUCCESS || status == LDAP_PARTIAL_RESULTS || status == LDAP_REFERRAL)
    return true;
  g_autofree char *what = g_strdup_printf("search of %s below %s", filter, base);
  return refuse(directory, status, what, error);
}

/* The first value; what is no text is in hexadecimal, as the objectGUID of Active Directory. NULL:
 * there is none. */
static char *
value_of(const Directory *directory, LDAPMessage *entry, const char *attribute)
{
  struct berval **values = openldap()->get_values_len(directory->handle, entry, attribute);
  if (values == NULL)
    return NULL;
  char *text = NULL;
  if (values[0] != NULL && values[0]->bv_len > 0) {
    const struct berval *value = values[0];
    if (g_utf8_validate_len(value->bv_val, value->bv_len, NULL)) {
      text = g_strndup(value->bv_val, value->bv_len);
    } else {
      GString *hex = g_string_new(NULL);
      for (size_t i = 0; i < value->bv_len; i++)
        g_string_append_printf(hex, "%02x", (unsigned char)value->bv_val[i]);
      text = g_string_free(hex, FALSE);
    }
  }
  openldap()->value_free_len(values);
  return text;
}

static char *
dn_of(const Directory *directory, LDAPMessage *entry)
{
  char *dn = openldap()->get_dn(directory->handle, entry), *copy = g_strdup(dn);
  openldap()->memfree(dn);
  return copy;
}

/* The one entry of @name; ABSENT: none. Two are nobody: the filter does not tell them apart. */
static Found
find_person(const Directory *directory, const char *name, char **dn, DirectoryPerson *person,
            GError **error)
{
  const LdapSettings *settings = directory->settings;
  char *attributes[] = {settings->id_attribute, settings->name_attribute,
                        settings->display_attribute, settings->mail_attribute, NULL};
  g_autofree char *filter = ldap_fill_filter(settings->user_filter, name, NULL);
  auto_message *found = NULL;
  if (!search(directory, settings->user_base, filter, attributes, &found, error))
    return FAILED;
  LDAPMessage *entry = openldap()->first_entry(directory->handle, found);
  if (entry == NULL)
    return ABSENT;
  if (openldap()->next_entry(directory->handle, entry) != NULL) {
    error_set(error, ASSAY_ERROR_FAILED, "access.ldap \"%s\": %s finds several entries",
              settings->name, filter);
    return FAILED;
  }
  *dn = dn_of(directory, entry);
  g_autofree char *called = value_of(directory, entry, settings->name_attribute);
  person->id = value_of(directory, entry, settings->id_attribute);
  person->display = value_of(directory, entry, settings->display_attribute);
  person->mail = value_of(directory, entry, settings->mail_attribute);
  if (called == NULL || person->id == NULL || *dn == NULL) {
    error_set(error, ASSAY_ERROR_FAILED, "access.ldap \"%s\": the entry of %s has no %s or no %s",
              settings->name, name, settings->name_attribute, settings->id_attribute);
    return FAILED;
  }
  person->name = g_utf8_strdown(called, -1);
  return FOUND;
}

/* Adds the groups that @member is in, and their names, to those that are to be looked at. */
static bool
add_groups_of(const Directory *directory, const char *name, const char *member,
              DirectoryPerson *person, GHashTable *seen, GPtrArray *next, GError **error)
{
  const LdapSettings *settings = directory->settings;
  char *attributes[] = {settings->group_attribute, NULL};
  g_autofree char *filter = ldap_fill_filter(settings->group_filter, name, member);
  auto_message *found = NULL;
  if (!search(directory, settings->group_base, filter, attributes, &found, error))
    return false;
  for (LDAPMessage *entry = openldap()->first_entry(directory->handle, found); entry != NULL;
       entry = openldap()->next_entry(directory->handle, entry)) {
    g_autofree char *dn = dn_of(directory, entry);
    g_autofree char *called = value_of(directory, entry, settings->group_attribute);
    if (dn == NULL || called == NULL || g_hash_table_contains(seen, dn))
      continue;
    if (!directory_person_add_group(person, called))
      return error_set(error, ASSAY_ERROR_LIMIT, "access.ldap \"%s\": %s is in more than %u groups",
                       settings->name, name, DIRECTORY_GROUPS_MAX);
    g_hash_table_add(seen, g_strdup(dn));
    g_ptr_array_add(next, g_steal_pointer(&dn));
  }
  return true;
}

/* Breadth first; a circle ends where all was seen. */
static bool
find_groups(const Directory *directory, const char *name, const char *dn, DirectoryPerson *person,
            GError **error)
{
  const LdapSettings *settings = directory->settings;
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GPtrArray) members = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_add(members, g_strdup(dn));
  for (unsigned depth = 0; settings->group_base != NULL && members->len > 0 && depth < NESTED_MAX;
       depth++) {
    g_autoptr(GPtrArray) next = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < members->len; i++)
      if (!add_groups_of(directory, depth == 0 ? name : NULL, g_ptr_array_index(members, i), person,
                         seen, next, error))
        return false;
    g_ptr_array_unref(members);
    members = settings->nested ? g_steal_pointer(&next) : g_ptr_array_new_with_free_func(g_free);
  }
  return true;
}

/* --- one server --- */

typedef struct {
  const LdapSettings *settings;
  const char *name, *password; /* NULL: by the service account alone */
  DirectoryPerson *person;
} Question;

/* As themselves, by what their name makes. */
static Found
ask_directly(const Directory *directory, const Question *question, GError **error)
{
  g_autofree char *as = ldap_fill_dn(directory->settings->user_dn, question->name), *dn = NULL;
  Found found = bind_as(directory, as, question->password, error);
  if (found == FOUND)
    found = find_person(directory, question->name, &dn, question->person, error);
  if (found == FOUND && !find_groups(directory, question->name, dn, question->person, error))
    return FAILED;
  return found;
}

/* The service account finds them and their groups; then the password is tried. */
static Found
ask_by_service(const Directory *directory, const Question *question, GError **error)
{
  g_autofree char *dn = NULL;
  if (!bind_as_service(directory, error))
    return FAILED;
  Found found = find_person(directory, question->name, &dn, question->person, error);
  if (found != FOUND)
    return found;
  if (!find_groups(directory, question->name, dn, question->person, error))
    return FAILED;
  return question->password == NULL ? FOUND : bind_as(directory, dn, question->password, error);
}

static Found
ask_one(const char *url, Question *question, GError **error)
{
  g_auto(Directory) directory = {.settings = question->settings};
  if (!connect_to(&directory, url, error))
    return FAILED;
  return question->settings->bind_dn != NULL ? ask_by_service(&directory, question, error)
                                             : ask_directly(&directory, question, error);
}

/* The next server is asked where one cannot be reached. */
static Found
ask(Question *question, DirectoryPerson **person, GError **error)
{
  g_autoptr(GError) unreachable = NULL;
  for (char *const *url = question->settings->urls; *url != NULL; url++) {
    g_autoptr(DirectoryPerson) found_person = directory_person_new();
    g_clear_error(&unreachable);
    question->person = found_person;
    Found found = ask_one(*url, question, &unreachable);
    if (found == FOUND)
      *person = g_steal_pointer(&found_person);
    if (found != FAILED)
      return found;
    if (!g_error_matches(unreachable, ASSAY_ERROR, ASSAY_ERROR_NETWORK))
      break;
  }
  g_propagate_error(error, g_steal_pointer(&unreachable));
  return FAILED;
}

Found
ldap_log_in(const LdapSettings *settings, const char *name, const char *password,
            DirectoryPerson **person, GError **error)
{
  if (*name == '\0' || *password == '\0')
    return ABSENT;
  Question question = {.settings = settings, .name = name, .password = password};
  return ask(&question, person, error);
}

Found
ldap_look_up(const LdapSettings *settings, const char *name, DirectoryPerson **person,
             GError **error)
{
  if (settings->bind_dn == NULL) {
    error_set(error, ASSAY_ERROR_UNSUPPORTED, "access.ldap \"%s\": there is no service account",
              settings->name);
    return FAILED;
  }
  Question question = {.settings = settings, .name = name};
  return ask(&question, person, error);
}
