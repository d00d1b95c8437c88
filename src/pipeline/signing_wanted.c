/* Events that have something signed; see the header. */
#include "pipeline/signing_wanted.h"

#include <string.h>

#include "base/json.h"
#include "oci/reference.h"
#include "sign/formats/dsse.h"
#include "signing/journal.h"

#define AT_ONCE       500
#define GIVEN_UP_MOST 10000u
/* So often a signature is put back that others overwrite: two who do so to each other end. */
#define RESTORED_MOST 100

typedef struct {
  SqlPool *sql;
  Registry *registry;
  Jobs *jobs;
  const char *kind;
  const SigningSet *set;
  const Event *event;
  GPtrArray *keys;
} Wanted;

char *
signing_job_key(const SigningRule *rule, const char *repository, const char *digest)
{
  return g_strdup_printf("%s %s@%s", rule->name, repository, digest);
}

static void
add(const Wanted *wanted, const SigningRule *rule, const char *repository, const char *digest)
{
  g_ptr_array_add(wanted->keys, signing_job_key(rule, repository, digest));
}

/* @scanned: a scan or a verdict is why, and not a push: of rules for what is pushed, those that
 * attest waited for it. */
static void
add_fitting(const Wanted *wanted, bool scanned, const char *repository, const char *digest,
            const char *const *tags)
{
  for (guint i = 0; i < wanted->set->rules->len; i++) {
    const SigningRule *rule = g_ptr_array_index(wanted->set->rules, i);
    bool asked = signing_rule_asks_verdict(rule) ||
                 (rule->trigger == TRIGGER_PUSH && (!scanned || rule->attest != NULL));
    if (asked && signing_rule_fits(rule, repository, tags))
      add(wanted, rule, repository, digest);
  }
}

bool
signing_is_of_signature(const char *const *tags)
{
  return tags != NULL && tags[0] != NULL && tag_suffix_beside(tags[0]) != NULL;
}

/* Whether @one lay in the tag, is not in what it names now, and may be put back. */
static bool
is_overwritten(const Wanted *wanted, const MadeSignature *one, bool attests)
{
  return strcmp(one->format, "cosign") == 0 && (one->attests != NULL) == attests &&
         one->restored < RESTORED_MOST && signing_set_rule(wanted->set, one->rule) != NULL;
}

/* Another's tool adds its signature to those that it has read: what we stored between its reading
 * and its writing is lost. What was pushed by ourselves has all. */
static bool
add_overwritten(const Wanted *wanted, const char *repository, const char *tag, GError **error)
{
  Digest image;
  bool attests = g_str_has_suffix(tag, DSSE_ATTESTATION_SUFFIX);
  g_autofree char *text = tag_subject(tag);
  if (text == NULL || !digest_parse(text, &image, NULL))
    return true;
  g_autoptr(GPtrArray) made = journal_after(wanted->sql, repository, image.text, 0, AT_ONCE, error);
  for (guint i = 0; made != NULL && i < made->len; i++) {
    const MadeSignature *one = g_ptr_array_index(made, i);
    if (strcmp(one->manifest.text, wanted->event->subject) == 0)
      return true;
  }
  for (guint i = 0; made != NULL && i < made->len; i++) {
    const MadeSignature *one = g_ptr_array_index(made, i);
    if (is_overwritten(wanted, one, attests))
      add(wanted, signing_set_rule(wanted->set, one->rule), repository, image.text);
  }
  return made != NULL;
}

/* What was pushed may have been scanned before, under another name. */
static bool
add_pushed(const Wanted *wanted, GError **error)
{
  const char *repository = json_get_string(wanted->event->data, "repository");
  g_auto(GStrv) tags = json_get_strings(wanted->event->data, "tags");
  if (repository != NULL && signing_is_of_signature((const char *const *)tags))
    return add_overwritten(wanted, repository, tags[0], error);
  if (repository != NULL)
    add_fitting(wanted, false, repository, wanted->event->subject, (const char *const *)tags);
  return true;
}

/* By the tags that it has there. */
static bool
add_scanned_in(const Wanted *wanted, const char *repository, const char *digest, GError **error)
{
  const ImageName name = {repository, digest};
  g_autoptr(GPtrArray) tags = registry_tags_of(wanted->registry, &name, 1, error);
  if (tags != NULL)
    add_fitting(wanted, true, repository, digest, g_ptr_array_index(tags, 0));
  return tags != NULL;
}

/* Wherever it is, and the indexes that it is in: they pass with the last of their members. */
static bool
add_scanned(const Wanted *wanted, GError **error)
{
  Digest digest;
  if (!digest_parse(wanted->event->subject, &digest, NULL))
    return true;
  g_autoptr(GPtrArray) names = registry_repositories_of(wanted->registry, &digest, error);
  if (names == NULL)
    return false;
  for (guint i = 0; i < names->len; i++) {
    const char *repository = g_ptr_array_index(names, i);
    g_autoptr(GPtrArray) indexes =
        registry_indexes_with(wanted->registry, repository, &digest, error);
    if (indexes == NULL || !add_scanned_in(wanted, repository, digest.text, error))
      return false;
    for (guint j = 0; j < indexes->len; j++)
      if (!add_scanned_in(wanted, repository, g_ptr_array_index(indexes, j), error))
        return false;
  }
  return true;
}

/* Signatures of cosign name the repository, so those that it had under its former name count no
 * more. */
static bool
add_repository(const Wanted *wanted, const char *repository, GError **error)
{
  g_autofree char *last = g_strdup("");
  for (;;) {
    g_autoptr(GPtrArray) images =
        registry_images_after(wanted->registry, repository, last, AT_ONCE, error);
    if (images == NULL)
      return false;
    for (guint i = 0; i < images->len; i++) {
      const StoredImage *image = g_ptr_array_index(images, i);
      const char *const *tags = (const char *const *)image->tags;
      if (!signing_is_of_signature(tags))
        add_fitting(wanted, false, repository, image->digest.text, tags);
      g_free(last);
      last = g_strdup(image->digest.text);
    }
    if (images->len < AT_ONCE)
      return true;
  }
}

static bool
add_moved(const Wanted *wanted, GError **error)
{
  const char *to = json_get_string(wanted->event->data, "to");
  return to == NULL || add_repository(wanted, to, error);
}

/* All that is below its new name. */
static bool
add_renamed(const Wanted *wanted, GError **error)
{
  const char *to = json_get_string(wanted->event->data, "to");
  g_autofree char *below = g_strconcat(to == NULL ? "" : to, "/", NULL), *last = g_strdup(below);
  bool more = to != NULL;
  if (more && !add_repository(wanted, to, error))
    return false;
  while (more) {
    g_auto(GStrv) names = registry_catalog(wanted->registry, last, AT_ONCE, &more, error);
    if (names == NULL)
      return false;
    for (char **name = names; *name != NULL; name++) {
      if (!g_str_has_prefix(*name, below))
        return true;
      if (!add_repository(wanted, *name, error))
        return false;
      g_free(last);
      last = g_strdup(*name);
    }
  }
  return true;
}

/* What was refused may be allowed now: a grant, a key or a rule is another. */
static bool
add_given_up(const Wanted *wanted, GError **error)
{
  g_autoptr(GPtrArray) kinds = jobs_status(wanted->jobs, GIVEN_UP_MOST, error);
  for (guint i = 0; kinds != NULL && i < kinds->len; i++) {
    const JobStatus *status = g_ptr_array_index(kinds, i);
    if (strcmp(status->kind->kind, wanted->kind) != 0)
      continue;
    for (guint j = 0; j < status->listed->len; j++) {
      const JobWaiting *one = g_ptr_array_index(status->listed, j);
      if (one->due == 0)
        g_ptr_array_add(wanted->keys, g_strdup(one->key));
    }
  }
  return kinds != NULL;
}

static const struct {
  const char *type;
  bool (*add)(const Wanted *wanted, GError **error);
} by_event[] = {
    {"image.pushed", add_pushed},           {"image.scanned", add_scanned},
    {"image.verdict_changed", add_scanned}, {"repository.moved", add_moved},
    {"namespace.renamed", add_renamed},     {"key-grant.created", add_given_up},
    {"signing-key.turned", add_given_up},   {"signing-key.changed", add_given_up},
    {"attestor.changed", add_given_up},     {"signing-rule.changed", add_given_up},
};
const char *const signing_events[] = {"image.pushed",
                                      "image.scanned",
                                      "image.verdict_changed",
                                      "repository.moved",
                                      "namespace.renamed",
                                      "key-grant.created",
                                      "signing-key.",
                                      "attestor.changed",
                                      "signing-rule.changed",
                                      "signing-rule.removed",
                                      NULL};

bool
signing_wanted(const SigningRooms *rooms, Jobs *jobs, const char *kind, const SigningSet *set,
               const Event *event, GPtrArray *keys, GError **error)
{
  const Wanted wanted = {rooms->sql, rooms->registry, jobs, kind, set, event, keys};
  for (size_t i = 0; set->rules->len > 0 && i < G_N_ELEMENTS(by_event); i++)
    if (strcmp(by_event[i].type, event->type) == 0)
      return by_event[i].add(&wanted, error);
  return true;
}
