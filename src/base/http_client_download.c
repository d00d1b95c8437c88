/* A file that follows a URL: conditional requests, resumed transfers, whole replacement.
 *
 * Beside `path` are `path.etag` (the validators of the whole file) and, while a transfer is
 * broken, `path.part` with `path.part.etag`. A validator file has three lines: URL, ETag,
 * Last-Modified; an empty line is "none". */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/http_client-private.h"

#define VALIDATORS_MAX     ((size_t)16 * 1024)
#define RETRY_PAUSE_MAX_MS 30000u
#define COPY_CHUNK         ((size_t)256 * 1024)

typedef struct {
  char *etag, *last_modified; /* NULL: the server gave none */
} Validators;

static void
validators_clear(Validators *validators)
{
  g_clear_pointer(&validators->etag, g_free);
  g_clear_pointer(&validators->last_modified, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Validators, validators_clear)

/* What one attempt works on. */
typedef struct {
  HttpExchange exchange;
  const char *url;
  char *part_path, *part_etag_path;
  int part_fd;
  uint64_t part_size; /* bytes of the part file that are good */
  uint64_t size_limit;
  uint64_t total;          /* of the whole file, 0 when unknown */
  bool began;              /* the first bytes of this answer were looked at */
  unsigned asked_pause_ms; /* what the last answer asked for before a retry */
  const Progress *progress;
} Download;

/* Validators of @path.etag when they belong to @url; empty otherwise. */
static void
read_validators(const char *etag_path, const char *url, Validators *validators)
{
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, etag_path, VALIDATORS_MAX, NULL);
  Slice rest = slice_from_bytes(bytes), stored_url, etag, last_modified;
  if (!slice_next_line(&rest, &stored_url) || !slice_equal_string(stored_url, url))
    return;
  if (slice_next_line(&rest, &etag) && etag.size > 0)
    validators->etag = slice_to_string(etag);
  if (slice_next_line(&rest, &last_modified) && last_modified.size > 0)
    validators->last_modified = slice_to_string(last_modified);
}

static bool
write_validators(const char *etag_path, const char *url, const char *etag,
                 const char *last_modified, GError **error)
{
  g_autofree char *text = g_strdup_printf("%s\n%s\n%s\n", url, etag != NULL ? etag : "",
                                          last_modified != NULL ? last_modified : "");
  return file_replace(AT_FDCWD, etag_path, slice_from_string(text), 0600, error);
}

static bool
write_response_validators(const char *etag_path, const char *url, const HttpResponse *response,
                          GError **error)
{
  return write_validators(etag_path, url, g_hash_table_lookup(response->headers, "etag"),
                          g_hash_table_lookup(response->headers, "last-modified"), error);
}

static bool
truncate_part(Download *download, GError **error)
{
  download->part_size = 0;
  if (ftruncate(download->part_fd, 0) < 0 || lseek(download->part_fd, 0, SEEK_SET) < 0)
    return error_set_errno(error, errno, "%s", download->part_path);
  return true;
}

static void
forget_part(const Download *download)
{
  unlink(download->part_path);
  unlink(download->part_etag_path);
}

/* A 206 must go on exactly where the part ends ("bytes 100-199/200"), with the same file. */
static bool
continues_part(const Download *download, const HttpResponse *response)
{
  g_auto(Validators) part = {0};
  const char *etag = g_hash_table_lookup(response->headers, "etag");
  read_validators(download->part_etag_path, download->url, &part);
  if (etag != NULL && part.etag != NULL && strcmp(etag, part.etag) != 0)
    return false;
  const char *range = g_hash_table_lookup(response->headers, "content-range");
  uint64_t from;
  if (range == NULL || !g_str_has_prefix(range, "bytes "))
    return false;
  Slice rest = slice_from_string(range + strlen("bytes ")), first;
  return slice_next_field(&rest, '-', &first) && slice_to_uint64(first, &from) &&
         from == download->part_size;
}

static bool
begin_body(Download *download, GError **error)
{
  const HttpResponse *response = download->exchange.response;
  const char *length = g_hash_table_lookup(response->headers, "content-length");
  uint64_t size = 0;
  if (response->status == 206 && !continues_part(download, response)) {
    /* What we have belongs to nothing that can be had: the next attempt starts anew. */
    unlink(download->part_etag_path);
    return truncate_part(download, error) &&
           error_set(error, ASSAY_ERROR_NETWORK, "the server sent another range than was asked");
  }
  if (response->status != 206 && !truncate_part(download, error))
    return false;
  if (length != NULL && slice_to_uint64(slice_from_string(length), &size))
    download->total = download->part_size + MIN(size, INT64_MAX);
  if (download->total > download->size_limit)
    return error_set(error, ASSAY_ERROR_LIMIT,
                     "the file has %" G_GUINT64_FORMAT " bytes, more than the %" G_GUINT64_FORMAT
                     " that are allowed for it",
                     download->total, download->size_limit);
  /* Remembered before the bytes, so that a killed process can resume as well. */
  return response->status == 206 ||
         write_response_validators(download->part_etag_path, download->url, response, error);
}

static bool
store_body(Slice bytes, void *data, GError **error)
{
  Download *download = data;
  if (!download->began && !begin_body(download, error))
    return false;
  download->began = true;
  if (bytes.size > download->size_limit - download->part_size)
    return error_set(error, ASSAY_ERROR_LIMIT,
                     "the file has more than the %" G_GUINT64_FORMAT " bytes allowed for it",
                     download->size_limit);
  if (!fd_write_all(download->part_fd, bytes, error)) {
    g_prefix_error(error, "%s: ", download->part_path);
    return false;
  }
  download->part_size += bytes.size;
  progress_tell(download->progress, download->url, download->part_size, download->total);
  return true;
}

/* Conditional headers: resume when a part of known identity is there, else revalidate. */
static GStrv
make_request_headers(const Download *download, const char *path, const char *etag_path)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
  g_auto(Validators) part = {0}, whole = {0};
  read_validators(download->part_etag_path, download->url, &part);
  /* A weak ETag does not identify bytes (RFC 9110, 13.1.5). */
  bool strong = part.etag != NULL && !g_str_has_prefix(part.etag, "W/");
  const char *identity = strong ? part.etag : part.last_modified;
  if (download->part_size > 0 && identity != NULL) {
    g_autofree char *range =
        g_strdup_printf("Range: bytes=%" G_GUINT64_FORMAT "-", download->part_size);
    g_autofree char *if_range = g_strconcat("If-Range: ", identity, NULL);
    g_strv_builder_add_many(builder, range, if_range, NULL);
    return g_strv_builder_end(builder);
  }
  if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
    read_validators(etag_path, download->url, &whole);
  if (whole.etag != NULL) {
    g_autofree char *line = g_strconcat("If-None-Match: ", whole.etag, NULL);
    g_strv_builder_add(builder, line);
  }
  if (whole.last_modified != NULL) {
    g_autofree char *line = g_strconcat("If-Modified-Since: ", whole.last_modified, NULL);
    g_strv_builder_add(builder, line);
  }
  return g_strv_builder_end(builder);
}

static bool
is_worth_a_retry(const Download *download, long status, const GError *error)
{
  /* A name that nobody knows is the usual state of a site without a network, not a passing one. A
   * certificate that does not hold, holds no better in a moment. */
  if (error != NULL && (download->exchange.code == CURLE_COULDNT_RESOLVE_HOST ||
                        download->exchange.code == CURLE_PEER_FAILED_VERIFICATION))
    return false;
  if (error != NULL)
    return g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_NETWORK) ||
           g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_TIMEOUT);
  return status == 416 || http_status_is_passing(status);
}

static bool
explain_status(const char *url, long status, GError **error)
{
  AssayErrorCode code = status == 404 || status == 410   ? ASSAY_ERROR_NOT_FOUND
                        : status == 401 || status == 403 ? ASSAY_ERROR_DENIED
                                                         : ASSAY_ERROR_NETWORK;
  /* Its question may be a secret. */
  return error_set(error, code, "%.*s: the server answered %ld", (int)strcspn(url, "?"), url,
                   status);
}

static bool
pause_before_retry(const HttpClient *client, const Download *download, int attempt,
                   Cancellable *cancellable, GError **error)
{
  uint64_t pause = (uint64_t)client->timeouts.retry_pause_ms << MIN(attempt, 16);
  pause = MAX(MIN(pause, RETRY_PAUSE_MAX_MS), download->asked_pause_ms);
  return http_pause((unsigned)pause, cancellable, error);
}

/* One attempt; *@status is 0 when the remote did not answer as it should. */
static bool
attempt_download(HttpClient *client, Download *download, const char *path, const char *etag_path,
                 Cancellable *cancellable, long *status, GError **error)
{
  *status = 0;
  g_auto(GStrv) headers = make_request_headers(download, path, etag_path);
  download->began = false;
  download->total = 0;
  download->asked_pause_ms = 0;
  download->exchange = (HttpExchange){
      .sink = store_body, .sink_data = download, .limit = UINT64_MAX, .cancellable = cancellable};
  g_autoptr(HttpResponse) response =
      http_client_exchange(client, "GET", download->url, (const char *const *)headers, SLICE_EMPTY,
                           &download->exchange, error);
  if (response == NULL)
    return false;
  *status = response->status;
  download->asked_pause_ms = response->retry_after_ms;
  if (response->status == 416 && !truncate_part(download, error))
    return false;
  if (response->status != 200 && response->status != 206)
    return true;
  /* An empty body never reached the sink. */
  if (!download->began && response->status == 200 &&
      (!truncate_part(download, error) ||
       !write_response_validators(download->part_etag_path, download->url, response, error)))
    return false;
  return true;
}

static bool
publish_part(const Download *download, const char *path, const char *etag_path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname(path);
  if (fsync(download->part_fd) < 0)
    return error_set_errno(error, errno, "%s", download->part_path);
  /* A crash between the two renames leaves the new file with no validators: fetched again. */
  unlink(etag_path);
  if (rename(download->part_path, path) < 0 || rename(download->part_etag_path, etag_path) < 0)
    return error_set_errno(error, errno, "%s", path);
  return directory_sync(AT_FDCWD, folder, error);
}

static bool
download_http(HttpClient *client, Download *download, const char *path, const char *etag_path,
              int retries, Cancellable *cancellable, DownloadResult *result, GError **error)
{
  auto_fd int fd = open(download->part_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
  if (size < 0)
    return error_set_errno(error, errno, "%s", download->part_path);
  download->part_fd = fd;
  download->part_size = (uint64_t)size;

  for (int attempt = 0;; attempt++) {
    g_autoptr(GError) failure = NULL;
    long status;
    bool answered =
        attempt_download(client, download, path, etag_path, cancellable, &status, &failure);
    if (answered && (status == 200 || status == 206)) {
      *result = DOWNLOAD_NEW;
      return publish_part(download, path, etag_path, error);
    }
    if (answered && status == 304) {
      *result = DOWNLOAD_UNCHANGED;
      forget_part(download);
      return true;
    }
    if (attempt >= retries || !is_worth_a_retry(download, status, failure)) {
      if (download->part_size == 0 || g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_LIMIT))
        forget_part(download);
      if (answered)
        return explain_status(download->url, status, error);
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    if (!pause_before_retry(client, download, attempt, cancellable, error))
      return false;
  }
}

static bool
copy_file(int from, Download *download, GError **error)
{
  g_autofree uint8_t *chunk = g_malloc(COPY_CHUNK);
  download->began = true;
  for (;;) {
    ssize_t got = read(from, chunk, COPY_CHUNK);
    if (got == 0)
      return true;
    if (got < 0 && errno != EINTR)
      return error_set_errno(error, errno, "%s", download->url);
    if (got > 0 && !store_body(slice_new(chunk, (size_t)got), download, error))
      return false;
  }
}

/* file://: size and time of change are its validator. */
static bool
download_file(Download *download, const char *path, const char *etag_path, DownloadResult *result,
              GError **error)
{
  g_autofree char *source = g_filename_from_uri(download->url, NULL, NULL);
  if (source == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "%s: not a file of this machine", download->url);
  struct stat status;
  auto_fd int from = open(source, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (from < 0 || fstat(from, &status) < 0)
    return error_set_errno(error, errno, "%s", source);
  if (!S_ISREG(status.st_mode))
    return error_set(error, ASSAY_ERROR_INVALID, "%s: not a regular file", source);

  g_autofree char *identity = g_strdup_printf(
      "%lld.%09ld-%lld-%llu", (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
      (long long)status.st_size, (unsigned long long)status.st_ino);
  g_auto(Validators) known = {0};
  read_validators(etag_path, download->url, &known);
  if (g_file_test(path, G_FILE_TEST_IS_REGULAR) && g_strcmp0(known.etag, identity) == 0) {
    *result = DOWNLOAD_UNCHANGED;
    return true;
  }
  auto_fd int fd = open(download->part_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return error_set_errno(error, errno, "%s", download->part_path);
  download->part_fd = fd;
  download->total = (uint64_t)status.st_size;
  *result = DOWNLOAD_NEW;
  return copy_file(from, download, error) &&
         write_validators(download->part_etag_path, download->url, identity, NULL, error) &&
         publish_part(download, path, etag_path, error);
}

bool
http_client_download(HttpClient *client, const char *url, const char *path, uint64_t size_limit,
                     int retries, const Progress *progress, Cancellable *cancellable,
                     DownloadResult *result, GError **error)
{
  g_autofree char *etag_path = g_strconcat(path, ".etag", NULL);
  g_autofree char *part_path = g_strconcat(path, ".part", NULL);
  g_autofree char *part_etag_path = g_strconcat(path, ".part.etag", NULL);
  Download download = {.url = url,
                       .part_path = part_path,
                       .part_etag_path = part_etag_path,
                       .part_fd = -1,
                       .size_limit = size_limit,
                       .progress = progress};
  if (g_ascii_strncasecmp(url, "file:", 5) == 0)
    return download_file(&download, path, etag_path, result, error);
  return download_http(client, &download, path, etag_path, retries, cancellable, result, error);
}
