/* Attestations of what is known of an image; see the header. */
#include "pipeline/attest_image.h"

#include <string.h>

#include "assay-version.h"
#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "pipeline/pipeline-private.h"
#include "pipeline/sboms.h"
#include "registry/signatures.h"
#include "report/report.h"
#include "report/writer.h"
#include "sign/formats/dsse.h"

/* In base64, and in two forms, it fits into what the server reads beside an image. */
#define PREDICATE_MAX ((size_t)5 * 1024 * 1024)

/* --- what is said --- */

/* A document that we wrote. */
static json_t *
parse(char *text, GError **error)
{
  g_autofree char *owned = text;
  return owned == NULL ? NULL : json_parse(slice_from_string(owned), error);
}

static char *
time_text(int64_t time)
{
  g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(time / G_USEC_PER_SEC);
  return g_date_time_format(at, "%Y-%m-%dT%H:%M:%SZ");
}

/* 0: it does not say. */
static int64_t
finished_at(const json_t *predicate)
{
  const char *text = json_get_string(json_object_get(predicate, "metadata"), "scanFinishedOn");
  g_autoptr(GDateTime) time = text == NULL ? NULL : g_date_time_new_from_iso8601(text, NULL);
  return time == NULL ? 0 : g_date_time_to_unix(time) * G_USEC_PER_SEC;
}

/* The report as `assay image --format json` has it, in the frame that cosign's readers know. The
 * layers were inspected when the image was scanned; what was found there is compared with the
 * advisories that the registry has now. */
static json_t *
frame(json_t *report, const ImageSummary *summary)
{
  g_autofree char *begun = time_text(summary->scanned), *time = time_text(g_get_real_time());
  const char *database = summary->database != NULL ? summary->database : "";
  return json_pack("{s:{s:{},s:s,s:s,s:s},s:{s:s,s:s,s:{s:s,s:s},s:o},s:{s:s,s:s}}", "invocation",
                   "parameters", "uri", "", "event_id", "", "builder.id", "", "scanner", "uri",
                   "assay", "version", ASSAY_VERSION, "db", "uri", "", "version", database,
                   "result", report, "metadata", "scanStartedOn", begun, "scanFinishedOn", time);
}

static json_t *
vulnerabilities_of(const SignTask *task, const ImageSummary *summary, GError **error)
{
  Pipeline *pipeline = task->rooms->pipeline;
  const Digest *image = &task->stored->digest;
  FindingKinds without = 0;
  if (!pipeline_without(pipeline, task->repository, image, &without, error))
    return NULL;
  g_autoptr(SharedItem) item =
      pipeline_image_findings(pipeline, image, image_summary_weight(summary), error);
  const MatchResult *result = item == NULL ? NULL : shared_item_value(item);
  if (result == NULL)
    return NULL;
  g_autoptr(GPtrArray) findings = findings_without(result->findings, without);
  g_autofree char *target = g_strconcat(task->repository, "@", image->text, NULL);
  const Report report = {.target = target,
                         .digest = image->text,
                         .os = summary->os,
                         .packages = summary->packages,
                         .findings = findings,
                         .third_party = result->third_party,
                         .ended = result->ended,
                         .gaps = result->gaps,
                         .notes = result->notes,
                         .database = summary->database};
  const ReportStyle style = {.width = 0};
  json_t *document = parse(report_writer_find("json")->write(&report, &style), error);
  return document == NULL ? NULL : frame(document, summary);
}

static json_t *
sbom_of(const SignTask *task, const ImageSummary *summary, GError **error)
{
  int64_t created = 0;
  Pipeline *pipeline = task->rooms->pipeline;
  const Digest *image = &task->stored->digest;
  g_autoptr(SharedItem) item =
      pipeline_image_inventory(pipeline, image, image_summary_weight(summary), error);
  return item == NULL
             ? NULL
             : parse(pipeline_write_sbom(pipeline, task->repository, image, shared_item_value(item),
                                         report_writer_find("cyclonedx"), &created, error),
                     error);
}

static const struct {
  const char *type;
  json_t *(*predicate)(const SignTask *task, const ImageSummary *summary, GError **error);
} kinds[ATTESTATION_KINDS] = {
    [ATTEST_VULNERABILITIES] = {ATTEST_VULNERABILITIES_TYPE, vulnerabilities_of},
    [ATTEST_SBOM] = {ATTEST_SBOM_TYPE, sbom_of},
};

/* Which one it is, whenever it was said. (transfer full) */
static char *
content_of(const json_t *predicate)
{
  g_autoptr(json_t) copy = json_copy((json_t *)(uintptr_t)predicate);
  json_object_del(copy, "metadata");
  char *text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
  Digest digest = digest_of(DIGEST_SHA256, slice_from_string(text != NULL ? text : ""));
  free(text); /* jansson's */
  return g_strdup(digest.text);
}

/* --- one statement in one form --- */

typedef struct {
  const SignTask *task;
  SignedStatement statement;
  const char *content;
  bool as_bundle;
  int64_t made;          /* what it says of when the scan was; 0: it is not made anew by age */
  StoredManifest *tag;   /* of the tag .att, or NULL */
  GPtrArray *before;     /* Signature: those of the key and type in this form; of `found` */
  FoundSignatures found; /* all that is there */
} Attesting;

static void
attesting_clear(Attesting *attesting)
{
  stored_manifest_free(attesting->tag);
  g_clear_pointer(&attesting->before, g_ptr_array_unref);
  found_signatures_clear(&attesting->found);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Attesting, attesting_clear)

static bool
is_before(const Attesting *attesting, const Signature *one, const SignatureClaim *claim)
{
  bool of_tag =
      attesting->tag != NULL && strcmp(attesting->tag->digest.text, one->manifest.text) == 0;
  return one->format == SIGNATURE_ATTESTATION && of_tag != attesting->as_bundle &&
         g_strcmp0(one->predicate_type, attesting->statement.type) == 0 &&
         signature_verify(one, key_public(attesting->task->key), claim, NULL);
}

static bool
look(Attesting *attesting, GError **error)
{
  const SignTask *task = attesting->task;
  RegistrySignatures place = {task->rooms->registry, task->repository};
  const SignatureSource source = registry_signature_source(&place);
  const SignatureClaim claim = {.digest = task->stored->digest, .repository = task->repository};
  attesting->before = g_ptr_array_new();
  if (!sign_existing(task, DSSE_ATTESTATION_SUFFIX, &attesting->tag, error) ||
      !signatures_read(&source, &task->stored->digest, &attesting->found, error))
    return false;
  for (guint i = 0; i < attesting->found.signatures->len; i++) {
    Signature *one = g_ptr_array_index(attesting->found.signatures, i);
    if (is_before(attesting, one, &claim))
      g_ptr_array_add(attesting->before, one);
  }
  return true;
}

/* The tag's manifest without those of before; NULL: nothing of it is left. */
static GBytes *
others_of_tag(const Attesting *attesting)
{
  g_autoptr(json_t) manifest =
      attesting->tag == NULL ? NULL : json_parse(slice_from_bytes(attesting->tag->bytes), NULL);
  const json_t *layers = json_get_array(manifest, "layers");
  json_t *kept = json_array();
  for (size_t i = 0; i < json_array_size(layers); i++) {
    bool is_ours = false;
    for (guint j = 0; j < attesting->before->len; j++)
      is_ours |= ((const Signature *)g_ptr_array_index(attesting->before, j))->index == i;
    if (!is_ours)
      json_array_append(kept, json_array_get(layers, i));
  }
  size_t left = json_array_size(kept);
  if (manifest == NULL || left == 0) {
    json_decref(kept);
    return NULL;
  }
  json_object_set_new(manifest, "layers", kept);
  char *text = json_to_text(manifest);
  return g_bytes_new_take(text, strlen(text));
}

static SignedArtifact *
write_statement(const Attesting *attesting, GError **error)
{
  const SignTask *task = attesting->task;
  const SignedSubject subject = sign_subject(task);
  const SigningMeans means = sign_means(task);
  if (attesting->as_bundle)
    return attestation_bundle_write(&subject, &attesting->statement, &means, error);
  g_autoptr(GBytes) others = others_of_tag(attesting);
  return attestation_write(&subject, &attesting->statement, &means, others, error);
}

/* What holds one (a quarantine, an index) keeps it. */
static void
delete_before(const Attesting *attesting)
{
  for (guint i = 0; attesting->as_bundle && i < attesting->before->len; i++) {
    const Signature *one = g_ptr_array_index(attesting->before, i);
    g_autoptr(GError) error = NULL;
    if (!registry_manifest_delete(attesting->task->rooms->registry, attesting->task->repository,
                                  one->manifest.text, &error))
      log_info("an older attestation stays beside the newer one", "repository",
               attesting->task->repository, "digest", one->manifest.text, "reason", error->message,
               NULL);
  }
}

static bool
note(const Attesting *attesting, const Digest *manifest, int64_t made, bool anew, GError **error)
{
  return sign_note(attesting->task, attesting->as_bundle ? "bundle" : "cosign",
                   attesting->statement.type, attesting->content, manifest, made, anew, error);
}

/* Whether @predicate says the same, and not too long ago: at *made. */
static bool
says_the_same(const Attesting *attesting, const json_t *predicate, int64_t *made)
{
  g_autofree char *said = content_of(predicate);
  if (strcmp(said, attesting->content) != 0)
    return false;
  *made = attesting->made == 0 ? 0 : finished_at(predicate);
  int64_t age = (int64_t)signing_rule_renewal(attesting->task->rule) * G_USEC_PER_SEC;
  return *made <= attesting->made && *made + age > attesting->made;
}

static bool
attest_in_form(const SignTask *task, const SignedStatement *statement, const char *content,
               bool as_bundle, int64_t made, GError **error)
{
  g_auto(Attesting) attesting = {task, *statement, content, as_bundle, made, NULL, NULL, {NULL}};
  if (!look(&attesting, error))
    return false;
  for (guint i = 0; i < attesting.before->len; i++) {
    const Signature *one = g_ptr_array_index(attesting.before, i);
    g_autoptr(json_t) predicate = dsse_predicate(one);
    int64_t before = 0;
    if (!says_the_same(&attesting, predicate, &before))
      continue;
    task->outcome->present++;
    return note(&attesting, &one->manifest, before, false, error);
  }
  g_autoptr(SignedArtifact) artifact = write_statement(&attesting, error);
  if (artifact == NULL || !sign_store(task, artifact, as_bundle ? NULL : attesting.tag, error) ||
      !note(&attesting, &artifact->digest, made, true, error))
    return false;
  delete_before(&attesting);
  task->outcome->made++;
  return true;
}

/* --- all of them --- */

/* What is beyond could not be read again beside the others, and would be made anew each time. */
static bool
check_size(const json_t *predicate, AttestationKind kind, GError **error)
{
  g_autofree char *text = json_to_text(predicate);
  Slice bytes = slice_from_string(text);
  return (bytes.size <= PREDICATE_MAX && json_count_values(bytes) <= DSSE_VALUES_MAX / 2) ||
         error_set(error, ASSAY_ERROR_LIMIT, "the attestation \"%s\" would be too large to be read",
                   signing_attestation_names[kind]);
}

static bool
attest(const SignTask *task, AttestationKind kind, const ImageSummary *summary, GError **error)
{
  GStrv formats = task->rule->formats;
  g_autoptr(json_t) predicate = kinds[kind].predicate(task, summary, error);
  if (predicate == NULL || !check_size(predicate, kind, error))
    return false;
  g_autofree char *content = content_of(predicate), *name = g_strdup(task->reference);
  char *slash = strrchr(name, '/'), *colon = slash == NULL ? NULL : strchr(slash, ':');
  if (colon != NULL)
    *colon = '\0';
  const SignedStatement statement = {kinds[kind].type, predicate, name};
  int64_t made = kind == ATTEST_VULNERABILITIES ? finished_at(predicate) : 0;
  for (int as_bundle = 0; as_bundle < 2; as_bundle++) {
    const char *format = as_bundle ? "bundle" : "cosign";
    bool wanted = formats == NULL || g_strv_contains((const char *const *)formats, format);
    if (wanted && !attest_in_form(task, &statement, content, as_bundle, made, error))
      return false;
  }
  return true;
}

bool
attest_image(const SignTask *task, GError **error)
{
  g_autoptr(ImageSummary) summary =
      pipeline_image_summary(task->rooms->pipeline, &task->stored->digest, error);
  for (unsigned kind = 0; summary != NULL && kind < ATTESTATION_KINDS; kind++)
    if (g_strv_contains((const char *const *)task->rule->attest, signing_attestation_names[kind]) &&
        !attest(task, (AttestationKind)kind, summary, error))
      return false;
  return summary != NULL;
}
