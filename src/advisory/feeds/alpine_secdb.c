/* Alpine's secdb: for each branch, main.json and community.json list packages with their fixes:
 *   {"distroversion": "v3.18", "packages": [{"pkg": {"name": "openssl",
 *     "secfixes": {"3.1.1-r0": ["CVE-2023-2650"], "0": ["CVE-2022-3996"]}}}]}
 * A fix in version "0" means that no version of the branch was affected. An entry may hold several
 * names ("CVE-2019-1 XSA-2", "GHSA-..."): the first is the id, the others are its aliases. Wolfi's
 * and Chainguard's security.json have the same layout, without a version of the distribution. */
#include <fcntl.h>
#include <string.h>

#include "advisory/feeds/feeds.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"

#define BRANCHES_MAX   100u
#define LISTING_MAX    ((size_t)1024 * 1024)
#define SECDB_FILE_MAX ((size_t)256 * 1024 * 1024)
#define NOT_AFFECTED   "0"
#define ALPINE_PAGES   "https://security.alpinelinux.org/vuln/"

/* The ecosystem of one file: by its branch, else by where its packages are. (transfer full) */
static char *
find_ecosystem(const json_t *root, const char *ecosystem)
{
  const char *branch = json_get_string(root, "distroversion");
  const char *prefix = json_get_string(root, "urlprefix");
  const char *apk = json_get_string(root, "apkurl");
  if (branch != NULL && branch[0] != '\0')
    return g_strconcat("alpine:", branch[0] == 'v' ? branch + 1 : branch, NULL);
  if (ecosystem != NULL)
    return g_strdup(ecosystem);
  for (int i = 0; i < 2; i++) {
    const char *text = i == 0 ? prefix : apk;
    if (text != NULL && strstr(text, "wolfi") != NULL)
      return g_strdup("wolfi");
    if (text != NULL && (strstr(text, "chainguard") != NULL || strstr(text, "cgr.dev") != NULL))
      return g_strdup("chainguard");
  }
  return NULL;
}

/* "CVE-2019-1 XSA-2": the CVE is the id wherever it is. */
static const char *
choose_id(const GStrv names)
{
  for (guint i = 0; names[i] != NULL; i++)
    if (advisory_is_cve(names[i]))
      return names[i];
  for (guint i = 0; names[i] != NULL; i++)
    if (names[i][0] != '\0')
      return names[i];
  return NULL;
}

static bool
add_fix(const char *entry, AdvisoryRange *range, const FeedSink *sink, uint64_t *skipped,
        GError **error)
{
  /* Old files put several names into one string, or a comment after a "(". */
  g_auto(GStrv) names = g_strsplit_set(entry, " ,(", -1);
  range->id = choose_id(names);
  if (range->id == NULL)
    return feed_skip(sink, skipped, "a fix without the name of what it fixes");
  if (!feed_sink_add_range(sink, range, error))
    return false;
  g_autoptr(GStrvBuilder) aliases = g_strv_builder_new();
  for (guint i = 0; names[i] != NULL; i++)
    if (names[i] != range->id && g_ascii_isupper(names[i][0]) && strchr(names[i], '-') != NULL)
      g_strv_builder_add(aliases, names[i]);
  g_auto(GStrv) list = g_strv_builder_end(aliases);
  bool has_page = g_str_has_prefix(range->ecosystem, "alpine:") && advisory_is_cve(range->id);
  if (list[0] == NULL && !has_page)
    return true;
  AdvisoryDetails details = ADVISORY_DETAILS_UNKNOWN;
  g_autofree char *page = g_strconcat(ALPINE_PAGES, range->id, NULL);
  char *references[] = {page, NULL};
  details.id = range->id;
  details.aliases = list;
  details.references = has_page ? references : NULL;
  return feed_sink_add_details(sink, &details, error);
}

static bool
add_package(const json_t *package, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
            GError **error)
{
  const char *name = json_get_string(package, "name"), *version;
  json_t *fixes = json_get_object(package, "secfixes"), *list, *entry;
  if (name == NULL || name[0] == '\0' || fixes == NULL)
    return feed_skip(sink, skipped, "a package without a name, or without `secfixes`");
  json_object_foreach(fixes, version, list) {
    bool affected = strcmp(version, NOT_AFFECTED) != 0;
    size_t index;
    json_array_foreach(list, index, entry) {
      AdvisoryRange range = {.ecosystem = ecosystem,
                             .package = name,
                             .scheme = VERSION_APK,
                             .state = affected ? STATE_FIXED : STATE_NOT_AFFECTED,
                             .fixed_version = affected ? version : NULL};
      if (!json_is_string(entry))
        feed_skip(sink, skipped, "a fix in %s that is no text", ecosystem);
      else if (!add_fix(json_string_value(entry), &range, sink, skipped, error))
        return false;
    }
  }
  return true;
}

bool
alpine_secdb_parse(Slice text, const char *ecosystem, const FeedSink *sink, uint64_t *skipped,
                   GError **error)
{
  g_autoptr(json_t) root = json_parse(text, error);
  if (root == NULL)
    return false;
  json_t *packages = json_get_array(root, "packages"), *entry;
  g_autofree char *name = find_ecosystem(root, ecosystem);
  /* A branch without any fix has `null` there. */
  if (packages == NULL && json_get_string(root, "reponame") == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "not a secdb file: no `packages`");
  if (name == NULL)
    return error_set(error, ASSAY_ERROR_INVALID,
                     "no `distroversion`: set the feed's `ecosystem` (wolfi, chainguard)");
  feed_sink_add_ecosystem(sink, name);
  size_t index;
  json_array_foreach(packages, index, entry) {
    const json_t *package = json_get_object(entry, "pkg");
    if (!add_package(package != NULL ? package : entry, name, sink, skipped, error))
      return false;
  }
  return true;
}

/* The branches that the index page of secdb.alpinelinux.org links to: "v3.18/", "edge/". */
static GStrv
list_branches(Slice page)
{
  g_autoptr(GStrvBuilder) branches = g_strv_builder_new();
  static const char mark[] = "href=\"";
  g_autofree char *text = slice_to_utf8(page);
  const char *at = text;
  for (unsigned count = 0; count < BRANCHES_MAX && (at = strstr(at, mark)) != NULL;) {
    at += strlen(mark);
    size_t size = at[0] == 'v' ? 1 + strspn(at + 1, "0123456789.") : 0;
    if (g_str_has_prefix(at, "edge/"))
      size = strlen("edge");
    if (size > 1 && at[size] == '/' && memmem(at, size, "..", 2) == NULL) {
      g_autofree char *branch = g_strndup(at, size);
      g_strv_builder_add(branches, branch);
      count++;
    }
  }
  return g_strv_builder_end(branches);
}

static bool
fetch_branch(FeedContext *context, const char *branch, bool *changed, GError **error)
{
  static const char *const repositories[] = {"main", "community"};
  for (size_t i = 0; i < G_N_ELEMENTS(repositories); i++) {
    g_autoptr(GError) failure = NULL;
    const char *slash = g_str_has_suffix(context->config->url, "/") ? "" : "/";
    g_autofree char *url =
        g_strdup_printf("%s%s%s/%s.json", context->config->url, slash, branch, repositories[i]);
    g_autofree char *name = g_strdup_printf("%s-%s.json", branch, repositories[i]);
    g_autofree char *path = g_build_filename(context->folder, name, NULL);
    DownloadResult result = DOWNLOAD_UNCHANGED;
    /* The first branches had no community repository. */
    if (!http_client_download(context->client, url, path, SECDB_FILE_MAX, FEED_RETRIES,
                              context->progress, context->cancellable, &result, &failure) &&
        !(i > 0 && g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
    *changed |= result == DOWNLOAD_NEW;
  }
  return true;
}

/* What an import, or other settings, left in the copy: one file of all, or files named otherwise. A
 * branch that is not listed any more stays: who runs it has no other source. */
static bool
forget_other_files(const char *folder, bool *changed, GError **error)
{
  g_autoptr(GDir) entries = g_dir_open(folder, 0, NULL);
  for (const char *name = entries != NULL ? g_dir_read_name(entries) : NULL; name != NULL;
       name = g_dir_read_name(entries)) {
    g_autofree char *path = g_build_filename(folder, name, NULL);
    bool of_branch =
        g_str_has_suffix(name, "-main.json") || g_str_has_suffix(name, "-community.json");
    bool is_data = strcmp(name, FEED_DATA_NAME) == 0 || g_file_test(path, G_FILE_TEST_IS_DIR) ||
                   (g_str_has_suffix(name, ".json") && strcmp(name, FEED_MANIFEST_NAME) != 0);
    if (of_branch || !is_data)
      continue;
    *changed = true;
    if (!directory_remove(AT_FDCWD, path, error))
      return false;
  }
  return true;
}

/* One file ("...json"), or the folder of all branches. */
static bool
alpine_secdb_fetch(FeedContext *context, bool *changed, GError **error)
{
  if (g_str_has_suffix(context->config->url, ".json"))
    return feed_fetch_one_file(context, changed, error);
  g_autoptr(GBytes) listing = feed_fetch_listing(context, context->config->url, LISTING_MAX, error);
  if (listing == NULL)
    return false;
  g_auto(GStrv) branches = list_branches(slice_from_bytes(listing));
  if (branches[0] == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "%s: lists no branches", context->config->url);
  for (guint i = 0; branches[i] != NULL; i++)
    if (!fetch_branch(context, branches[i], changed, error))
      return false;
  return forget_other_files(context->folder, changed, error);
}

static bool
read_file(FeedContext *context, const char *path, GError **error)
{
  return feed_parse_file(context, path, alpine_secdb_parse, error);
}

static bool
alpine_secdb_read(FeedContext *context, const char *path, GError **error)
{
  return feed_read_each_file(path, ".json", read_file, context, error);
}

static const FeedSource sources[] = {
    {"alpine", "https://secdb.alpinelinux.org/"},
    {"wolfi", "https://packages.wolfi.dev/os/security.json"},
    {"chainguard", "https://packages.cgr.dev/chainguard/security.json"},
    {NULL},
};
const FeedType alpine_secdb_feed = {"alpine-secdb", alpine_secdb_fetch, alpine_secdb_read, sources};
