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

#define REPOMD_MAX      ((size_t)4 * 1024 * 1024)
#define REPOMD_TEXT_MAX 256u /* of the element that is open: a digest */

const char *
updateinfo_attribute(const XML_Char **attributes, const char *name)
{
  for (size_t i = 0; attributes[i] != NULL; i += 2)
    if (strcmp(attributes[i], name) == 0)
      return attributes[i + 1];
  return NULL;
}

typedef struct {
  XML_Parser parser;
  bool in_updateinfo, in_checksum;
  DigestAlgorithm algorithm;
  char *location, *digest; /* hexadecimal */
  GString *text;
} RepomdReader;

static void XMLCALL
begin_element(void *data, const XML_Char *name, const XML_Char **attributes)
{
  RepomdReader *reader = data;
  if (strcmp(name, "data") == 0)
    reader->in_updateinfo = g_strcmp0(updateinfo_attribute(attributes, "type"), "updateinfo") == 0;
  if (!reader->in_updateinfo)
    return;
  if (strcmp(name, "location") == 0 && reader->location == NULL)
    reader->location = g_strdup(updateinfo_attribute(attributes, "href"));
  if (strcmp(name, "checksum") != 0)
    return;
  const char *type = updateinfo_attribute(attributes, "type");
  bool long_one = g_strcmp0(type, "sha512") == 0;
  reader->in_checksum = reader->digest == NULL && (long_one || g_strcmp0(type, "sha256") == 0);
  reader->algorithm = long_one ? DIGEST_SHA512 : DIGEST_SHA256;
  g_string_truncate(reader->text, 0);
}

static void XMLCALL
take_text(void *data, const XML_Char *bytes, int size)
{
  RepomdReader *reader = data;
  if (reader->in_checksum && size > 0 && reader->text->len < REPOMD_TEXT_MAX)
    g_string_append_len(reader->text, bytes, MIN(size, (int)REPOMD_TEXT_MAX));
}

static void XMLCALL
end_element(void *data, const XML_Char *name)
{
  RepomdReader *reader = data;
  if (!reader->in_checksum)
    return;
  reader->in_checksum = false;
  reader->digest = slice_to_utf8(slice_strip(slice_new(reader->text->str, reader->text->len)));
}

static void XMLCALL
refuse_entity(void *data, const XML_Char *name, int is_parameter, const XML_Char *value,
              int value_size, const XML_Char *base, const XML_Char *system_id,
              const XML_Char *public_id, const XML_Char *notation)
{
  XML_StopParser(((RepomdReader *)data)->parser, XML_FALSE);
}

/* Fills in location, digest and algorithm of @reader, which the caller clears. */
static bool
parse_repomd(Slice text, RepomdReader *reader, GError **error)
{
  reader->parser = XML_ParserCreate(NULL);
  g_assert(reader->parser != NULL);
  XML_SetUserData(reader->parser, reader);
  XML_SetElementHandler(reader->parser, begin_element, end_element);
  XML_SetCharacterDataHandler(reader->parser, take_text);
  XML_SetEntityDeclHandler(reader->parser, refuse_entity);
  bool parsed =
      text.size > 0 && text.size <= REPOMD_MAX &&
      XML_Parse(reader->parser, (const char *)text.data, (int)text.size, XML_TRUE) == XML_STATUS_OK;
  XML_ParserFree(reader->parser);
  if (!parsed)
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
  RepomdReader reader = {.text = g_string_new(NULL)};
  bool parsed = parse_repomd(slice_from_bytes(text), &reader, error);
  if (!parsed)
    g_prefix_error(error, "%s: ", url);
  bool fetched = parsed && fetch_listed(context, &reader, changed, error);
  g_string_free(reader.text, true);
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
