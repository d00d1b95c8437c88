/* `assay findings`: the findings of an image that a registry holds. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/report_options.h"
#include "cli/server_client.h"
#include "oci/digest.h"
#include "oci/reference.h"

#define SHORT_DIGEST_MIN 6

static const GOptionEntry entries[] = {
    SERVER_OPTIONS("the reference's host, "), REPORT_OPTIONS, {NULL}};

/* Without a host a name is taken as written, and not for one of Docker Hub's. */
static Reference *
parse(const char *text, GError **error)
{
  Reference *reference = reference_parse(text, error);
  if (reference == NULL || g_str_has_prefix(text, reference->host))
    return reference;
  reference_free(reference);
  g_autofree char *with_host = g_strconcat("localhost/", text, NULL);
  return reference_parse(with_host, error);
}

/* "NAME@7e8770da82f0", with a digest as `assay images` shows it: cuts it off @name. (transfer
 * full), or NULL */
static char *
take_short_digest(char *name)
{
  char *at = strrchr(name, '@');
  size_t digits = at == NULL ? 0 : strspn(at + 1, "0123456789abcdef");
  if (digits < SHORT_DIGEST_MIN || at[1 + digits] != '\0')
    return NULL;
  *at = '\0';
  return g_strdup(at + 1);
}

/* The full digest in place of the tag. */
static bool
complete_digest(ServerClient *client, Reference *reference, const char *start, GError **error)
{
  g_autofree char *path = g_strdup_printf("/api/v1/repositories/%s/images", reference->repository);
  g_autoptr(json_t) images = server_get_all(client, path, "images", NULL, error);
  unsigned found = 0;
  size_t i;
  json_t *image;
  json_array_foreach(images, i, image) {
    const char *digest = json_get_string(image, "digest");
    const char *colon = digest != NULL ? strchr(digest, ':') : NULL;
    if (colon == NULL || !g_str_has_prefix(colon + 1, start))
      continue;
    found++;
    g_free(reference->digest);
    reference->digest = g_strdup(digest);
  }
  if (images == NULL || found == 1)
    return images != NULL;
  return error_set(error, ASSAY_ERROR_NOT_FOUND, "%s has %s image %s; `assay images %s` lists them",
                   reference->repository, found == 0 ? "no" : "more than one", start,
                   reference->repository);
}

static json_t *
find_image(ServerClient *client, const Reference *reference, GError **error)
{
  g_autofree char *path =
      g_strdup_printf("/api/v1/repositories/%s/images?reference=%s", reference->repository,
                      reference->digest != NULL ? reference->digest : reference->tag);
  g_autoptr(json_t) images = server_get_all(client, path, "images", NULL, error);
  if (images == NULL)
    return NULL;
  if (json_array_size(images) > 0)
    return json_incref(json_array_get(images, 0));
  error_set(error, ASSAY_ERROR_NOT_FOUND, "%s has no image %s; `assay images %s` lists them",
            reference->repository, reference->digest != NULL ? reference->digest : reference->tag,
            reference->repository);
  return NULL;
}

/* A scan that is under way ends in a moment. */
static json_t *
wait_for_scan(ServerClient *client, const Reference *reference, GError **error)
{
  g_autofree char *reason = NULL;
  for (int tries = 0; tries < 60; tries++) {
    json_t *image = find_image(client, reference, error);
    const json_t *scan = json_get_object(image, "scan");
    if (image == NULL || g_strcmp0(json_get_string(scan, "state"), "pending") != 0)
      return image;
    g_free(reason);
    reason = g_strdup(json_get_string(scan, "error"));
    json_decref(image);
    g_usleep(G_USEC_PER_SEC / 2);
  }
  error_set(
      error, ASSAY_ERROR_TIMEOUT, "the scan of this image %s%s",
      reason == NULL ? "has not ended yet" : "will be tried again: ", reason == NULL ? "" : reason);
  return NULL;
}

/* An index has no findings of its own: says what to ask for. */
static int
tell_no_image(ServerClient *client, const Reference *reference, const json_t *image)
{
  const char *digest = json_get_string(image, "digest");
  g_autofree char *path = g_strdup_printf("/v2/%s/manifests/%s", reference->repository, digest);
  g_autoptr(json_t) manifest = server_get(client, path, NULL);
  g_autoptr(GString) members = g_string_new(NULL);
  size_t i;
  json_t *member;
  json_array_foreach(json_get_array(manifest, "manifests"), i, member) {
    const json_t *platform = json_get_object(member, "platform");
    const char *os = json_get_string(platform, "os");
    const char *architecture = json_get_string(platform, "architecture");
    g_string_append_printf(members, "\n  %s@%s  %s/%s", reference->repository,
                           json_get_string(member, "digest"), os != NULL ? os : "-",
                           architecture != NULL ? architecture : "-");
  }
  if (members->len == 0)
    return command_usage_error("%s@%s is an artifact and no container image: it has no packages",
                               reference->repository, digest);
  return command_usage_error("%s@%s is an index; ask for an image in it:%s", reference->repository,
                             digest, members->str);
}

/* (transfer full) */
static GPtrArray *
texts_of(const json_t *about, const char *key)
{
  GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
  g_auto(GStrv) texts = json_get_strings(about, key);
  for (char **text = texts; text != NULL && *text != NULL; text++)
    g_ptr_array_add(list, g_strdup(*text));
  return list;
}

static int
report(const char *target, const json_t *image, const json_t *verdict, json_t *list,
       const json_t *about, const ReportOptions *options)
{
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)finding_free);
  size_t index;
  json_t *item;
  json_array_foreach(list, index, item) {
    g_ptr_array_add(all, finding_from_json(item));
  }
  const json_t *scan = json_get_object(image, "scan");
  g_autoptr(Verdict) judged = verdict == NULL ? NULL : verdict_from_json(verdict);
  g_autoptr(GPtrArray) gaps = texts_of(about, "incomplete");
  g_autoptr(GPtrArray) third_party = texts_of(about, "third_party");
  g_autoptr(GPtrArray) notes = texts_of(about, "notes");
  g_autoptr(GPtrArray) findings = report_options_filter(options, all, notes);
  Report document = {.target = target,
                     .digest = json_get_string(image, "digest"),
                     .findings = findings,
                     .gaps = gaps,
                     .third_party = third_party,
                     .notes = notes,
                     .os = json_get_string(scan, "os"),
                     .packages = (unsigned)json_get_integer(scan, "packages", 0),
                     .verdict = judged,
                     .database = json_get_string(scan, "advisories")};
  return report_options_write(options, &document, NULL);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  ReportOptions options;
  if (!report_options_read(&options))
    return EXIT_ERROR;
  /* As `assay scan` writes it. */
  const char *typed = arguments[0];
  typed += g_str_has_prefix(typed, "docker://") ? strlen("docker://") : 0;
  g_autofree char *name = g_strdup(typed);
  g_autofree char *short_digest = take_short_digest(name);
  g_autoptr(Reference) reference = parse(name, &error);
  if (reference == NULL)
    return command_fail(error);
  /* "HOST/REPOSITORY:TAG" names its registry. */
  bool has_host = g_str_has_prefix(name, reference->host);
  g_autoptr(ServerClient) client = server_client_new(has_host ? reference->host : NULL, &error);
  if (client == NULL ||
      (short_digest != NULL && !complete_digest(client, reference, short_digest, &error)))
    return command_fail(error);
  g_autoptr(json_t) image = wait_for_scan(client, reference, &error);
  if (image == NULL)
    return command_fail(error);
  const char *digest = json_get_string(image, "digest");
  const json_t *scan = json_get_object(image, "scan");
  if (g_strcmp0(json_get_string(scan, "state"), "failed") == 0)
    return command_usage_error("the scan of %s failed: %s", arguments[0],
                               json_get_string(scan, "error"));
  if (g_strcmp0(json_get_string(scan, "state"), "not-applicable") == 0)
    return tell_no_image(client, reference, image);
  g_autofree char *path = g_strdup_printf("/api/v1/images/%s/findings", digest);
  g_autofree char *verdict_path =
      g_strdup_printf("/api/v1/images/%s/verdict?repository=%s", digest, reference->repository);
  g_autoptr(json_t) about = json_object();
  g_autoptr(json_t) findings = server_get_all(client, path, "findings", about, &error);
  g_autoptr(json_t) verdict = findings == NULL ? NULL : server_get(client, verdict_path, &error);
  if (verdict == NULL)
    return command_fail(error);
  return report(arguments[0], image, verdict, findings, about, &options);
}

const Command findings_command = {
    .name = "findings",
    .summary = "Show the findings of an image that a registry holds",
    .arguments = "[HOST/]REPOSITORY[:TAG|@DIGEST]",
    .help =
        "A digest may be cut to its first digits, as `assay images` shows it.\n\n"
        "Examples:\n"
        "  assay findings team/app:v1\n"
        "  assay findings 127.0.0.1:5000/team/app:v1 --severity critical,high --ignore-unfixed\n"
        "  assay findings team/app@7e8770da82f0\n"
        "  assay findings team/app:v1 --format sarif > app.sarif",
    .options = entries,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
