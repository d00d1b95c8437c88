/* What a policy asks of attestations: types, fields and age of predicates; see the header. */
#include "verdict/attestation.h"

#include <string.h>

#include "base/calendar.h"
#include "base/error.h"
#include "base/json.h"
#include "text/glob.h"

/* Of a signed text that says anything: so many values are looked at for one field. */
#define LOOKS_MAX 10000u
#define SHOWN_MAX 80u
/* Seconds: microseconds must not overflow. */
#define AGE_MAX ((uint64_t)3653 * 86400)
/* A clock elsewhere may go before ours. */
#define CLOCKS_APART ((int64_t)300 * G_USEC_PER_SEC)

/* --- types --- */

/* The short names, the URIs that they stand for (one that ends in "/" with whatever follows), and
 * where the predicate says when it was made. */
typedef struct {
  const char *name;
  const char *uris[4];
  const char *times[4];
} KnownType;
static const KnownType known_types[] = {
    {"vuln",
     {"https://cosign.sigstore.dev/attestation/vuln/v1", "https://in-toto.io/attestation/vulns"},
     {"metadata.scanFinishedOn"}},
    {"slsa",
     {"https://slsa.dev/provenance/"},
     {"runDetails.metadata.finishedOn", "metadata.buildFinishedOn"}},
    {"spdx", {"https://spdx.dev/Document"}, {"creationInfo.created", "Data.creationInfo.created"}},
    {"cyclonedx", {"https://cyclonedx.org/bom"}, {"metadata.timestamp"}},
};

static bool
is_uri(const char *known, const char *uri)
{
  size_t size = strlen(known);
  if (strncmp(uri, known, size) != 0)
    return false;
  return known[size - 1] == '/' || uri[size] == '\0' || uri[size] == '/';
}

static const KnownType *
known_type(const char *uri)
{
  for (size_t i = 0; i < G_N_ELEMENTS(known_types); i++)
    for (size_t j = 0; j < G_N_ELEMENTS(known_types[i].uris); j++)
      if (known_types[i].uris[j] != NULL && is_uri(known_types[i].uris[j], uri))
        return &known_types[i];
  return NULL;
}

bool
attestation_is_of_type(const AttestationRule *rule, const VerifiedSignature *signature)
{
  const char *type = signature->predicate_type;
  if (signature->format != SIGNATURE_ATTESTATION || type == NULL)
    return false;
  const KnownType *known = known_type(type);
  return strcmp(rule->type, type) == 0 || (known != NULL && strcmp(rule->type, known->name) == 0);
}

/* --- fields --- */

/* Tells each value at a path. False: no more are wanted. */
typedef bool (*FieldVisit)(const json_t *value, void *data);

typedef struct {
  FieldVisit visit;
  void *data;
  unsigned looks;
} FieldWalk;

static bool walk(FieldWalk *field, const json_t *value, const char *path);

/* Names may have dots themselves ("builder.id"): the longest that is there is meant. */
static bool
walk_object(FieldWalk *field, const json_t *object, const char *path)
{
  for (size_t size = strlen(path); size > 0; size--) {
    if (path[size] != '\0' && path[size] != '.')
      continue;
    g_autofree char *name = g_strndup(path, size);
    const json_t *member = json_object_get(object, name);
    if (member != NULL)
      return walk(field, member, path[size] == '\0' ? "" : path + size + 1);
  }
  return field->visit(NULL, field->data);
}

static bool
walk_array(FieldWalk *field, const json_t *array, const char *path)
{
  const char *rest = path[1] == '.' ? path + 2 : "";
  if (path[0] != '*' || (path[1] != '\0' && path[1] != '.') || json_array_size(array) == 0)
    return field->visit(NULL, field->data);
  for (size_t i = 0; i < json_array_size(array); i++)
    if (!walk(field, json_array_get(array, i), rest))
      return false;
  return true;
}

/* What is not there is told as NULL. */
static bool
walk(FieldWalk *field, const json_t *value, const char *path)
{
  if (++field->looks > LOOKS_MAX)
    return field->visit(NULL, field->data);
  if (*path == '\0')
    return field->visit(value, field->data);
  if (json_is_object(value))
    return walk_object(field, value, path);
  return json_is_array(value) ? walk_array(field, value, path) : field->visit(NULL, field->data);
}

/* (transfer full) NULL: it is no text, number or boolean. */
static char *
text_of(const json_t *value)
{
  if (json_is_string(value))
    return strlen(json_string_value(value)) == json_string_length(value)
               ? g_strdup(json_string_value(value))
               : NULL;
  if (json_is_integer(value))
    return g_strdup_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
  if (json_is_boolean(value))
    return g_strdup(json_is_true(value) ? "true" : "false");
  return NULL;
}

static bool
fits_any(GStrv patterns, const char *text)
{
  for (char **pattern = patterns; *pattern != NULL; pattern++)
    if (glob_matches_across(*pattern, text))
      return true;
  return false;
}

typedef struct {
  const FieldRule *rule;
  char *misfit;
} FieldCheck;

static char *
number_misfit(const FieldRule *rule, const json_t *value)
{
  double number = json_number_value(value);
  if (!json_is_number(value))
    return g_strdup_printf("%s is no number", rule->at);
  if ((!rule->bounded_below || number >= (double)rule->least) &&
      (!rule->bounded_above || number <= (double)rule->most))
    return NULL;
  return g_strdup_printf("%s is %g", rule->at, number);
}

static bool
check_value(const json_t *value, void *data)
{
  FieldCheck *check = data;
  const FieldRule *rule = check->rule;
  bool words = *rule->is != NULL || *rule->is_not != NULL;
  g_autofree char *text = text_of(value);
  if (value == NULL)
    check->misfit = g_strdup_printf("%s is not there", rule->at);
  else if (rule->bounded_below || rule->bounded_above)
    check->misfit = number_misfit(rule, value);
  if (check->misfit != NULL || !words)
    return check->misfit == NULL;
  if (text == NULL)
    check->misfit = g_strdup_printf("%s is no text", rule->at);
  else if ((*rule->is != NULL && !fits_any(rule->is, text)) || fits_any(rule->is_not, text)) {
    g_autofree char *shown = slice_to_printable(slice_from_string(text), SHOWN_MAX);
    check->misfit = g_strdup_printf("%s is \"%s\"", rule->at, shown);
  }
  return check->misfit == NULL;
}

static char *
field_misfit(const FieldRule *rule, const json_t *predicate)
{
  FieldCheck check = {.rule = rule};
  FieldWalk field = {.visit = check_value, .data = &check};
  walk(&field, predicate, rule->at);
  return check.misfit;
}

/* --- age --- */

static bool
note_time(const json_t *value, void *data)
{
  g_autoptr(GDateTime) time =
      json_is_string(value) ? g_date_time_new_from_iso8601(json_string_value(value), NULL) : NULL;
  if (time != NULL)
    *(int64_t *)data = g_date_time_to_unix(time) * G_USEC_PER_SEC;
  return false;
}

/* What the signed predicate says itself: whoever pushes its envelope again does not make it new. 0:
 * it does not say. */
static int64_t
made_at(const VerifiedSignature *signature)
{
  int64_t time = 0;
  const KnownType *known = known_type(signature->predicate_type);
  FieldWalk field = {.visit = note_time, .data = &time};
  for (size_t i = 0; known != NULL && time == 0 && i < G_N_ELEMENTS(known->times); i++)
    if (known->times[i] != NULL)
      walk(&field, signature->predicate, known->times[i]);
  return time;
}

static char *
age_misfit(const AttestationRule *rule, const VerifiedSignature *signature, int64_t now,
           int64_t *until)
{
  int64_t made = made_at(signature);
  if (made <= 0)
    return g_strdup("does not say when it was made");
  if (made > now + CLOCKS_APART)
    return g_strdup("says that it will be made only later");
  *until = made + (int64_t)rule->age * G_USEC_PER_SEC;
  if (now < *until)
    return NULL;
  g_autofree char *when = calendar_moment(made / G_USEC_PER_SEC);
  g_autofree char *end = calendar_moment(*until / G_USEC_PER_SEC);
  return g_strdup_printf("is of %s, and counted until %s", when, end);
}

char *
attestation_misfit(const AttestationRule *rule, const VerifiedSignature *signature, int64_t now,
                   int64_t *until)
{
  *until = 0;
  for (unsigned i = 0; i < rule->fields_count; i++) {
    char *misfit = field_misfit(&rule->fields[i], signature->predicate);
    if (misfit != NULL)
      return misfit;
  }
  return rule->age == 0 ? NULL : age_misfit(rule, signature, now, until);
}

/* --- keys of the policy --- */

static bool
read_type(const Setting *setting, const char *text, void *value, GError **error)
{
  bool known = strstr(text, "://") != NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(known_types); i++)
    known |= strcmp(known_types[i].name, text) == 0;
  if (!known)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be vuln, slsa, spdx, cyclonedx, or the URI of a predicate's type");
  *(char **)value = g_strdup(text);
  return true;
}
static void
clear_type(void *value)
{
  g_clear_pointer((char **)value, g_free);
}
static const SettingKind type_kind = {.read = read_type, .clear = clear_type};

static void
complete_field(void *values, const SettingsPlace *place)
{
  FieldRule *rule = values;
  rule->bounded_below = settings_given(place, "least");
  rule->bounded_above = settings_given(place, "most");
}

static const Setting field_settings[] = {
    {SETTING(FieldRule, at), .kind = &setting_text, .required = true},
    {SETTING(FieldRule, is), .kind = &setting_texts, .least = 1, .most = 100},
    {SETTING_AS("not", FieldRule, is_not), .kind = &setting_texts, .least = 1, .most = 100},
    {SETTING(FieldRule, least), .kind = &setting_count},
    {SETTING(FieldRule, most), .kind = &setting_count},
};
static const Section field_section = {field_settings, G_N_ELEMENTS(field_settings),
                                      sizeof(FieldRule), .word = "at", .check = complete_field};

static const Setting attestation_settings[] = {
    {SETTING(AttestationRule, type), .kind = &type_kind, .required = true},
    {SETTING(AttestationRule, attestors), .kind = &setting_texts, .least = 1, .most = 100},
    {SETTING(AttestationRule, age), .kind = &setting_duration, .most = AGE_MAX},
    {SETTING_LIST(AttestationRule, fields), .section = &field_section, .most = 100},
};
const Section attestation_rule_section = {attestation_settings, G_N_ELEMENTS(attestation_settings),
                                          sizeof(AttestationRule), .word = "type"};
