/* What a run of a rule would do; see signing_run.h. */
#include "pipeline/signing_run-private.h"

#include <string.h>

#include "base/error.h"
#include "pipeline/signing_walk.h"
#include "signing/counting.h"

#define LOOKED_MOST  2000u
#define RECORDS_MOST 1000u

static const JsonMember members[] = {
    {JSON_MEMBER(RunPreview, repository), .kind = &json_text, .required = true},
    {JSON_MEMBER(RunPreview, image), .kind = &json_digest},
    {JSON_MEMBER(RunPreview, tags), .kind = &json_texts},
    {JSON_MEMBER(RunPreview, would), .kind = &json_text, .required = true},
    {JSON_MEMBER(RunPreview, why), .kind = &json_text},
};
const JsonTable run_preview_table = JSON_TABLE(RunPreview, members);

void
run_preview_free(RunPreview *preview)
{
  if (preview == NULL)
    return;
  json_table_clear(&run_preview_table, preview);
  g_free(preview);
}

typedef struct {
  SigningRunner *runner;
  SigningSet *set;
  const SigningRule *rule;
  const SigningRun *run;
  GPtrArray *list;
  unsigned limit, looked;
  char *last; /* looked at */
} Previewing;

static bool
covers(void *data, const char *repository)
{
  const Previewing *previewing = data;
  return signing_run_covers(previewing->run, previewing->rule, repository);
}

static RunPreview *
preview_one(const Previewing *previewing, const char *repository, const StoredImage *image,
            SignLook look, const GError *why, GError **error)
{
  const SigningRooms *rooms = signing_runner_rooms(previewing->runner);
  g_autoptr(GPtrArray) made =
      journal_after(rooms->sql, repository, image->digest.text, 0, RECORDS_MOST, error);
  if (made == NULL)
    return NULL;
  bool present = signing_count(previewing->set, previewing->rule, made).present;
  RunPreview *preview = g_new0(RunPreview, 1);
  preview->repository = g_strdup(repository);
  preview->image = image->digest;
  preview->tags = g_strdupv(image->tags);
  preview->would = g_strdup(look != SIGN_DUE ? "refused" : present ? "present" : "sign");
  preview->why = look == SIGN_DUE ? NULL : g_strdup(why->message);
  return preview;
}

static bool
look_at(void *data, const char *repository, const StoredImage *image, GError **error)
{
  Previewing *previewing = data;
  g_autoptr(GError) why = NULL;
  g_free(previewing->last);
  previewing->last = g_strconcat(repository, "@", image->digest.text, NULL);
  previewing->looked++;
  if (signing_rule_fits(previewing->rule, repository, (const char *const *)image->tags)) {
    SignLook look = image_signer_look(signing_runner_signer(previewing->runner), previewing->set,
                                      previewing->rule, repository, image->digest.text, &why);
    RunPreview *preview =
        look == SIGN_OTHER ? NULL : preview_one(previewing, repository, image, look, why, error);
    if (preview != NULL)
      g_ptr_array_add(previewing->list, preview);
    else if (look != SIGN_OTHER)
      return false;
  }
  return previewing->list->len < previewing->limit && previewing->looked < LOOKED_MOST;
}

GPtrArray *
signing_runner_preview(SigningRunner *runner, const char *name, const char *repository,
                       unsigned limit, char **last, GError **error)
{
  static const SigningWalk walk = {covers, look_at};
  g_autoptr(SigningSet) set = signing_get(signing_runner_rooms(runner)->signing);
  const SigningRule *rule = signing_set_rule(set, name);
  if (rule == NULL) {
    error_set(error, ASSAY_ERROR_NOT_FOUND, "there is no signing rule %s", name);
    return NULL;
  }
  const SigningRun run = {.repository = (char *)(uintptr_t)repository};
  g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func((GDestroyNotify)run_preview_free);
  Previewing previewing = {runner, set, rule, &run, list, limit, 0, NULL};
  g_auto(GStrv) from = *last == NULL ? NULL : g_strsplit(*last, "@", 2);
  bool known = from != NULL && from[0] != NULL && from[1] != NULL;
  GError *failure = NULL;
  bool ended = signing_walk(signing_runner_rooms(runner)->registry, &walk, &previewing,
                            known ? from[0] : NULL, known ? from[1] : NULL, NULL, &failure);
  g_free(*last);
  *last = ended ? NULL : g_strdup(previewing.last);
  g_free(previewing.last);
  if (failure == NULL)
    return g_steal_pointer(&list);
  g_propagate_error(error, failure);
  return NULL;
}
