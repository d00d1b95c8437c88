/* Secrets in files and texts; see the header. */
#include "inspect/secrets/secrets.h"

#include "inspect/own_files.h"
#include "inspect/secrets/brought.h"
#include "inspect/secrets/form.h"
#include "inspect/secrets/mask.h"
#include "inspect/secrets/scan.h"

typedef struct {
  const char *path;
  uint32_t line; /* of the first; 0: it has no lines */
  LayerInventory *into;
  bool file;     /* it is one, of which nothing was found yet */
  bool verbatim; /* it is looked at as it is */
} Place;

typedef struct {
  SecretScan *scan;
  char *path;
  Place place;
  FileText text;
} FileScan;

static void
observe(const FoundSecret *secret, void *data)
{
  Place *place = data;
  if (place->file)
    own_files_note(place->path, place->verbatim ? secret->text : SLICE_EMPTY);
  place->file = false;
  g_autofree char *shown = secret_masked(secret->secret, secret->rule->prefix);
  g_autofree char *same = secret_same(secret->secret);
  const Observation observation = {
      .kind = OBSERVED_SECRET,
      .rule = (char *)(uintptr_t)secret->rule->id,
      .path = (char *)(uintptr_t)place->path,
      .line = place->line == 0 ? 0 : place->line + secret->line - 1,
      .severity = secret->rule->severity,
      .title = (char *)(uintptr_t)secret->rule->title,
      .shown = shown,
      .same = same,
  };
  layer_inventory_add_observation(place->into, &observation);
}

static void
add_unlooked(LayerInventory *into, const char *path)
{
  layer_inventory_add_unscanned(into, SECRETS_UNSCANNED, path, path,
                                "more of it looks like secrets than is looked at");
}

/* Vectorscan needs SSSE3, which x86-64 processors have since 2006. */
static void
add_unable(LayerInventory *into, const char *path)
{
  layer_inventory_add_unscanned(into, SECRETS_UNSCANNED, path, path,
                                "this processor cannot look for secrets");
}

/* --- files --- */

static bool
wants(const FileView *file)
{
  return file->size > 0 && (file_form_of(file->head) != FILE_FORM_PACKED ||
                            brought_rules_name(file->path, NULL, NULL));
}

/* A rule of a team's for the file as such. */
static void
observe_file(const SecretRule *rule, void *data)
{
  const Place *place = data;
  const Observation observation = {
      .kind = OBSERVED_SECRET,
      .rule = (char *)(uintptr_t)rule->id,
      .path = (char *)(uintptr_t)place->path,
      .severity = rule->severity,
      .title = (char *)(uintptr_t)rule->title,
  };
  layer_inventory_add_observation(place->into, &observation);
}

static void
begin(FileScan *file, const FileView *view, LayerInventory *into)
{
  file->text.form = file_form_of(view->head);
  bool binary = file->text.form == FILE_FORM_BINARY;
  SecretContext context = secret_context_of(view->path);
  if (binary && context == SECRET_CONTEXT_OWN)
    context = SECRET_CONTEXT_OTHERS;
  file->path = g_strdup(view->path);
  file->place = (Place){file->path, binary ? 0 : 1, into, true, file->text.form == FILE_FORM_TEXT};
  brought_rules_name(file->path, observe_file, &file->place);
  if (file->text.form == FILE_FORM_PACKED)
    return;
  file->scan = secret_scan_new(secret_engine_default(), context, observe, &file->place);
  secret_scan_set_path(file->scan, file->path);
}

static void
add_bytes(FileScan *file, Slice bytes)
{
  if (file->text.form == FILE_FORM_TEXT) {
    secret_scan_add(file->scan, bytes);
    return;
  }
  g_autoptr(GByteArray) text = g_byte_array_new();
  file_text_take(&file->text, bytes, text);
  secret_scan_add(file->scan, slice_new(text->data, text->len));
}

static void
piece(void **state, const FileView *view, uint64_t at, Slice bytes, LayerInventory *into)
{
  FileScan *file = *state;
  if (secret_engine_default() == NULL) {
    if (at == 0)
      add_unable(into, view->path);
    return;
  }
  if (file == NULL) {
    *state = file = g_new0(FileScan, 1);
    begin(file, view, into);
  }
  if (file->scan != NULL)
    add_bytes(file, bytes);
  if (bytes.size > 0)
    return;
  if (file->scan != NULL && !secret_scan_finish(file->scan))
    add_unlooked(into, file->path);
  g_free(file->path);
  g_free(file);
  *state = NULL;
}

void
secrets_prepare(void)
{
  secret_engine_default();
}

const Detector secrets_detector = {
    .name = "secrets",
    .version = 4,
    .observes = true,
    .wants = wants,
    .piece = piece,
    .prepare = secrets_prepare,
};

/* --- texts --- */

void
secrets_scan_text(Slice text, const char *path, uint32_t line, LayerInventory *into)
{
  Place place = {path, line, into, false, false};
  SecretEngine *engine = secret_engine_default();
  if (engine == NULL) {
    add_unable(into, path);
    return;
  }
  SecretScan *scan = secret_scan_new(engine, SECRET_CONTEXT_OWN, observe, &place);
  secret_scan_set_path(scan, path);
  secret_scan_add(scan, text);
  if (!secret_scan_finish(scan))
    add_unlooked(into, path);
}
