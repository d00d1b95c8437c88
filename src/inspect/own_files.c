/* Which files are as a package of the distribution brought them; see the header. */
#include "inspect/own_files.h"

#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include "inspect/integrity/integrity.h"
#include "inventory/maker.h"

/* Of more files of packages, and more files with secrets, secrets are told. */
#define FILES_MAX 2000000u
#define NOTES_MAX 20000u

enum { BY_MD5, BY_SHA1, BY_SHA256, DIGESTS };

typedef struct {
  uint64_t keys[DIGESTS];
} Note;

static GHashTable *packages; /* the names, of keys; borrowed from `names` */
static GStringChunk *names;
static GHashTable *notes; /* Note, by path */

void
own_files_begin(void)
{
  g_clear_pointer(&packages, g_hash_table_unref);
  g_clear_pointer(&names, g_string_chunk_free);
  g_clear_pointer(&notes, g_hash_table_unref);
}

/* FNV-1a. Who wants a key to be another's can as well write the database. */
static uint64_t
mix(uint64_t key, uint8_t byte)
{
  return (key ^ byte) * 0x100000001b3u;
}

uint64_t
own_file_key(Slice path, Slice digest)
{
  while (path.size > 0 && path.data[0] == '/')
    path = slice_sub(path, 1, SIZE_MAX);
  uint64_t key = 0xcbf29ce484222325u;
  for (size_t i = 0; i < SUM_DIGITS && i < digest.size; i++)
    key = mix(key, (uint8_t)g_ascii_tolower((char)digest.data[i]));
  for (size_t i = 0; i < path.size; i++)
    key = mix(key, path.data[i]);
  return key;
}

void
own_files_add(const char *package, const GArray *files)
{
  if (files->len == 0)
    return;
  if (packages == NULL) {
    packages = g_hash_table_new(NULL, NULL);
    names = g_string_chunk_new(4096);
  }
  char *name = g_string_chunk_insert_const(names, package);
  for (guint i = 0; i < files->len && g_hash_table_size(packages) < FILES_MAX; i++)
    g_hash_table_insert(packages, GSIZE_TO_POINTER(g_array_index(files, uint64_t, i)), name);
}

static uint64_t
key_of(const char *path, const uint8_t *digest)
{
  char hex[SUM_DIGITS + 1];
  sum_write_digits(digest, hex);
  return own_file_key(slice_from_string(path), slice_from_string(hex));
}

void
own_files_note(const char *path, Slice bytes)
{
  if (notes != NULL)
    g_hash_table_remove(notes, path); /* the file that was there before is gone */
  if (bytes.size == 0)
    return;
  if (notes == NULL)
    notes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  if (g_hash_table_size(notes) >= NOTES_MAX)
    return;
  uint8_t digest[SHA256_DIGEST_SIZE];
  Note *note = g_new(Note, 1);
  struct md5_ctx md5;
  md5_init(&md5);
  md5_update(&md5, bytes.size, bytes.data);
  md5_digest(&md5, MD5_DIGEST_SIZE, digest);
  note->keys[BY_MD5] = key_of(path, digest);
  struct sha1_ctx sha1;
  sha1_init(&sha1);
  sha1_update(&sha1, bytes.size, bytes.data);
  sha1_digest(&sha1, SHA1_DIGEST_SIZE, digest);
  note->keys[BY_SHA1] = key_of(path, digest);
  struct sha256_ctx sha256;
  sha256_init(&sha256);
  sha256_update(&sha256, bytes.size, bytes.data);
  sha256_digest(&sha256, SHA256_DIGEST_SIZE, digest);
  note->keys[BY_SHA256] = key_of(path, digest);
  g_hash_table_insert(notes, g_strdup(path), note);
}

/* --- at the end --- */

/* The name of the package that has the very file; NULL: none. */
static const char *
package_of(const char *path)
{
  const Note *note = g_hash_table_lookup(notes, path);
  const char *name = NULL;
  for (size_t i = 0; note != NULL && name == NULL && i < DIGESTS; i++)
    name = g_hash_table_lookup(packages, GSIZE_TO_POINTER(note->keys[i]));
  return name;
}

/* Of packages that the distribution made. (transfer full): of borrowed names */
static GHashTable *
names_of_own(const LayerInventory *inventory)
{
  GHashTable *own = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < inventory->packages->len; i++) {
    const Package *package = g_ptr_array_index(inventory->packages, i);
    if (package_is_of_some_distribution(package))
      g_hash_table_add(own, package->name);
  }
  return own;
}

void
own_files_drop(LayerInventory *inventory)
{
  if (packages == NULL || notes == NULL)
    return;
  g_autoptr(GHashTable) own = names_of_own(inventory);
  g_autoptr(GPtrArray) all = g_steal_pointer(&inventory->observations);
  inventory->observations = g_ptr_array_new_with_free_func((GDestroyNotify)observation_free);
  for (guint i = 0; i < all->len; i++) {
    const Observation *one = all->pdata[i];
    const char *package = one->kind == OBSERVED_SECRET ? package_of(one->path) : NULL;
    if (package == NULL || !g_hash_table_contains(own, package))
      g_ptr_array_add(inventory->observations, g_steal_pointer(&all->pdata[i]));
  }
}
