/* A blob to a file; see the header. */
#include "remote/download.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"

#define DOWNLOAD_TRIES 4
#define PAUSE_MS       250u /* before the first repetition; doubles */

typedef struct {
  int fd;
  uint64_t received, size;
  DigestStream *digest;
  const char *name;
  const Progress *progress;
} BlobSink;

static bool
take_bytes(Slice bytes, void *data, GError **error)
{
  BlobSink *sink = data;
  if (bytes.size > sink->size - sink->received)
    return error_set(error, ASSAY_ERROR_MISMATCH,
                     "%s: more than the %" G_GUINT64_FORMAT " bytes that the manifest says",
                     sink->name, sink->size);
  if (!fd_write_all(sink->fd, bytes, error)) {
    g_prefix_error(error, "%s: ", sink->name);
    return false;
  }
  digest_stream_update(sink->digest, bytes);
  sink->received += bytes.size;
  progress_tell(sink->progress, sink->name, sink->received, sink->size);
  return true;
}

/* A registry that does not know ranges sends all of it again. */
static bool
start_again(BlobSink *sink, const Digest *expected, GError **error)
{
  if (ftruncate(sink->fd, 0) < 0 || lseek(sink->fd, 0, SEEK_SET) < 0)
    return error_set_errno(error, errno, "%s", sink->name);
  digest_stream_free(sink->digest);
  sink->digest = digest_stream_new(digest_algorithm(expected));
  sink->received = 0;
  return true;
}

/* A broken transfer resumes where it broke; where the registry cannot, from the start. */
static bool
download(Remote *remote, const Digest *digest, BlobSink *sink, Cancellable *cancellable,
         GError **error)
{
  for (int tries = 1;; tries++) {
    bool resumed = sink->received != 0;
    RemoteRequest request = {.kind = "blobs",
                             .name = digest->text,
                             .from = sink->received,
                             .sink = take_bytes,
                             .sink_data = sink,
                             .limit = sink->size};
    g_autoptr(GError) failure = NULL;
    g_autoptr(HttpResponse) response =
        remote_get(remote, &request, sink->progress, cancellable, &failure);
    if (response != NULL && sink->received == sink->size)
      return true;
    bool again = response != NULL || g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NETWORK) ||
                 (resumed && g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_MISMATCH));
    if (!again || tries == DOWNLOAD_TRIES) {
      if (failure != NULL)
        g_propagate_error(error, g_steal_pointer(&failure));
      else
        error_set(error, ASSAY_ERROR_NETWORK, "%s: the registry sends less than the manifest says",
                  digest->text);
      return false;
    }
    if (!http_pause(PAUSE_MS << (tries - 1), cancellable, error))
      return false;
    bool whole_came = resumed && !g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NETWORK);
    if (whole_came && !start_again(sink, digest, error))
      return false;
  }
}

bool
remote_download(Remote *remote, const Digest *digest, uint64_t size, int fd,
                const Progress *progress, Cancellable *cancellable, GError **error)
{
  BlobSink sink = {.fd = fd,
                   .size = size,
                   .digest = digest_stream_new(digest_algorithm(digest)),
                   .name = digest->text,
                   .progress = progress};
  bool done = download(remote, digest, &sink, cancellable, error);
  Digest actual = digest_stream_current(sink.digest);
  digest_stream_free(sink.digest);
  return done &&
         (digest_equal(&actual, digest) ||
          error_set(error, ASSAY_ERROR_MISMATCH, "%s: the registry sends other bytes, of digest %s",
                    digest->text, actual.text));
}
