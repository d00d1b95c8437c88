/* Manifests and configs: the real shapes are read, the lying and broken ones refused with a place.
 */
#include <string.h>

#include "base/error.h"
#include "oci/image_config.h"
#include "oci/manifest.h"
#include "oci/media_type.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
/* Of "{}", in base64 "e30=". */
#define HEX_OF_EMPTY "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define CONFIG                                                                                     \
  "{\"mediaType\":\"" MEDIA_TYPE_OCI_CONFIG "\",\"digest\":\"sha256:" HEX "\",\"size\":2}"
#define LAYER                                                                                      \
  "{\"mediaType\":\"" MEDIA_TYPE_OCI_LAYER_GZIP "\",\"digest\":\"sha256:" HEX "\",\"size\":3}"

static void
test_image(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Manifest) manifest = manifest_parse(
      SLICE_LITERAL("{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" LAYER "," LAYER "],"
                    "\"annotations\":{\"a\":\"b\"},\"subject\":" CONFIG "}"),
      MEDIA_TYPE_OCI_MANIFEST, &error);
  g_assert_no_error(error);
  g_assert_cmpint(manifest->kind, ==, MANIFEST_IMAGE);
  g_assert_cmpuint(manifest->layers->len, ==, 2);
  g_assert_cmpstr(manifest->artifact_type, ==, MEDIA_TYPE_OCI_CONFIG);
  g_assert_cmpstr(g_hash_table_lookup(manifest->annotations, "a"), ==, "b");
  g_assert_nonnull(manifest->subject);
  g_assert_true(manifest_is_container_image(manifest));
}

static void
test_index(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Manifest) manifest = manifest_parse(
      SLICE_LITERAL(
          "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_DOCKER_LIST "\",\"manifests\":["
          "{\"mediaType\":\"" MEDIA_TYPE_DOCKER_MANIFEST "\",\"digest\":\"sha256:" HEX
          "\",\"size\":1,"
          "\"platform\":{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\"}}]}"),
      NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpint(manifest->kind, ==, MANIFEST_INDEX);
  const Descriptor *member = g_ptr_array_index(manifest->manifests, 0);
  g_assert_cmpstr(member->architecture, ==, "arm64");
  g_assert_cmpstr(member->variant, ==, "v8");
  g_assert_false(manifest_is_container_image(manifest));
}

/* What Go writes for a slice, a map or a pointer that was never filled, and what it leaves out. */
static void
test_nothing(void)
{
  static const struct {
    const char *name, *media_type, *text;
    ManifestKind kind;
    guint layers, manifests;
  } cases[] = {
      {"null layers", NULL, "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":null}",
       MANIFEST_IMAGE, 0, 0},
      {"no layers", NULL, "{\"schemaVersion\":2,\"config\":" CONFIG "}", MANIFEST_IMAGE, 0, 0},
      {"null manifests", MEDIA_TYPE_OCI_INDEX, "{\"schemaVersion\":2,\"manifests\":null}",
       MANIFEST_INDEX, 0, 0},
      {"no manifests", MEDIA_TYPE_DOCKER_LIST, "{\"schemaVersion\":2}", MANIFEST_INDEX, 0, 0},
      {"null of the other kind, image", NULL,
       "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" LAYER "],\"manifests\":null}",
       MANIFEST_IMAGE, 1, 0},
      {"null of the other kind, index", NULL,
       "{\"schemaVersion\":2,\"manifests\":[" LAYER "],\"layers\":null,\"config\":null}",
       MANIFEST_INDEX, 0, 1},
      {"null for what is optional", NULL,
       "{\"schemaVersion\":2,\"mediaType\":null,\"artifactType\":null,\"annotations\":null,"
       "\"subject\":null,\"config\":{\"mediaType\":null,\"digest\":\"sha256:" HEX
       "\",\"size\":2,\"annotations\":{\"a\":null},\"urls\":null,\"data\":null,"
       "\"artifactType\":null,\"platform\":null},\"layers\":[{\"digest\":\"sha256:" HEX
       "\",\"size\":2,\"platform\":{\"os\":null,\"architecture\":null,\"variant\":null}}]}",
       MANIFEST_IMAGE, 1, 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Manifest) manifest =
        manifest_parse(slice_from_string(cases[i].text), cases[i].media_type, &error);
    g_test_message("case %s", cases[i].name);
    g_assert_no_error(error);
    g_assert_cmpint(manifest->kind, ==, cases[i].kind);
    g_assert_cmpuint(manifest->layers->len, ==, cases[i].layers);
    g_assert_cmpuint(manifest->manifests->len, ==, cases[i].manifests);
    g_assert_null(manifest->subject);
  }
}

static void
test_descriptor(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Manifest) manifest = manifest_parse(
      SLICE_LITERAL("{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"sha256:" HEX_OF_EMPTY
                    "\",\"size\":2,\"data\":\"e30=\",\"urls\":[\"s3://a/b\"],"
                    "\"annotations\":{\"a\":null}},{\"digest\":\"sha256:" HEX
                    "\",\"size\":2,\"data\":\"e30=\",\"urls\":[]}]}"),
      NULL, &error);
  g_assert_no_error(error);
  const Descriptor *full = g_ptr_array_index(manifest->manifests, 0);
  const Descriptor *other = g_ptr_array_index(manifest->manifests, 1);
  g_assert_cmpstr(full->media_type, ==, "");
  g_assert_cmpstr(g_hash_table_lookup(full->annotations, "a"), ==, "");
  g_assert_true(full->has_data);
  g_assert_false(other->has_data);
}

/* By its config, or by Docker's schema 2: runtimes unpack layers of any type that hold a tar. */
static void
test_container_images(void)
{
  static const struct {
    const char *manifest, *config, *layer;
    bool is_image;
  } cases[] = {
      {MEDIA_TYPE_OCI_MANIFEST, MEDIA_TYPE_OCI_CONFIG, MEDIA_TYPE_OCI_LAYER, true},
      {MEDIA_TYPE_OCI_MANIFEST, MEDIA_TYPE_DOCKER_CONFIG, MEDIA_TYPE_DOCKER_LAYER, true},
      {MEDIA_TYPE_OCI_MANIFEST, MEDIA_TYPE_OCI_CONFIG, "application/octet-stream", true},
      {MEDIA_TYPE_OCI_MANIFEST, "application/octet-stream", MEDIA_TYPE_OCI_LAYER, true},
      {MEDIA_TYPE_OCI_MANIFEST, "application/json", MEDIA_TYPE_OCI_LAYER, true},
      {MEDIA_TYPE_OCI_MANIFEST, "text/html", MEDIA_TYPE_OCI_LAYER, true},
      {MEDIA_TYPE_OCI_MANIFEST, "", MEDIA_TYPE_OCI_LAYER, true},
      {MEDIA_TYPE_OCI_MANIFEST, "application/vnd.cncf.helm.config.v1+json", MEDIA_TYPE_OCI_LAYER,
       false},
      {MEDIA_TYPE_OCI_MANIFEST, MEDIA_TYPE_OCI_EMPTY, "application/octet-stream", false},
      {MEDIA_TYPE_DOCKER_MANIFEST, MEDIA_TYPE_DOCKER_CONFIG, MEDIA_TYPE_DOCKER_LAYER, true},
      {MEDIA_TYPE_DOCKER_MANIFEST, "application/vnd.cncf.helm.config.v1+json",
       MEDIA_TYPE_DOCKER_LAYER, true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    static const char descriptor[] =
        "{\"mediaType\":\"%s\",\"digest\":\"sha256:" HEX "\",\"size\":1}";
    g_autofree char *config = g_strdup_printf(descriptor, cases[i].config);
    g_autofree char *layer = g_strdup_printf(descriptor, cases[i].layer);
    g_autofree char *text =
        g_strdup_printf("{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config, layer);
    g_autoptr(Manifest) manifest =
        manifest_parse(slice_from_string(text), cases[i].manifest, &error);
    g_assert_no_error(error);
    g_test_message("case %s, %s, %s", cases[i].manifest, cases[i].config, cases[i].layer);
    g_assert_cmpint(manifest_is_container_image(manifest), ==, cases[i].is_image);
  }
}

static const struct {
  const char *name, *media_type, *text;
  int code;
  const char *says;
} refused_manifests[] = {
    {"not JSON", NULL, "{", ASSAY_ERROR_INVALID, "JSON"},
    {"an array", NULL, "[]", ASSAY_ERROR_INVALID, "object"},
    {"schema 1", NULL, "{\"schemaVersion\":1}", ASSAY_ERROR_UNSUPPORTED, "schema 1"},
    {"schema 1 by type", MEDIA_TYPE_DOCKER_SCHEMA1_SIGNED, "{\"schemaVersion\":2}",
     ASSAY_ERROR_UNSUPPORTED, "schema 1"},
    {"no version", NULL, "{\"layers\":[]}", ASSAY_ERROR_INVALID, "schemaVersion"},
    {"two types", MEDIA_TYPE_OCI_MANIFEST,
     "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX "\"}", ASSAY_ERROR_INVALID,
     "mediaType"},
    {"unknown type", "text/plain", "{\"schemaVersion\":2}", ASSAY_ERROR_UNSUPPORTED, "text/plain"},
    {"no config", NULL, "{\"schemaVersion\":2,\"layers\":[]}", ASSAY_ERROR_INVALID, "config"},
    {"null config", NULL, "{\"schemaVersion\":2,\"config\":null,\"layers\":[]}",
     ASSAY_ERROR_INVALID, "config"},
    {"layers that are no list", NULL, "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":{}}",
     ASSAY_ERROR_INVALID, "layers"},
    {"null for a layer", NULL, "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[null]}",
     ASSAY_ERROR_INVALID, "layers[0]"},
    {"null for a digest", NULL,
     "{\"schemaVersion\":2,\"config\":" CONFIG
     ",\"layers\":[{\"mediaType\":\"x\",\"digest\":null,\"size\":1}]}",
     ASSAY_ERROR_INVALID, "layers[0]"},
    {"null for the version", NULL, "{\"schemaVersion\":null,\"manifests\":[]}", ASSAY_ERROR_INVALID,
     "schemaVersion"},
    {"an empty list of the other kind", NULL,
     "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST "\",\"config\":" CONFIG
     ",\"layers\":[],\"manifests\":[]}",
     ASSAY_ERROR_INVALID, "both"},
    {"an index with a config", NULL,
     "{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_INDEX "\",\"config\":" CONFIG "}",
     ASSAY_ERROR_INVALID, "both"},
    {"an index with layers", MEDIA_TYPE_DOCKER_LIST, "{\"schemaVersion\":2,\"layers\":[" LAYER "]}",
     ASSAY_ERROR_INVALID, "both"},
    {"artifact manifest", NULL, "{\"mediaType\":\"" MEDIA_TYPE_OCI_ARTIFACT "\",\"blobs\":[]}",
     ASSAY_ERROR_UNSUPPORTED, "artifact manifest"},
    {"a layer from a file", NULL,
     "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[{\"mediaType\":\"" MEDIA_TYPE_OCI_LAYER
     "\",\"digest\":\"sha256:" HEX
     "\",\"size\":1,\"urls\":[\"https://a.example/x\",\"file:///etc/passwd\"]}]}",
     ASSAY_ERROR_INVALID, "layers[0]: \"urls[1]\""},
    {"data that is no text", NULL,
     "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX
     "\",\"size\":1,\"data\":[1]}]}",
     ASSAY_ERROR_INVALID, "manifests[0]: \"data\""},
    {"a second data", NULL,
     "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX
     "\",\"size\":1,\"Data\":\"e30=\"}]}",
     ASSAY_ERROR_INVALID, "manifests[0]"},
    {"both kinds", NULL,
     "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[],\"manifests\":[]}",
     ASSAY_ERROR_INVALID, "both"},
    {"bad digest", NULL,
     "{\"schemaVersion\":2,\"config\":" CONFIG
     ",\"layers\":[{\"mediaType\":\"x\",\"digest\":\"sha256:x\",\"size\":1}]}",
     ASSAY_ERROR_INVALID, "layers[0]"},
    {"negative size", NULL,
     "{\"schemaVersion\":2,\"config\":" CONFIG
     ",\"layers\":[{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX "\",\"size\":-1}]}",
     ASSAY_ERROR_INVALID, "layers[0]: \"size\""},
    {"a second list of layers for Go", NULL,
     "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[],\"Layers\":[" LAYER "]}",
     ASSAY_ERROR_INVALID, "Layers"},
    {"a second config", NULL,
     "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[],\"CONFIG\":" CONFIG "}",
     ASSAY_ERROR_INVALID, "CONFIG"},
    {"a second digest", NULL,
     "{\"schemaVersion\":2,\"config\":" CONFIG
     ",\"layers\":[{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX
     "\",\"size\":1,\"dige\\u017ft\":\"sha256:0\"}]}",
     ASSAY_ERROR_INVALID, "layers[0]"},
    {"a second architecture", NULL,
     "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x\",\"digest\":\"sha256:" HEX
     "\",\"size\":1,\"platform\":{\"architecture\":\"a\",\"Architecture\":\"b\"}}]}",
     ASSAY_ERROR_INVALID, "Architecture"},
    {"annotation of a number", NULL,
     "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[],\"annotations\":{\"a\":1}}",
     ASSAY_ERROR_INVALID, "annotations.a"},
};

static void
test_refused(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(refused_manifests); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(manifest_parse(slice_from_string(refused_manifests[i].text),
                                 refused_manifests[i].media_type, &error));
    g_test_message("%s: %s", refused_manifests[i].name, error->message);
    g_assert_error(error, ASSAY_ERROR, refused_manifests[i].code);
    g_assert_nonnull(strstr(error->message, refused_manifests[i].says));
  }
}

static void
test_known_types(void)
{
  static const struct {
    const char *type;
    MediaTypeUse use;
    const char *words;
  } cases[] = {
      {"application/vnd.oci.image.layer.v1.tar+gzip+encrypted", MEDIA_TYPE_UNREADABLE, "encrypted"},
      {"application/vnd.docker.image.rootfs.diff.tar.gzip+encrypted", MEDIA_TYPE_UNREADABLE,
       "encrypted"},
      {"application/vnd.stacker.image.layer.squashfs+zstd+verity", MEDIA_TYPE_UNREADABLE,
       "squashfs"},
      {"application/vnd.sylabs.image.layer.v1.squashfs", MEDIA_TYPE_UNREADABLE, "squashfs"},
      {"application/vnd.oci.image.layer.nydus.blob.v1", MEDIA_TYPE_UNREADABLE, "Nydus"},
      {"application/vnd.sylabs.sif.layer.v1.sif", MEDIA_TYPE_UNREADABLE, "Singularity"},
      {"application/vnd.module.wasm.content.layer.v1+wasm", MEDIA_TYPE_UNREADABLE, "WebAssembly"},
      {"APPLICATION/WASM", MEDIA_TYPE_UNREADABLE, "WebAssembly"},
      {"application/vnd.cncf.helm.chart.content.v1.tar+gzip", MEDIA_TYPE_DATA, "Helm chart"},
      {"application/vnd.dev.cosign.simplesigning.v1+json", MEDIA_TYPE_DATA, "cosign"},
      {"application/vnd.in-toto+json", MEDIA_TYPE_DATA, "in-toto"},
      {"text/spdx+json", MEDIA_TYPE_DATA, "SPDX"},
      {"application/vnd.cncf.model.weight.v1.raw", MEDIA_TYPE_DATA, "model"},
      {MEDIA_TYPE_OCI_LAYER_GZIP, MEDIA_TYPE_UNKNOWN, NULL},
      {"application/octet-stream", MEDIA_TYPE_UNKNOWN, NULL},
      {"", MEDIA_TYPE_UNKNOWN, NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const char *words;
    g_test_message("case %s", cases[i].type);
    g_assert_cmpint(media_type_use(cases[i].type, &words), ==, cases[i].use);
    g_assert_cmpint(words != NULL, ==, cases[i].words != NULL);
    g_assert_true(words == NULL || strstr(words, cases[i].words) != NULL);
  }
}

static void
test_unreadable_layers(void)
{
  static const struct {
    const char *type, *annotations;
    bool readable;
  } cases[] = {
      {MEDIA_TYPE_OCI_LAYER_GZIP, "{}", true},
      {MEDIA_TYPE_OCI_LAYER_GZIP, "{\"containerd.io/snapshot/stargz/toc.digest\":\"x\"}", true},
      {MEDIA_TYPE_OCI_LAYER_GZIP, "{\"containerd.io/snapshot/nydus-bootstrap\":\"true\"}", false},
      {MEDIA_TYPE_OCI_LAYER, "{\"containerd.io/snapshot/overlaybd/blob-digest\":\"x\"}", false},
      {MEDIA_TYPE_OCI_LAYER_GZIP "+encrypted", "null", false},
      {"application/vnd.in-toto+json", "null", true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf(
        "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[{\"mediaType\":\"%s\","
        "\"digest\":\"sha256:" HEX "\",\"size\":1,\"annotations\":%s}]}",
        cases[i].type, cases[i].annotations);
    g_autoptr(Manifest) manifest = manifest_parse(slice_from_string(text), NULL, &error);
    g_assert_no_error(error);
    g_test_message("case %s", text);
    g_assert_cmpint(layer_check_readable(g_ptr_array_index(manifest->layers, 0), &error), ==,
                    cases[i].readable);
    g_assert_true(cases[i].readable ||
                  g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED));
  }
}

/* Four bytes a value would be three hundred MiB of memory for a manifest of four. */
static void
test_many_values(void)
{
  static const char start[] = "{\"schemaVersion\":2,\"rootfs\":{\"diff_ids\":[]},\"x\":[";
  g_autoptr(GString) text = g_string_new(start);
  for (int i = 0; i < 200000; i++)
    g_string_append(text, "{},");
  g_string_append(text, "{}]}");
  g_autoptr(GError) error = NULL;
  g_assert_null(manifest_parse(slice_from_string(text->str), MEDIA_TYPE_OCI_MANIFEST, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
  g_clear_error(&error);
  g_assert_null(image_config_parse(slice_from_string(text->str), &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_LIMIT);
}

static void
test_configs_that_name_layers(void)
{
  static const struct {
    const char *text;
    bool may;
  } cases[] = {
      {"", false},
      {"{}", false},
      {"null", false},
      {"[{\"rootfs\":{\"diff_ids\":[1]}}]", false},
      {"name: chart", false},
      {"{\"name\":\"chart\",\"rootfs\":\"x\"}", false},
      {"{\"rootfs\":{\"diff_ids\":[]}}", false},
      {" \t\r\n{\"rootfs\":{\"diff_ids\":[\"x\"]}}", true},
      {"{\"r\\u006fotfs\":{\"diff_ids\":[1]}}", true},
      {"{\"RootFS\":{\"diff_ids\":[]}}", true},
      {"{\"rootfs\":{\"DIFF_IDS\":[1]}}", true},
      {"{\"a\":1,\"a\":2}", true},
      {"{\"a\":\"\xff\"}", true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *shown = g_utf8_make_valid(cases[i].text, -1);
    g_test_message("case %s", shown);
    g_assert_cmpint(image_config_may_name_layers(slice_from_string(cases[i].text)), ==,
                    cases[i].may);
  }
}

static void
test_image_config(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ImageConfig) config = image_config_parse(
      SLICE_LITERAL("{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"User\":\"1000\","
                    "\"Env\":[\"A=b\"],"
                    "\"ExposedPorts\":{\"22/tcp\":{}},\"Labels\":{\"l\":\"v\"}},"
                    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" HEX "\"]},"
                    "\"history\":[{\"created_by\":\"ADD x\"},{\"empty_layer\":true}]}"),
      &error);
  g_assert_no_error(error);
  g_assert_cmpuint(config->diff_ids->len, ==, 1);
  g_assert_cmpstr(config->user, ==, "1000");
  g_assert_cmpstr(config->exposed_ports[0], ==, "22/tcp");
  g_assert_cmpstr(g_hash_table_lookup(config->labels, "l"), ==, "v");
  g_assert_cmpuint(config->history->len, ==, 2);
  g_assert_true(g_array_index(config->history_empty, bool, 1));

  static const char *const empty[] = {
      "{\"rootfs\":{\"diff_ids\":null}}",
      "{\"rootfs\":{},\"history\":null,\"config\":null}",
      "{\"rootfs\":{\"diff_ids\":[]},\"config\":{\"Env\":null,\"Labels\":null,"
      "\"ExposedPorts\":null,\"Cmd\":null}}",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(empty); i++) {
    g_autoptr(ImageConfig) from_nothing = image_config_parse(slice_from_string(empty[i]), &error);
    g_test_message("empty %s", empty[i]);
    g_assert_no_error(error);
    g_assert_cmpuint(from_nothing->diff_ids->len, ==, 0);
  }

  static const char *const refused[] = {
      "{}",
      "{\"rootfs\":null}",
      "{\"rootfs\":{\"diff_ids\":{}}}",
      "[]",
      "{\"rootfs\":{\"diff_ids\":[1]}}",
      "{\"rootfs\":{\"diff_ids\":[\"sha256:1\"]}}",
      "{\"rootfs\":{\"diff_ids\":[]},\"RootFS\":{\"diff_ids\":[]}}",
      "{\"rootfs\":{\"diff_ids\":[],\"DIFF_IDS\":[]}}",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_test_message("refused %s", refused[i]);
    g_assert_null(image_config_parse(slice_from_string(refused[i]), &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
    g_clear_error(&error);
  }
}

static void
test_tables(void)
{
  static const struct {
    const char *annotation, *value;
    bool fits;
  } cases[] = {
      {"io.github.containers.zstd-chunked.manifest-checksum", "sha256:a", true},
      {"io.containers.zstd-chunked.manifest-checksum", "sha256:b", true},
      {"containerd.io/snapshot/stargz/toc.digest", "sha256:a", true},
      {"io.github.containers.zstd-chunked.manifest-checksum", "sha256:c", false},
      {"containerd.io/snapshot/stargz/toc.digest", "sha256:c", false},
      {"containerd.io/snapshot/stargz/toc.digest", "", false},
      {"io.github.containers.zstd-chunked.manifest-position", "1:2:3:1", true},
      {"org.opencontainers.image.title", "sha256:c", true},
  };
  g_autoptr(GPtrArray) verified = g_ptr_array_new(), none = g_ptr_array_new();
  g_ptr_array_add(verified, (void *)(uintptr_t) "sha256:a");
  g_ptr_array_add(verified, (void *)(uintptr_t) "sha256:b");
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    Descriptor layer = {.annotations = g_hash_table_new(g_str_hash, g_str_equal)};
    g_hash_table_insert(layer.annotations, (void *)(uintptr_t)cases[i].annotation,
                        (void *)(uintptr_t)cases[i].value);
    g_test_message("case %s %s", cases[i].annotation, cases[i].value);
    g_assert_cmpint(layer_check_tables(&layer, verified, &error), ==, cases[i].fits);
    g_assert_cmpint(error == NULL, ==, cases[i].fits);
    g_assert_true(cases[i].fits || !layer_check_tables(&layer, none, NULL));
    g_hash_table_unref(layer.annotations);
  }
  g_assert_true(layer_check_tables(&(Descriptor){.size = 1}, none, NULL));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/manifest/image", test_image);
  g_test_add_func("/manifest/index", test_index);
  g_test_add_func("/manifest/nothing", test_nothing);
  g_test_add_func("/manifest/descriptor", test_descriptor);
  g_test_add_func("/manifest/container-images", test_container_images);
  g_test_add_func("/manifest/refused", test_refused);
  g_test_add_func("/manifest/known-types", test_known_types);
  g_test_add_func("/manifest/unreadable-layers", test_unreadable_layers);
  g_test_add_func("/manifest/many-values", test_many_values);
  g_test_add_func("/manifest/image-config", test_image_config);
  g_test_add_func("/manifest/configs-that-name-layers", test_configs_that_name_layers);
  g_test_add_func("/manifest/tables", test_tables);
  return g_test_run();
}
