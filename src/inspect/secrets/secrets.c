/* Secrets in files and texts; see the header. */
#include "inspect/secrets/secrets.h"

#include <string.h>

#include "inspect/secrets/mask.h"
#include "inspect/secrets/scan.h"

/* A file with NUL bytes is looked at where it is small: a database of an application, a key store.
 */
#define BINARY_MOST ((uint64_t)256 * 1024)

/* What begins so is no text, nor holds any that is not packed. */
static const struct {
  const char *bytes;
  size_t size;
} packed[] = {
    {"\177ELF", 4},
    {"\x89PNG", 4},
    {"GIF8", 4},
    {"\xff\xd8\xff", 3},
    {"\x1f\x8b", 2},
    {"\xfd"
     "7zXZ",
     5},
    {"\x28\xb5\x2f\xfd", 4},
    {"BZh", 3},
    {"PK\3\4", 4},
    {"7z\xbc\xaf", 4},
    {"\xca\xfe\xba\xbe", 4},
    {"\xcf\xfa\xed\xfe", 4},
    {"MZ", 2},
    {"!<arch>\n", 8},
    {"\0asm", 4},
    {"wOFF", 4},
    {"wOF2", 4},
    {"OggS", 4},
    {"ID3", 3},
    {"RIFF", 4},
    {"\0\1\0\0\0", 5},
    {"OTTO", 4},
    {"%PDF", 4},
    {"\xde\x12\x04\x95", 4},
    {"\x30\x31\x30\x37", 4},
    {"TZif", 4},
};

typedef struct {
  const char *path;
  uint32_t line; /* of the first */
  LayerInventory *into;
} Place;

typedef struct {
  SecretScan *scan;
  char *path;
  Place place;
} FileScan;

static void
observe(const FoundSecret *secret, void *data)
{
  const Place *place = data;
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
  layer_inventory_add_unread(into, "too-many-secrets", path,
                             "More of it looks like secrets than is looked at.");
}

/* Vectorscan needs SSSE3, which x86-64 processors have since 2006. */
static void
add_unable(LayerInventory *into, const char *path)
{
  layer_inventory_add_unread(into, "secrets-unscanned", path,
                             "This processor cannot look for secrets.");
}

/* --- files --- */

static bool
is_packed(Slice head)
{
  for (size_t i = 0; i < G_N_ELEMENTS(packed); i++)
    if (slice_has_prefix(head, slice_new(packed[i].bytes, packed[i].size)))
      return true;
  return false;
}

static bool
wants(const FileView *file)
{
  if (file->size == 0 || is_packed(file->head))
    return false;
  return memchr(file->head.data, 0, file->head.size) == NULL || file->size <= BINARY_MOST;
}

static void
begin(FileScan *file, const FileView *view, LayerInventory *into)
{
  bool binary = memchr(view->head.data, 0, view->head.size) != NULL;
  SecretContext context = secret_context_of(view->path);
  if (binary && context == SECRET_CONTEXT_OWN)
    context = SECRET_CONTEXT_OTHERS;
  file->path = g_strdup(view->path);
  file->place = (Place){file->path, 1, into};
  file->scan = secret_scan_new(secret_engine_default(), context, observe, &file->place);
  secret_scan_set_path(file->scan, file->path);
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
  secret_scan_add(file->scan, bytes);
  if (bytes.size > 0)
    return;
  if (!secret_scan_finish(file->scan))
    add_unlooked(into, file->path);
  g_free(file->path);
  g_free(file);
  *state = NULL;
}

static void
prepare(void)
{
  secret_engine_default();
}

const Detector secrets_detector = {
    .name = "secrets",
    .version = 1,
    .observes = true,
    .wants = wants,
    .piece = piece,
    .prepare = prepare,
};

/* --- texts --- */

void
secrets_scan_text(Slice text, const char *path, uint32_t line, LayerInventory *into)
{
  Place place = {path, line, into};
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
