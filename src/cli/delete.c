/* `assay delete`: a tag, an image, or all of a repository. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/server_target.h"

static char *format_option;
static gboolean yes_option;

static const GOptionEntry options[] = {
    SERVER_OPTIONS("the reference's host, "),
    {"yes", 'y', 0, G_OPTION_ARG_NONE, &yes_option, "Do not ask", NULL},
    FORMAT_OPTION("text"),
    {NULL}};

/* Whether to go on: a person says so, or said so by --yes. *@code is what to end with if not. */
static bool
may_delete(const char *what, int *code)
{
  char answer[8] = "";
  *code = EXIT_REFUSED;
  if (yes_option)
    return true;
  if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
    *code = command_usage_error("delete: nobody is here to ask: --yes deletes %s", what);
    return false;
  }
  g_autofree char *clean = slice_to_printable(slice_from_string(what), strlen(what));
  fprintf(stderr, "delete %s? [y/N] ", clean);
  bool agreed = fgets(answer, sizeof answer, stdin) != NULL && (*answer == 'y' || *answer == 'Y');
  if (!agreed)
    command_tell("nothing was deleted");
  return agreed;
}

/* "the tags v1, latest" of an image, or NULL. (transfer full) */
static char *
tags_in_words(const json_t *image)
{
  g_auto(GStrv) tags = json_get_strings(image, "tags");
  if (tags == NULL || tags[0] == NULL)
    return NULL;
  g_autofree char *list = g_strjoinv(", ", tags);
  return g_strdup_printf("the tag%s %s", tags[1] == NULL ? "" : "s", list);
}

static bool
delete_manifest(const ServerTarget *target, const char *reference, json_t *deleted, GError **error)
{
  const char *repository = target->reference->repository;
  g_autofree char *path = g_strdup_printf("/v2/%s/manifests/%s", repository, reference);
  if (!server_delete(target->client, path, NULL, error))
    return false;
  bool digest = strchr(reference, ':') != NULL;
  json_array_append_new(deleted, json_pack("{s:s, s:s}", "repository", repository,
                                           digest ? "digest" : "tag", reference));
  if (format_option == NULL || strcmp(format_option, "json") != 0)
    printf("deleted %s%c%s\n", repository, digest ? '@' : ':', reference);
  return true;
}

/* --- a tag --- */

/* The image is not deleted with its last name. */
static void
tell_what_stays(const ServerTarget *target, const char *tag, const json_t *image)
{
  g_auto(GStrv) tags = json_get_strings(image, "tags");
  for (char **each = tags; each != NULL && *each != NULL; each++)
    if (strcmp(*each, tag) != 0)
      return;
  command_tell("no tag names the image any more: `assay delete %s@%s` deletes it",
               target->reference->repository, json_get_string(image, "digest"));
}

static int
delete_tag(const ServerTarget *target, json_t *deleted, GError **error)
{
  int code = EXIT_ERROR;
  const char *tag = target->reference->tag;
  g_autoptr(json_t) image = server_target_image(target, error);
  if (image == NULL)
    return EXIT_ERROR;
  g_autofree char *what = g_strdup_printf("the tag %s of %s", tag, target->reference->repository);
  if (!may_delete(what, &code))
    return code;
  if (!delete_manifest(target, tag, deleted, error))
    return EXIT_ERROR;
  tell_what_stays(target, tag, image);
  return EXIT_FINE;
}

/* --- an image --- */

static int
delete_image(const ServerTarget *target, json_t *deleted, GError **error)
{
  int code = EXIT_ERROR;
  g_autoptr(json_t) image = server_target_image(target, error);
  if (image == NULL)
    return EXIT_ERROR;
  g_autofree char *tags = tags_in_words(image);
  g_autofree char *what =
      g_strdup_printf("%s@%s%s%s", target->reference->repository, json_get_string(image, "digest"),
                      tags != NULL ? " with " : "", tags != NULL ? tags : "");
  if (!may_delete(what, &code))
    return code;
  return delete_manifest(target, target->reference->digest, deleted, error) ? EXIT_FINE
                                                                            : EXIT_ERROR;
}

/* --- a repository --- */

/* One pass over @images, of which those that are gone are taken out. What others need stays, and so
 * does *@kept say why. False: something else failed. */
static bool
delete_what_is_free(const ServerTarget *target, json_t *images, json_t *deleted, GError **kept,
                    GError **error)
{
  for (size_t i = json_array_size(images); i-- > 0;) {
    g_autoptr(GError) failure = NULL;
    const char *digest = json_get_string(json_array_get(images, i), "digest");
    bool gone = delete_manifest(target, digest, deleted, &failure) ||
                g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
    if (gone) {
      json_array_remove(images, i);
    } else if (!g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_BUSY)) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    } else {
      g_clear_error(kept);
      g_propagate_error(kept, g_steal_pointer(&failure));
    }
  }
  return true;
}

/* Indexes go before what they need: passes until one deletes nothing. */
static int
delete_repository(const ServerTarget *target, json_t *deleted, GError **error)
{
  int code = EXIT_ERROR;
  g_autoptr(json_t) images = server_target_images(target, error);
  if (images == NULL)
    return EXIT_ERROR;
  if (json_array_size(images) == 0) {
    error_set(error, ASSAY_ERROR_NOT_FOUND, "%s has no images: there is nothing to delete",
              target->reference->repository);
    return EXIT_ERROR;
  }
  g_autofree char *what = g_strdup_printf("all %zu images of %s", json_array_size(images),
                                          target->reference->repository);
  if (!may_delete(what, &code))
    return code;
  for (size_t before = SIZE_MAX; json_array_size(images) > 0;) {
    g_autoptr(GError) kept = NULL;
    before = json_array_size(images);
    if (!delete_what_is_free(target, images, deleted, &kept, error))
      return EXIT_ERROR;
    if (json_array_size(images) == before) {
      g_propagate_error(error, g_steal_pointer(&kept));
      return EXIT_ERROR;
    }
  }
  return EXIT_FINE;
}

/* A person who wants room would look for it in vain. */
static void
tell_what_is_kept(const json_t *deleted)
{
  size_t index;
  json_t *each;
  json_array_foreach(deleted, index, each) {
    if (json_get_string(each, "digest") == NULL)
      continue;
    command_tell(
        "layers that no image needs any more are freed after their grace, a day as a rule; "
        "`assay gc --dry-run` shows what waits");
    return;
  }
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_auto(ServerTarget) target = {0};
  g_autoptr(json_t) deleted = json_array();
  bool json;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  if (!server_target_open(arguments[0], &target, &error))
    return command_fail(error);
  int code = target.whole                       ? delete_repository(&target, deleted, &error)
             : target.reference->digest != NULL ? delete_image(&target, deleted, &error)
                                                : delete_tag(&target, deleted, &error);
  if (json) /* also what was deleted before something failed */
    command_print_json(deleted);
  tell_what_is_kept(deleted);
  if (error != NULL)
    return command_fail(error);
  return command_end_output(code);
}

const Command delete_command = {
    .name = "delete",
    .summary = "Delete a tag, an image, or all of a repository from a registry",
    .arguments = "[HOST/]REPOSITORY[:TAG|@DIGEST]",
    .help =
        "A TAG is deleted alone: the image stays, under its other tags and its digest.\n"
        "A DIGEST is deleted with all its tags; it may be cut to its first digits, as `assay\n"
        "images` shows it. A REPOSITORY without either is emptied. What an index needs is not\n"
        "deleted before the index. On a terminal it asks first; elsewhere it wants --yes.\n\n"
        "The layers of a deleted image are freed after a grace, a day as a rule: see `assay "
        "gc`.\n\n"
        "Exit codes: 0 deleted; 1 the answer was no; 2 something was not deleted, or not there,\n"
        "and standard error says so.\n\n"
        "Examples:\n"
        "  assay delete team/app:v1\n"
        "  assay delete --yes team/app@7e8770da82f0\n"
        "  assay delete --server https://registry.example.com team/app",
    .options = options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
