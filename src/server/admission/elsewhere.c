/* Images of other registries; see the header. */
#include "server/admission/elsewhere.h"

#include <string.h>

#include "base/error.h"
#include "remote/client.h"
#include "server/admission/own_images.h"

#define FETCHES_AT_ONCE 8
/* That wait or run; of more, nothing is asked. */
#define FETCHES_MOST 256u
#define KEPT_MOST    10000u
/* What a tag names, what a digest is, and what went wrong, are asked for again after so long. */
#define TAG_KEPT    ((int64_t)60 * G_USEC_PER_SEC)
#define DIGEST_KEPT ((int64_t)3600 * G_USEC_PER_SEC)
#define ERROR_KEPT  ((int64_t)15 * G_USEC_PER_SEC)
/* A manifest of another registry. */
#define MANIFEST_MAX ((uint64_t)4 * 1024 * 1024)

/* What a registry said of a name. */
typedef struct {
  char *digest, *error; /* one of them */
  bool missing;         /* the registry has no such image */
  int64_t until;        /* g_get_monotonic_time(); 0: it is being asked */
} Said;

struct Elsewhere {
  ServerContext *context;
  Cancellable *ended;
  GThreadPool *fetching;
  GMutex lock;
  GHashTable *said; /* whole name -> Said; guarded by the lock */
  unsigned waiting; /* of these, those that are being asked for */
};

static void
said_free(void *data)
{
  Said *said = data;
  g_free(said->digest);
  g_free(said->error);
  g_free(said);
}

/* --- asking --- */

/* The digest of what the registry sends: its bytes are what it is. (transfer full) */
static char *
ask(Elsewhere *elsewhere, const char *text, GError **error)
{
  Reference *name = reference_parse(text, error);
  if (name == NULL)
    return NULL;
  const RemoteOptions options = {.name = text,
                                 .authfile = elsewhere->context->config->admission.authfile};
  g_autofree char *known = g_strdup(name->digest);
  g_autoptr(Remote) remote = remote_new(name, &options, elsewhere->ended, error);
  g_autoptr(HttpResponse) answer =
      remote == NULL ? NULL : remote_get_first(remote, MANIFEST_MAX, NULL, elsewhere->ended, error);
  if (answer == NULL)
    return NULL;
  const Digest digest =
      digest_of(known != NULL && g_str_has_prefix(known, "sha512:") ? DIGEST_SHA512 : DIGEST_SHA256,
                slice_from_bytes(answer->body));
  if (known == NULL || g_str_equal(known, digest.text))
    return g_strdup(digest.text);
  error_set(error, ASSAY_ERROR_MISMATCH, "the registry sent another manifest");
  return NULL;
}

/* On a thread of the pool. */
static void
fetch(void *data, void *user_data)
{
  Elsewhere *elsewhere = user_data;
  g_autofree char *text = data;
  g_autoptr(GError) error = NULL;
  Said *said = g_new0(Said, 1);
  said->digest = ask(elsewhere, text, &error);
  bool fixed = strchr(text, '@') != NULL;
  said->until = g_get_monotonic_time() + (error != NULL ? ERROR_KEPT
                                          : fixed       ? DIGEST_KEPT
                                                        : TAG_KEPT);
  if (error != NULL) {
    said->error = g_strdup(error->message);
    said->missing = g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  }
  g_mutex_lock(&elsewhere->lock);
  elsewhere->waiting--;
  g_hash_table_insert(elsewhere->said, g_steal_pointer(&text), said);
  g_mutex_unlock(&elsewhere->lock);
  if (elsewhere->context->http != NULL)
    http_server_wake(elsewhere->context->http);
}

Elsewhere *
elsewhere_new(ServerContext *context)
{
  Elsewhere *elsewhere = g_new0(Elsewhere, 1);
  elsewhere->context = context;
  elsewhere->ended = cancellable_new();
  elsewhere->fetching = g_thread_pool_new(fetch, elsewhere, FETCHES_AT_ONCE, FALSE, NULL);
  elsewhere->said = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, said_free);
  g_mutex_init(&elsewhere->lock);
  return elsewhere;
}

void
elsewhere_free(Elsewhere *elsewhere)
{
  if (elsewhere == NULL)
    return;
  cancellable_cancel(elsewhere->ended);
  g_thread_pool_free(elsewhere->fetching, FALSE, TRUE);
  cancellable_unref(elsewhere->ended);
  g_hash_table_unref(elsewhere->said);
  g_mutex_clear(&elsewhere->lock);
  g_free(elsewhere);
}

static gboolean
is_over(void *key, void *value, void *now)
{
  const Said *said = value;
  return said->until != 0 && said->until <= *(const int64_t *)now;
}

/* Under the lock; asks where nothing is known, or no more. *digest, *error: (transfer full). */
static ImageState
look(Elsewhere *elsewhere, const char *text, char **digest, char **error)
{
  int64_t now = g_get_monotonic_time();
  const Said *said = g_hash_table_lookup(elsewhere->said, text);
  if (said != NULL && !is_over(NULL, (void *)(uintptr_t)said, &now)) {
    *digest = g_strdup(said->digest);
    *error = g_strdup(said->error);
    return said->until == 0 ? IMAGE_PENDING
           : said->missing  ? IMAGE_REFUSED
           : *error != NULL ? IMAGE_UNKNOWN
                            : IMAGE_ADMITTED;
  }
  if (g_hash_table_size(elsewhere->said) >= KEPT_MOST)
    g_hash_table_foreach_remove(elsewhere->said, is_over, &now);
  if (elsewhere->waiting >= FETCHES_MOST || g_hash_table_size(elsewhere->said) >= KEPT_MOST) {
    *error = g_strdup("too many images of other registries are asked for at once");
    return IMAGE_UNKNOWN;
  }
  elsewhere->waiting++;
  g_hash_table_insert(elsewhere->said, g_strdup(text), g_new0(Said, 1));
  g_thread_pool_push(elsewhere->fetching, g_strdup(text), NULL);
  return IMAGE_PENDING;
}

/* --- judging --- */

/* What this registry found in the same image; NULL: it does not hold it. */
static ImageAnswer *
judge_held(AdmissionDesk *desk, const ImageQuestion *question, const char *digest)
{
  Digest of;
  g_autoptr(GError) error = NULL;
  Registry *registry = desk->context->registry;
  g_autoptr(GPtrArray) holders =
      digest_parse(digest, &of, NULL) ? registry_repositories_of(registry, &of, &error) : NULL;
  for (guint i = 0; holders != NULL && i < holders->len; i++) {
    const char *holder = g_ptr_array_index(holders, i);
    g_autoptr(StoredManifest) stored = registry_manifest_get(registry, holder, digest, NULL);
    g_autofree char *name =
        g_strconcat(question->name->host, "/", question->name->repository, NULL);
    if (stored != NULL)
      return own_image_judge_as(desk, question, holder, name, stored);
  }
  return NULL;
}

static ImageAnswer *
verify(AdmissionDesk *desk, const ImageQuestion *question)
{
  g_autofree char *digest = NULL, *failed = NULL;
  g_mutex_lock(&desk->elsewhere->lock);
  ImageState state = look(desk->elsewhere, question->text, &digest, &failed);
  g_mutex_unlock(&desk->elsewhere->lock);
  ImageAnswer *answer =
      state == IMAGE_ADMITTED ? judge_held(desk, question, digest) : image_answer_new(state);
  if (answer != NULL && state != IMAGE_ADMITTED)
    answer->reason = g_strdup_printf("%s: %s", question->name->host,
                                     failed != NULL ? failed : "it has not answered yet");
  if (answer == NULL) {
    answer = image_answer_new(IMAGE_REFUSED);
    answer->digest = g_strdup(digest);
    answer->reason = g_strdup_printf(
        "this registry does not hold %s, and so has not tested it; push a copy to it", digest);
  }
  return answer;
}

ImageAnswer *
elsewhere_judge(AdmissionDesk *desk, const ImageQuestion *question)
{
  AdmissionElsewhere what = desk->context->config->admission.elsewhere;
  if (what == ELSEWHERE_VERIFY)
    return verify(desk, question);
  ImageAnswer *answer = image_answer_new(what == ELSEWHERE_DENY ? IMAGE_REFUSED : IMAGE_ADMITTED);
  if (what != ELSEWHERE_ALLOW)
    answer->reason = g_strdup_printf("it is of %s, which is none of the registries that are "
                                     "tested here",
                                     question->name->host);
  return answer;
}
