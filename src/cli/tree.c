/* `assay tree`: what lies beside an image of any registry, as a tree. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/signing_options.h"
#include "cli/source_options.h"
#include "cli/terminal_progress.h"
#include "oci/manifest.h"
#include "oci/media_type.h"
#include "sign/formats/cosign.h"
#include "source/remote_signatures.h"

#define CHILDREN_MAX 200u
#define SHOWN_MAX    200

static char *config_option, *format_option;

static const GOptionEntry options[] = {
    FORMAT_OPTION("text"), CONFIG_OPTION(config_option), REGISTRY_OPTIONS, {NULL}};

/* A line of the tree: {"what", "digest", "by" ..., "beside": [...]}. */
static json_t *
node_new(const char *what, const char *digest)
{
  json_t *node = json_object();
  json_set_string(node, "what", what);
  json_set_string(node, "digest", digest);
  return node;
}

/* --- what is beside one manifest --- */

static json_t *
of_signature(const Signature *signature)
{
  json_t *node = node_new(signature_format_names[signature->format], signature->manifest.text);
  json_set_string(node, "reference", signature->reference);
  json_set_string(node, "predicate_type", signature->predicate_type);
  json_set_string(node, "key_hint", signature->key_hint);
  if (signature->annotations != NULL && json_object_size(signature->annotations) > 0)
    json_object_set(node, "annotations", signature->annotations);
  return node;
}

static bool
is_shown(const json_t *beside, const char *digest)
{
  for (size_t i = 0; i < json_array_size(beside); i++)
    if (g_strcmp0(json_get_string(json_array_get(beside, i), "digest"), digest) == 0)
      return true;
  return false;
}

static bool
add_referrers(const SignatureSource *source, const Digest *digest, json_t *beside, GError **error)
{
  g_autoptr(json_t) list = source->referrers(source->data, digest->text, error);
  size_t index;
  json_t *referrer;
  if (list == NULL)
    return false;
  json_array_foreach(list, index, referrer) {
    const char *name = json_get_string(referrer, "digest");
    const char *type = json_get_string(referrer, "artifactType");
    if (name == NULL || is_shown(beside, name))
      continue;
    g_autofree char *words = media_type_in_words(type != NULL ? type : "");
    json_t *node =
        node_new(media_type_is_sbom(type != NULL ? type : "") ? "sbom" : "referrer", name);
    json_set_string(node, "type", type);
    json_set_string(node, "words", words);
    json_array_append_new(beside, node);
  }
  return true;
}

/* What signatures do not have: bills of materials that old versions of cosign attached. */
static bool
add_sbom_tag(const SigningTarget *image, const Digest *digest, json_t *beside, GError **error)
{
  g_autofree char *tag = cosign_tag(digest, ".sbom");
  g_autoptr(GBytes) manifest = NULL;
  if (!signature_tag_get(image->remote, tag, &manifest, NULL, error))
    return false;
  if (manifest == NULL)
    return true;
  Digest its = digest_of(DIGEST_SHA256, slice_from_bytes(manifest));
  json_t *node = node_new("sbom", its.text);
  json_set_string(node, "tag", tag);
  json_array_append_new(beside, node);
  return true;
}

static bool
look_beside(const SigningTarget *image, const Digest *digest, json_t *node, GError **error)
{
  RemoteSignatures from = {.remote = image->remote, .manifest_bytes = ARTIFACT_MANIFEST_MAX};
  const SignatureSource source = remote_signature_source(&from);
  g_auto(FoundSignatures) found = {NULL};
  json_t *beside = json_array();
  json_object_set_new(node, "beside", beside);
  if (!signatures_read(&source, digest, &found, error))
    return false;
  for (guint i = 0; i < found.signatures->len; i++)
    json_array_append_new(beside, of_signature(g_ptr_array_index(found.signatures, i)));
  if (found.problems->len > 0)
    json_object_set_new(node, "problems", json_from_texts(found.problems));
  return add_sbom_tag(image, digest, beside, error) &&
         add_referrers(&source, digest, beside, error);
}

/* --- the image --- */

static json_t *
of_child(const Descriptor *child)
{
  g_autofree char *platform =
      child->os == NULL ? g_strdup("image")
                        : g_strdup_printf("%s/%s%s%s", child->os,
                                          child->architecture == NULL ? "" : child->architecture,
                                          child->variant == NULL ? "" : "/",
                                          child->variant == NULL ? "" : child->variant);
  return node_new(platform, child->digest.text);
}

static bool
look_at_children(const SigningTarget *image, json_t *root, GError **error)
{
  g_autoptr(Manifest) manifest =
      manifest_parse(slice_from_bytes(image->image.manifest), image->image.media_type, error);
  if (manifest == NULL)
    return false;
  json_t *children = json_array();
  json_object_set_new(root, "images", children);
  for (guint i = 0; i < manifest->manifests->len && i < CHILDREN_MAX; i++) {
    const Descriptor *child = g_ptr_array_index(manifest->manifests, i);
    json_t *node = of_child(child);
    json_array_append_new(children, node);
    if (!look_beside(image, &child->digest, node, error))
      return false;
  }
  return true;
}

/* --- drawing --- */

static void
print_node(const json_t *node, const char *indent, bool last)
{
  static const char *const details[] = {"words", "predicate_type", "reference", "key_hint", "tag",
                                        NULL};
  GString *line = g_string_new(json_get_string(node, "what"));
  for (const char *const *name = details; *name != NULL; name++)
    if (json_get_string(node, *name) != NULL)
      g_string_append_printf(line, "  %s", json_get_string(node, *name));
  g_autofree char *shown = slice_to_printable(slice_new(line->str, line->len), SHOWN_MAX);
  g_string_free(line, TRUE);
  printf("%s%s %s  %s\n", indent, last ? "└──" : "├──", json_get_string(node, "digest"), shown);
}

static void
print_below(const json_t *node, const char *indent)
{
  const json_t *lists[] = {json_get_array(node, "beside"), json_get_array(node, "images")};
  size_t left = json_array_size(lists[0]) + json_array_size(lists[1]);
  for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
    for (size_t j = 0; j < json_array_size(lists[i]); j++) {
      const json_t *below = json_array_get(lists[i], j);
      bool last = --left == 0;
      print_node(below, indent, last);
      g_autofree char *deeper = g_strconcat(indent, last ? "    " : "│   ", NULL);
      print_below(below, deeper);
    }
  }
}

static void
print_text(const json_t *root)
{
  size_t index;
  json_t *problem;
  printf("%s  %s\n", json_get_string(root, "digest"), json_get_string(root, "what"));
  print_below(root, "");
  if (json_array_size(json_get_array(root, "beside")) == 0)
    printf("nothing lies beside it\n");
  json_array_foreach(json_get_array(root, "problems"), index, problem) {
    g_autofree char *line = slice_to_printable(slice_from_string(json_string_value(problem)), 2048);
    printf("%s\n", line);
  }
}

static bool
show(const char *reference, const Config *config, bool json, GError **error)
{
  g_auto(SigningTarget) image = {NULL};
  if (!signing_target_open(&image, reference, config, false, error))
    return false;
  bool is_index = media_type_is_index(image.image.media_type);
  g_autoptr(json_t) root = node_new(is_index ? "index" : "image", image.image.digest.text);
  if (!look_beside(&image, &image.image.digest, root, error) ||
      (is_index && !look_at_children(&image, root, error)))
    return false;
  terminal_progress_end();
  if (json)
    command_print_json(root);
  else
    print_text(root);
  return true;
}

static int
run(char **arguments)
{
  bool json;
  g_autoptr(GError) error = NULL;
  if (!command_wants_json(format_option, "text", &json))
    return EXIT_ERROR;
  g_autoptr(Config) config = config_open(config_option, &error);
  if (config == NULL || !show(arguments[0], config, json, &error)) {
    terminal_progress_end();
    return command_fail(error);
  }
  return command_end_output(EXIT_FINE);
}

const Command tree_command = {
    .name = "tree",
    .summary = "Show what lies beside an image of any registry: signatures, attestations, SBOMs",
    .arguments = "IMAGE",
    .help = "Of an index, the same for each of its images. It says what is there, and not whether\n"
            "it is genuine: whoever may push to a repository may put things beside its images.\n"
            "`assay verify` asks whose they are.\n\n"
            "Examples:\n"
            "  assay tree registry.example.com/team/app:1.0\n"
            "  assay tree --format json registry.example.com/team/app:1.0",
    .options = options,
    .least_arguments = 1,
    .most_arguments = 1,
    .run = run,
};
