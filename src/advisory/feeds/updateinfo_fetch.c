/* Where an RPM repository keeps its updateinfo: repodata/repomd.xml names the file and its digest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "advisory/feeds/updateinfo-private.h"
#include "base/error.h"
#include "base/fd.h"
#include "oci/digest.h"
#include "text/xml_walk.h"

#define REPOMD_MAX ((size_t)4 * 1024 * 1024)

typedef struct {
  bool in_updateinfo, is_wanted; /* the checksum that is open */
  DigestAlgorithm algorithm;
  char *location, *digest; /* hexadecimal */
} RepomdReader;

static void
begin(const char *path, const char **attributes, void *data)
{
  RepomdReader *reader = data;
  const char *type = xml_attribute(attributes, "type");
  if (strcmp(path, "repomd/data") == 0)
    reader->in_updateinfo = g_strcmp0(type, "updateinfo") == 0;
  if (!reader->in_updateinfo)
    return;
  if (strcmp(path, "repomd/data/location") == 0 && reader->location == NULL)
    reader->location = g_strdup(xml_attribute(attributes, "href"));
  if (strcmp(path, "repomd/data/checksum") != 0)
    return;
  bool long_one = g_strcmp0(type, "sha512") == 0;
  reader->is_wanted = reader->digest == NULL && (long_one || g_strcmp0(type, "sha256") == 0);
  if (reader->is_wanted)
    reader->algorithm = long_one ? DIGEST_SHA512 : DIGEST_SHA256;
}

static void
end(const char *path, const char *text, void *data)
{
  RepomdReader *reader = data;
  if (!reader->is_wanted || strcmp(path, "repomd/data/checksum") != 0)
    return;
  reader->is_wanted = false;
  reader->digest = g_strdup(text);
}

/* Fills in location, digest and algorithm of @reader, which the caller clears. */
static bool
parse_repomd(Slice text, RepomdReader *reader, GError **error)
{
  static const XmlVisits visits = {begin, end};
  if (text.size > REPOMD_MAX || !xml_walk(text, &visits, reader, NULL))
    return error_set(error, ASSAY_ERROR_INVALID, "repomd.xml cannot be read");
  if (reader->location == NULL || reader->digest == NULL || strstr(reader->location, "..") != NULL)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "the repository has no updateinfo");
  return true;
}

/* Whether the file at @path has the bytes that repomd.xml lists. */
static bool
is_listed(const RepomdReader *listed, const char *path, GError **error)
{
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, FEED_FILE_MAX, error);
  if (bytes == NULL)
    return false;
  Digest digest = digest_of(listed->algorithm, slice_from_bytes(bytes));
  return g_ascii_strcasecmp(digest_hex(&digest), listed->digest) == 0 ||
         error_set(error, ASSAY_ERROR_MISMATCH, "not what repomd.xml lists (try again later)");
}

/* The file that repomd.xml names, whose digest must hold, unless the copy is that file already. */
static bool
fetch_listed(FeedContext *context, const RepomdReader *listed, bool *changed, GError **error)
{
  const char *base = context->config->url;
  const char *slash = g_str_has_suffix(base, "/") ? "" : "/";
  g_autofree char *url = g_strconcat(base, slash, listed->location, NULL);
  g_autofree char *path = g_build_filename(context->folder, FEED_DATA_NAME, NULL);
  g_autofree char *temporary = g_strconcat(path, ".new", NULL);
  g_autofree char *etag = g_strconcat(temporary, ".etag", NULL);
  DownloadResult result;
  if (is_listed(listed, path, NULL))
    return true;
  if (!http_client_download(context->client, url, temporary, FEED_FILE_MAX, FEED_RETRIES,
                            context->progress, context->cancellable, &result, error))
    return false;
  unlink(etag);
  if (!is_listed(listed, temporary, error)) {
    g_prefix_error(error, "%s: ", url);
    unlink(temporary); /* asked for anew next time */
    return false;
  }
  *changed = true;
  return (rename(temporary, path) == 0 || error_set_errno(error, errno, "%s", path)) &&
         directory_sync(AT_FDCWD, context->folder, error);
}

static bool
fetch_from_repository(FeedContext *context, bool *changed, GError **error)
{
  const char *slash = g_str_has_suffix(context->config->url, "/") ? "" : "/";
  g_autofree char *url = g_strconcat(context->config->url, slash, "repodata/repomd.xml", NULL);
  g_autoptr(GBytes) text = feed_fetch_listing(context, url, REPOMD_MAX, error);
  if (text == NULL)
    return false;
  RepomdReader reader = {0};
  bool parsed = parse_repomd(slice_from_bytes(text), &reader, error);
  if (!parsed)
    g_prefix_error(error, "%s: ", url);
  bool fetched = parsed && fetch_listed(context, &reader, changed, error);
  g_free(reader.location);
  g_free(reader.digest);
  return fetched;
}

bool
updateinfo_fetch(FeedContext *context, bool *changed, GError **error)
{
  g_autofree char *name = g_path_get_basename(context->config->url);
  return strstr(name, "updateinfo") != NULL ? feed_fetch_one_file(context, changed, error)
                                            : fetch_from_repository(context, changed, error);
}
