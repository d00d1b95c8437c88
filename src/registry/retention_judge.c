/* What goes and what stays. Pure: all is known of the repository before.
 *
 * First each image is judged by itself: what protects it, then the rules that keep, then those that
 * delete. What belongs to another image (a referrer, or what is tagged by the other's digest) is
 * not: it goes with that. Then what stays holds what it needs: from each image that stays, its
 * members stay, and theirs. Of the rest, a member without a tag and without a rule goes with its
 * indexes. */
#include <string.h>

#include "oci/reference.h"
#include "registry/registry-private.h"
#include "registry/retention-private.h"

/* --- what belongs to what --- */

/* "sha256-HEX" and what follows it, with the image of that digest there. */
static RetentionImage *
named_by_tag(const RetentionFacts *facts, const char *tag)
{
  g_autofree char *digest = tag_subject(tag);
  return digest == NULL ? NULL : g_hash_table_lookup(facts->by_digest, digest);
}

static bool
is_signature_type(const char *type)
{
  static const char *const types[] = {
      "application/vnd.dev.cosign.", "application/vnd.dev.sigstore.",
      "application/vnd.cncf.notary.signature", "application/vnd.in-toto"};
  for (size_t i = 0; type != NULL && i < G_N_ELEMENTS(types); i++)
    if (g_str_has_prefix(type, types[i]))
      return true;
  return false;
}

static bool
is_signature_tag(const char *tag)
{
  return g_str_has_suffix(tag, ".sig") || g_str_has_suffix(tag, ".att");
}

/* All of its tags are of other images' digests: it has none of its own. */
static void
attach(const RetentionFacts *facts, RetentionImage *image)
{
  RetentionImage *subject =
      image->subject == NULL ? NULL : g_hash_table_lookup(facts->by_digest, image->subject);
  RetentionImage *named = NULL;
  guint of_others = 0;
  bool signs = is_signature_type(image->artifact_type);
  for (guint i = 0; i < image->tags->len; i++) {
    const char *tag = g_ptr_array_index(image->tags, i);
    RetentionImage *other = named_by_tag(facts, tag);
    if (other == NULL || other == image)
      continue;
    of_others++;
    named = other;
    if (is_signature_tag(tag))
      other->signature = image;
  }
  if (subject != NULL && subject != image && signs)
    subject->signature = image;
  if (subject != NULL && subject != image && of_others == image->tags->len)
    image->belongs_to = subject;
  else if (of_others > 0 && of_others == image->tags->len)
    image->belongs_to = named;
}

/* --- one by itself --- */

static void
decide(RetentionImage *image, bool deletes, RetentionBy by, char *reason)
{
  g_free(image->reason);
  image->decided = true;
  image->deletes = deletes;
  image->by = by;
  image->reason = reason;
}

/* A member that nobody tagged: no rule counts it among the newest. */
static bool
is_part_of_index(const RetentionImage *image)
{
  return image->tags->len == 0 && image->needed_by->len > 0;
}

static bool
tags_match(const RetentionRule *rule, bool keeps, const RetentionImage *image)
{
  if (rule->untagged)
    return image->tags->len == 0;
  if (rule->tags->len == 0)
    return true;
  bool any = false, all = image->tags->len > 0;
  for (guint i = 0; i < image->tags->len; i++) {
    bool matches = retention_patterns_match(rule->tags, g_ptr_array_index(image->tags, i));
    any |= matches;
    all &= matches;
  }
  return keeps ? any : all;
}

/* Each rule with how many it has counted: images come newest first. */
typedef struct {
  const RetentionRule *rule;
  bool keeps, of_repository;
  uint64_t counted;
} Counting;

static bool
ages_match(const Counting *counting, const RetentionImage *image, int64_t now)
{
  const RetentionRule *rule = counting->rule;
  int64_t used = MAX(image->pulled, image->pushed);
  bool pushed = now - image->pushed <= (int64_t)rule->pushed * G_USEC_PER_SEC;
  if (rule->pushed > 0 && pushed != counting->keeps)
    return false;
  if (rule->pulled == 0)
    return true;
  return counting->keeps
             ? image->pulled > 0 && now - image->pulled <= (int64_t)rule->pulled * G_USEC_PER_SEC
             : now - used > (int64_t)rule->pulled * G_USEC_PER_SEC;
}

static bool
rule_matches(Counting *counting, const RetentionImage *image, int64_t now)
{
  const RetentionRule *rule = counting->rule;
  if (!counting->of_repository || !tags_match(rule, counting->keeps, image))
    return false;
  if (rule->newest > 0 && !is_part_of_index(image)) {
    bool among = counting->counted++ < rule->newest;
    if (among != counting->keeps)
      return false;
  } else if (rule->newest > 0) {
    return false;
  }
  return ages_match(counting, image, now);
}

static void
protect(const Retention *retention, const RetentionFacts *facts, RetentionImage *image, int64_t now)
{
  const char *rule = NULL;
  if (image->quarantine != NULL)
    decide(image, false, RETENTION_BY_QUARANTINE,
           g_strdup_printf("%s is in quarantine", image->quarantine));
  for (guint i = 0; !image->decided && i < image->tags->len; i++) {
    const char *tag = g_ptr_array_index(image->tags, i);
    rule = immutable_rule(facts->space, facts->repository, tag);
    if (rule != NULL)
      decide(image, false, RETENTION_BY_IMMUTABLE,
             g_strdup_printf("tag %s is immutable by the rule \"%s\"", tag, rule));
  }
  if (!image->decided && image->signature != NULL)
    decide(image, false, RETENTION_BY_SIGNATURE,
           g_strdup_printf("it is signed: %s", image->signature->digest.text));
  if (!image->decided && image->running != NULL)
    decide(image, false, RETENTION_BY_RUNNING, g_strdup(image->running));
  if (!image->decided && now - image->pushed < (int64_t)retention->grace * G_USEC_PER_SEC)
    decide(image, false, RETENTION_BY_GRACE,
           g_strdup("it was pushed, tagged or brought back within the grace"));
}

static GArray *
counting_of(const GPtrArray *rules, bool keeps, const char *repository)
{
  GArray *all = g_array_new(FALSE, TRUE, sizeof(Counting));
  for (guint i = 0; i < rules->len; i++) {
    const RetentionRule *rule = g_ptr_array_index(rules, i);
    const Counting counting = {.rule = rule,
                               .keeps = keeps,
                               .of_repository =
                                   retention_patterns_match(rule->repositories, repository)};
    g_array_append_val(all, counting);
  }
  return all;
}

/* All rules are asked, for all of them count. */
static void
ask_rules(GArray *rules, RetentionImage *image, int64_t now)
{
  for (guint i = 0; i < rules->len; i++) {
    Counting *counting = &g_array_index(rules, Counting, i);
    if (!rule_matches(counting, image, now) || image->decided)
      continue;
    g_autofree char *words = retention_rule_words(counting->rule, counting->keeps);
    decide(image, !counting->keeps, counting->keeps ? RETENTION_BY_KEEP : RETENTION_BY_DELETE,
           g_strdup_printf("%s %u: %s", counting->keeps ? "keep" : "delete", i + 1, words));
  }
}

static int
newest_first(const void *a, const void *b)
{
  const RetentionImage *one = *(RetentionImage *const *)a, *other = *(RetentionImage *const *)b;
  if (one->pushed != other->pushed)
    return one->pushed > other->pushed ? -1 : 1;
  return strcmp(one->digest.text, other->digest.text);
}

static void
judge_each(const Retention *retention, RetentionFacts *facts, int64_t now)
{
  g_autoptr(GPtrArray) order = g_ptr_array_copy(facts->images, NULL, NULL);
  g_ptr_array_set_free_func(order, NULL);
  g_autoptr(GArray) keep = counting_of(retention->keep, true, facts->repository);
  g_autoptr(GArray) delete = counting_of(retention->delete, false, facts->repository);
  g_ptr_array_sort(order, newest_first);
  for (guint i = 0; i < order->len; i++) {
    RetentionImage *image = g_ptr_array_index(order, i);
    if (image->belongs_to != NULL)
      continue;
    protect(retention, facts, image, now);
    ask_rules(keep, image, now);
    ask_rules(delete, image, now);
    if (!image->decided && !is_part_of_index(image))
      decide(image, false, RETENTION_BY_NONE, g_strdup("no rule that deletes matches it"));
  }
}

/* --- what holds what --- */

static void
hold(RetentionImage *image, GPtrArray *queue, const RetentionImage *holder, const char *what)
{
  if (image->decided && !image->deletes)
    return;
  decide(image, false, RETENTION_BY_NEED,
         g_strdup_printf("%s %s, which stays", what, holder->digest.text));
  g_ptr_array_add(queue, image);
}

static GPtrArray *
members_of(GHashTable *members, RetentionImage *index)
{
  GPtrArray *list = g_hash_table_lookup(members, index);
  if (list == NULL) {
    list = g_ptr_array_new();
    g_hash_table_insert(members, index, list);
  }
  return list;
}

/* From each that stays, what it needs stays. What belongs to another is still there after that has
 * gone, for it can be brought back. */
static void
hold_needed(RetentionFacts *facts)
{
  g_autoptr(GPtrArray) queue = g_ptr_array_new();
  g_autoptr(GHashTable) members =
      g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
  for (guint i = 0; i < facts->images->len; i++) {
    RetentionImage *image = g_ptr_array_index(facts->images, i);
    for (guint j = 0; j < image->needed_by->len; j++)
      g_ptr_array_add(members_of(members, g_ptr_array_index(image->needed_by, j)), image);
    if (image->belongs_to != NULL || (image->decided && !image->deletes))
      g_ptr_array_add(queue, image);
  }
  for (guint i = 0; i < queue->len; i++) {
    RetentionImage *image = g_ptr_array_index(queue, i);
    const GPtrArray *needed = members_of(members, image);
    RetentionImage *subject = image->subject == NULL || image->by == RETENTION_BY_NONE
                                  ? NULL
                                  : g_hash_table_lookup(facts->by_digest, image->subject);
    for (guint j = 0; j < needed->len; j++)
      hold(g_ptr_array_index(needed, j), queue, image, "it is in the index");
    if (subject != NULL && subject != image)
      hold(subject, queue, image, "it is the subject of");
  }
}

/* What is left undecided, and what belongs to others. */
static void
end(RetentionImage *image)
{
  if (image->belongs_to != NULL)
    decide(image, false, RETENTION_BY_SUBJECT,
           g_strdup_printf("it belongs to %s, and goes with it", image->belongs_to->digest.text));
  else if (!image->decided) {
    const RetentionImage *index = g_ptr_array_index(image->needed_by, 0);
    decide(image, true, RETENTION_BY_INDEX,
           g_strdup_printf("it is in the index %s, which goes", index->digest.text));
  }
}

void
retention_judge(const Retention *retention, RetentionFacts *facts, int64_t now)
{
  for (guint i = 0; i < facts->images->len; i++)
    attach(facts, g_ptr_array_index(facts->images, i));
  judge_each(retention, facts, now);
  hold_needed(facts);
  for (guint i = 0; i < facts->images->len; i++)
    end(g_ptr_array_index(facts->images, i));
}
