/* Publishing the database: packed, described and pushed. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "artifact/advisories.h"
#include "artifact/artifact.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "oci/media_type.h"

/* A third of the file; higher levels gain a twentieth and take ten times as long. */
#define PACK_LEVEL 3
#define TITLE      "advisories.db.zst"

/* (transfer full) */
static char *
format_time(int64_t microseconds)
{
  g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(microseconds / G_USEC_PER_SEC);
  return time == NULL ? NULL : g_date_time_format_iso8601(time);
}

/* (transfer full), or NULL with *error. */
static json_t *
make_annotations(AdvisoryDatabase *database, PublishedAdvisories *published, GError **error)
{
  g_autoptr(GPtrArray) feeds = advisory_database_feeds(database, error);
  if (feeds == NULL)
    return NULL;
  json_t *annotations = json_object();
  g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, published->size);
  json_set_string(annotations, ADVISORIES_CREATED, published->created);
  json_set_string(annotations, ADVISORIES_FORMAT, advisory_database_format(database));
  json_set_string(annotations, ADVISORIES_GENERATION, published->generation);
  json_set_string(annotations, ADVISORIES_SIZE, size);
  for (guint i = 0; i < feeds->len; i++) {
    const AdvisoryFeedStatus *feed = feeds->pdata[i];
    g_autofree char *name = g_strconcat(ADVISORIES_FEED, feed->feed, NULL);
    g_autofree char *updated = format_time(feed->updated);
    json_set_string(annotations, name, updated);
  }
  return annotations;
}

/* --- packing --- */

typedef struct {
  int from, to;
  ZSTD_CCtx *context;
  DigestStream *digest;
  uint64_t packed;
  uint8_t in[128 * 1024], out[128 * 1024];
} Packer;

static void
packer_free(Packer *packer)
{
  ZSTD_freeCCtx(packer->context);
  digest_stream_free(packer->digest);
  g_free(packer);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Packer, packer_free)

/* Packs what is in the buffer, and with @last the end of the frame. */
static bool
pack_piece(Packer *packer, size_t size, bool last, GError **error)
{
  ZSTD_inBuffer in = {packer->in, size, 0};
  size_t left;
  do {
    ZSTD_outBuffer out = {packer->out, sizeof packer->out, 0};
    left = ZSTD_compressStream2(packer->context, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
    if (ZSTD_isError(left))
      return error_set(error, ASSAY_ERROR_FAILED, "packing: %s", ZSTD_getErrorName(left));
    Slice bytes = slice_new(packer->out, out.pos);
    digest_stream_update(packer->digest, bytes);
    packer->packed += out.pos;
    if (!fd_write_all(packer->to, bytes, error))
      return false;
  } while (last ? left != 0 : in.pos < in.size);
  return true;
}

static bool
pack(Packer *packer, uint64_t size, const Progress *progress, GError **error)
{
  uint64_t done = 0;
  ssize_t got;
  ZSTD_CCtx_setParameter(packer->context, ZSTD_c_compressionLevel, PACK_LEVEL);
  ZSTD_CCtx_setParameter(packer->context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setPledgedSrcSize(packer->context, size);
  do {
    got = read(packer->from, packer->in, sizeof packer->in);
    if (got < 0)
      return error_set_errno(error, errno, "the advisory database");
    done += (uint64_t)got;
    progress_tell(progress, "packing the database", done, size);
    if (!pack_piece(packer, (size_t)got, got == 0, error))
      return false;
  } while (got > 0);
  return true;
}

/* An unnamed file of what @path holds, packed. -1 with *error. */
static int
pack_file(const char *path, PublishedAdvisories *published, Digest *digest,
          const Progress *progress, GError **error)
{
  auto_fd int to = temporary_file_new(NULL, error);
  auto_fd int from = to < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  struct stat status;
  if (to < 0)
    return -1;
  if (from < 0 || fstat(from, &status) < 0) {
    error_set_errno(error, errno, "%s", path);
    return -1;
  }
  published->size = (uint64_t)status.st_size;
  g_autoptr(Packer) packer = g_new0(Packer, 1);
  packer->from = from;
  packer->to = to;
  packer->context = ZSTD_createCCtx();
  packer->digest = digest_stream_new(DIGEST_SHA256);
  if (packer->context == NULL || !pack(packer, published->size, progress, error)) {
    g_prefix_error(error,
                   "a temporary file in %s ($TMPDIR names another folder): ", g_get_tmp_dir());
    return -1;
  }
  published->packed = packer->packed;
  *digest = digest_stream_current(packer->digest);
  return fd_steal(&to);
}

/* --- */

bool
advisories_push(Remote *remote, const char *data_folder, PublishedAdvisories *published,
                const Progress *progress, Cancellable *cancellable, GError **error)
{
  g_autofree char *path = advisory_database_path(data_folder);
  /* The file at the path never changes, it is only replaced: the copy that is packed is looked at
   * again, in case it was. */
  g_autoptr(AdvisoryDatabase) database = advisory_database_open_verified(path, error);
  if (database == NULL)
    return false;
  Artifact artifact = {
      .type = MEDIA_TYPE_ADVISORIES, .layer_type = MEDIA_TYPE_ADVISORIES_LAYER, .title = TITLE};
  auto_fd int packed = pack_file(path, published, &artifact.digest, progress, error);
  if (packed < 0)
    return false;
  if (advisory_database_is_stale(database))
    return error_set(error, ASSAY_ERROR_BUSY,
                     "%s was replaced by an update meanwhile: push it again", path);
  published->generation = g_strdup(advisory_database_generation(database));
  published->created = format_time(advisory_newest_feed(database));
  g_autoptr(json_t) annotations = make_annotations(database, published, error);
  if (annotations == NULL)
    return false;
  artifact.annotations = annotations;
  artifact.fd = packed;
  artifact.size = published->packed;
  return artifact_push(remote, &artifact, &published->digest, progress, cancellable, error);
}
