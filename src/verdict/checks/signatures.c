/* `signatures`: who must have signed an image, and which attestations must lie beside it. What is
 * not known, or could not be read, is never taken as signed. */
#include <string.h>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/json.h"
#include "text/glob.h"
#include "verdict/attestation.h"
#include "verdict/checks.h"

/* More would not fit into what docker shows of an error. */
#define NAMED_PROBLEMS 3u
#define PROBLEM_MAX    300u

typedef enum { MODE_ENFORCE, MODE_WARN, MODE_DRY_RUN } Mode;
static const char *const modes[] = {"enforce", "warn", "dry-run", NULL};
static const char *const member_words[] = {"covered", "alone", NULL};

typedef struct {
  GStrv attestors;
  unsigned require; /* so many of them; 0: all */
  Mode mode;
  GStrv annotations; /* "KEY=PATTERN": what each signature must say */
  bool alone;        /* an image's own signature counts, and none of an index that holds it */
  AttestationRule *attestations;
  unsigned attestations_count;
} SignatureRule;

/* --- its keys --- */

static bool
read_require(const Setting *setting, const char *text, void *value, GError **error)
{
  unsigned *require = value;
  guint64 number;
  if (strcmp(text, "all") == 0)
    *require = 0;
  else if (strcmp(text, "any") == 0)
    *require = 1;
  else if (g_ascii_string_to_unsigned(text, 10, 1, 1000, &number, NULL))
    *require = (unsigned)number;
  else
    return error_set(error, ASSAY_ERROR_INVALID,
                     "must be all, any, or how many of the attestors must have signed");
  return true;
}
static const SettingKind require_kind = {.read = read_require};

static void
check_names(GStrv names, const SettingsPlace *place, const char *key)
{
  for (char **name = names; *name != NULL; name++)
    if (g_strv_contains((const char *const *)(name + 1), *name))
      settings_complain(place, key, "the attestor \"%s\" is there twice", *name);
}

static void
complete_rule(void *values, const SettingsPlace *place)
{
  SignatureRule *rule = values;
  guint count = g_strv_length(rule->attestors);
  check_names(rule->attestors, place, "attestors");
  if (count == 0 && rule->attestations_count == 0)
    settings_complain(place, NULL, "name `attestors` that must sign, or `attestations`");
  else if (rule->require > count && (count > 0 || settings_given(place, "require")))
    settings_complain(place, "require", "is %u, but there %s %u attestor%s", rule->require,
                      count == 1 ? "is" : "are", count, count == 1 ? "" : "s");
  for (unsigned i = 0; count == 0 && i < rule->attestations_count; i++)
    if (*rule->attestations[i].attestors == NULL)
      settings_complain(place, "attestations", "say by which `attestors` the attestation \"%s\" is",
                        rule->attestations[i].type);
}

static const Setting rule_settings[] = {
    {SETTING(SignatureRule, attestors), .kind = &setting_texts, .least = 1, .most = 100},
    {SETTING(SignatureRule, require), .kind = &require_kind, .fallback = "all"},
    {SETTING(SignatureRule, mode), .kind = &setting_choice, .words = modes, .fallback = "enforce"},
    {SETTING(SignatureRule, annotations), .kind = &setting_pairs, .least = 1, .most = 100},
    {SETTING_AS("members", SignatureRule, alone), .kind = &setting_choice, .words = member_words,
     .fallback = "covered"},
    {SETTING_LIST(SignatureRule, attestations), .section = &attestation_rule_section, .most = 100},
};
static const Section rule_section = {rule_settings, G_N_ELEMENTS(rule_settings),
                                     sizeof(SignatureRule), .word = "attestors",
                                     .check = complete_rule};
static const Setting settings[] = {
    {.key = "signatures", .width = sizeof(SignatureRule), .section = &rule_section},
};

bool
signatures_are_wanted(const void *data)
{
  const SignatureRule *rule = data;
  return *rule->attestors != NULL || rule->attestations_count > 0;
}

bool
signatures_of_indexes_count(const void *data)
{
  return !((const SignatureRule *)data)->alone;
}

GPtrArray *
signatures_attestors(const void *data)
{
  const SignatureRule *rule = data;
  GPtrArray *names = g_ptr_array_new();
  for (char **name = rule->attestors; *name != NULL; name++)
    g_ptr_array_add(names, *name);
  for (unsigned i = 0; i < rule->attestations_count; i++)
    for (char **name = rule->attestations[i].attestors; *name != NULL; name++)
      g_ptr_array_add(names, *name);
  return names;
}

/* --- what is known of an image --- */

/* Of the image and of the indexes that count for it, all together: each says something of it. */
typedef struct {
  GPtrArray *valid;    /* const VerifiedSignature * */
  GPtrArray *problems; /* char *: why others do not count */
  bool looked_at, incomplete;
  unsigned seen;
} Seen;

static void
see(Seen *seen, const ImageSignatures *signatures)
{
  seen->looked_at = true;
  seen->incomplete |= signatures->incomplete;
  seen->seen += signatures->seen;
  for (guint i = 0; i < signatures->valid->len; i++)
    g_ptr_array_add(seen->valid, g_ptr_array_index(signatures->valid, i));
  for (guint i = 0; i < signatures->problems->len; i++)
    g_ptr_array_add(seen->problems, g_strdup(g_ptr_array_index(signatures->problems, i)));
}

static void
seen_clear(Seen *seen)
{
  g_ptr_array_unref(seen->valid);
  g_ptr_array_unref(seen->problems);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Seen, seen_clear)

/* --- judging --- */

/* The first of @wanted that @signature does not say; NULL: it says all. */
static const char *
missing_annotation(GStrv wanted, const VerifiedSignature *signature)
{
  for (char **pair = wanted; *pair != NULL; pair++) {
    const char *pattern = strchr(*pair, '=') + 1;
    g_autofree char *key = g_strndup(*pair, (size_t)(pattern - 1 - *pair));
    const char *value = json_get_string(signature->annotations, key);
    if (value == NULL || !glob_matches_across(pattern, value))
      return *pair;
  }
  return NULL;
}

/* Whether one of its signatures counts; why one that is good does not goes to the problems. */
static bool
has_signed(const SignatureRule *rule, const char *attestor, Seen *seen)
{
  g_autofree char *problem = NULL;
  for (guint i = 0; i < seen->valid->len; i++) {
    const VerifiedSignature *signature = g_ptr_array_index(seen->valid, i);
    if (signature->format == SIGNATURE_ATTESTATION || strcmp(signature->attestor, attestor) != 0)
      continue;
    const char *missing = missing_annotation(rule->annotations, signature);
    if (missing == NULL)
      return true;
    g_free(problem);
    problem = g_strdup_printf("the signature of \"%s\" does not say %s", attestor, missing);
  }
  if (problem != NULL)
    g_ptr_array_add(seen->problems, g_steal_pointer(&problem));
  return false;
}

/* `"release", "security"`. (transfer full) */
static char *
quoted(const GPtrArray *names, const char *between)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < names->len; i++)
    g_string_append_printf(text, "%s\"%s\"", i == 0 ? "" : between,
                           (const char *)g_ptr_array_index(names, i));
  return g_string_free(text, FALSE);
}

/* (transfer full) */
static char *
lack_in_words(unsigned require, const GPtrArray *signed_by, const GPtrArray *missing)
{
  guint all = signed_by->len + missing->len;
  g_autofree char *lack = quoted(missing, require == 1 ? " or " : " and ");
  if (require == all)
    return g_strdup_printf("it is not signed by %s", lack);
  if (require == 1)
    return g_strdup_printf("it is signed by none of its attestors, %s", lack);
  g_autofree char *by = quoted(signed_by, " and ");
  return g_strdup_printf("%u of %u attestors must sign it, and %s%s did; not by %s", require, all,
                         signed_by->len == 0 ? "none" : "only ", by, lack);
}

/* NULL: enough have signed. (transfer full) */
static char *
signers_lack(const SignatureRule *rule, Seen *seen)
{
  g_autoptr(GPtrArray) signed_by = g_ptr_array_new(), missing = g_ptr_array_new();
  for (char **name = rule->attestors; *name != NULL; name++)
    g_ptr_array_add(has_signed(rule, *name, seen) ? signed_by : missing, *name);
  unsigned require = rule->require == 0 ? signed_by->len + missing->len : rule->require;
  return signed_by->len >= require ? NULL : lack_in_words(require, signed_by, missing);
}

static GStrv
attestors_of(const SignatureRule *rule, const AttestationRule *wanted)
{
  return *wanted->attestors != NULL ? wanted->attestors : rule->attestors;
}

/* NULL: there is one that fits. *until: until when the last of those that fit counts; 0: for good.
 * (transfer full) */
static char *
attestation_lack(const SignatureRule *rule, const AttestationRule *wanted, Seen *seen, int64_t now,
                 int64_t *until)
{
  GStrv names = attestors_of(rule, wanted);
  bool found = false;
  *until = 0;
  for (guint i = 0; i < seen->valid->len; i++) {
    const VerifiedSignature *signature = g_ptr_array_index(seen->valid, i);
    int64_t end;
    if (!attestation_is_of_type(wanted, signature) ||
        !g_strv_contains((const char *const *)names, signature->attestor))
      continue;
    g_autofree char *misfit = attestation_misfit(wanted, signature, now, &end);
    if (misfit != NULL)
      g_ptr_array_add(seen->problems, g_strdup_printf("the %s attestation of \"%s\" %s",
                                                      wanted->type, signature->attestor, misfit));
    else if (end == 0)
      return NULL;
    else {
      found = true;
      *until = MAX(*until, end);
    }
  }
  if (found)
    return NULL;
  g_autofree char *by = g_strjoinv("\" or \"", names);
  return g_strdup_printf("it has no %s attestation by \"%s\" that counts", wanted->type, by);
}

/* Whether a problem speaks of one of the attestors. */
static bool
speaks_of(const char *problem, const GPtrArray *names)
{
  for (guint i = 0; i < names->len; i++) {
    const char *name = g_ptr_array_index(names, i);
    size_t size = strlen(name);
    for (const char *at = strstr(problem, name); at != NULL; at = strstr(at + 1, name))
      if (at > problem && at[-1] == ' ' && strchr(" :,;", at[size]) != NULL)
        return true;
  }
  return false;
}

/* Only some are told: first why nothing is by whom the rule asks for. */
static void
sort_problems(const SignatureRule *rule, Seen *seen)
{
  g_autoptr(GPtrArray) names = signatures_attestors(rule);
  GPtrArray *sorted = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0, asked = 0; i < seen->problems->len; i++) {
    char *problem = g_ptr_array_index(seen->problems, i);
    bool first = speaks_of(problem, names);
    g_ptr_array_insert(sorted, first ? (gint)asked : -1, g_strdup(problem));
    asked += first;
  }
  g_ptr_array_unref(seen->problems);
  seen->problems = sorted;
}

/* What is lacking, with why what is there does not count. (transfer full) */
static char *
refusal_in_words(const GPtrArray *lacks, const Seen *seen)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < lacks->len; i++)
    g_string_append_printf(text, "%s%s", i == 0 ? "" : ", and ",
                           (const char *)g_ptr_array_index(lacks, i));
  if (!seen->looked_at)
    g_string_append(text, ": its signatures were not looked at");
  else if (seen->seen == 0 && !seen->incomplete)
    g_string_append(text, ": it has no signatures");
  if (seen->incomplete)
    g_string_append(text, "; not all that lies beside it could be read");
  for (guint i = 0; i < MIN(seen->problems->len, NAMED_PROBLEMS); i++) {
    g_autofree char *shown =
        slice_to_printable(slice_from_string(g_ptr_array_index(seen->problems, i)), PROBLEM_MAX);
    g_string_append_printf(text, "; %s", shown);
  }
  if (seen->problems->len > NAMED_PROBLEMS)
    g_string_append_printf(text, "; and %u more do not count",
                           seen->problems->len - NAMED_PROBLEMS);
  return g_string_free(text, FALSE);
}

static void
tell(Mode mode, Judgement *judgement, char *sentence)
{
  switch (mode) {
  case MODE_ENFORCE:
    judgement_block(judgement, "signatures", sentence);
    return;
  case MODE_WARN:
    judgement_warn(judgement, sentence);
    return;
  case MODE_DRY_RUN:
    judgement_try(judgement, "signatures", sentence);
    return;
  }
}

static void
judge(const void *data, Judgement *judgement)
{
  const SignatureRule *rule = data;
  const PolicyInput *input = judgement->input;
  if (!signatures_are_wanted(rule) || input->artifact)
    return;
  g_auto(Seen) seen = {.valid = g_ptr_array_new(),
                       .problems = g_ptr_array_new_with_free_func(g_free)};
  if (input->signatures != NULL)
    see(&seen, input->signatures);
  for (guint i = 0; !rule->alone && input->of_indexes != NULL && i < input->of_indexes->len; i++)
    see(&seen, g_ptr_array_index(input->of_indexes, i));
  seen.incomplete |= !rule->alone && input->more_indexes;
  judgement_turns(judgement, input->signatures_turn);
  g_autoptr(GPtrArray) lacks = g_ptr_array_new_with_free_func(g_free);
  char *lack = signers_lack(rule, &seen);
  if (lack != NULL)
    g_ptr_array_add(lacks, lack);
  for (unsigned i = 0; i < rule->attestations_count; i++) {
    int64_t until;
    lack = attestation_lack(rule, &rule->attestations[i], &seen, input->now, &until);
    if (lack != NULL)
      g_ptr_array_add(lacks, lack);
    judgement_turns(judgement, until);
  }
  if (lacks->len > 0) {
    sort_problems(rule, &seen);
    tell(rule->mode, judgement, refusal_in_words(lacks, &seen));
  }
}

static bool
blocks(const void *data)
{
  return signatures_are_wanted(data);
}

const PolicyCheck signatures_check = {.settings = settings,
                                      .count = G_N_ELEMENTS(settings),
                                      .size = sizeof(SignatureRule),
                                      .blocks = blocks,
                                      .of_any = true,
                                      .judge = judge};
