/* Kinds of files by their paths, packages of build tools by their names, and weights as text. */
#include "inspect/minimality/minimality.h"

#include "base/slice.h"
#include "inspect/minimality/shed.h"

static const struct {
  const char *path;
  WeightKind kind;
} paths[] = {
    {"var/cache/apt/pkgcache.bin", WEIGHT_CACHE},
    {"var/cache/apt/archives/curl_7.88.1-10_amd64.deb", WEIGHT_CACHE},
    {"var/lib/apt/lists/deb.debian.org_debian_dists_bookworm_main_binary-amd64_Packages.lz4",
     WEIGHT_CACHE},
    {"var/lib/apt/extended_states", WEIGHT_OTHER},
    {"var/cache/fontconfig/0.cache", WEIGHT_OTHER},
    {"app/var/cache/apt/x", WEIGHT_OTHER},
    {"var/cache/apk/APKINDEX.066df28d.tar.gz", WEIGHT_CACHE},
    {"var/cache/dnf/packages.db", WEIGHT_CACHE},
    {"root/.cache/pip/http/0/1/x", WEIGHT_CACHE},
    {"home/app/.npm/_cacache/content-v2/sha512/00", WEIGHT_CACHE},
    {".npm/_cacache/x", WEIGHT_CACHE},
    {"srv/.cargo/registry/src/x.rs", WEIGHT_CACHE},
    {"go/pkg/mod/golang.org/x/net@v0.1.0/a.go", WEIGHT_CACHE},
    {"root/.cache/matplotlib/fontlist.json", WEIGHT_OTHER},
    {"app/x.cache/pip/y", WEIGHT_OTHER},
    {"srv/go/pkg/modest", WEIGHT_OTHER},
    {"tmp/x", WEIGHT_TEMPORARY},
    {"var/log/dpkg.log", WEIGHT_TEMPORARY},
    {"app/tmp/x", WEIGHT_OTHER},
    {"tmpl/x", WEIGHT_OTHER},
    {"usr/share/doc/curl/changelog.Debian.gz", WEIGHT_DOCUMENTATION},
    {"usr/share/doc/curl/copyright", WEIGHT_OTHER},
    {"usr/share/doc/x/LICENSE.txt", WEIGHT_OTHER},
    {"usr/share/doc/x/licensing-howto", WEIGHT_OTHER},
    {"usr/share/man/man1/ls.1.gz", WEIGHT_DOCUMENTATION},
    {"usr/share/mandelbrot/x", WEIGHT_OTHER},
    {"usr/share/info/gcc.info.gz", WEIGHT_DOCUMENTATION},
    {"usr/local/share/man/man1/x.1", WEIGHT_DOCUMENTATION},
    {"app/doc/index.html", WEIGHT_OTHER},
    {"usr/share/locale/de/LC_MESSAGES/bash.mo", WEIGHT_LOCALE},
    {"usr/share/locale/locale.alias", WEIGHT_OTHER},
    {"usr/lib/locale/locale-archive", WEIGHT_LOCALE},
    {"usr/lib/locale/C.utf8/LC_CTYPE", WEIGHT_OTHER},
    {"usr/lib/locale/de_DE.utf8/LC_CTYPE", WEIGHT_LOCALE},
    {"usr/include/stdio.h", WEIGHT_BUILD},
    {"usr/lib/x86_64-linux-gnu/libssl.a", WEIGHT_BUILD},
    {"usr/lib/x86_64-linux-gnu/libssl.so.3", WEIGHT_OTHER},
    {"usr/lib/x86_64-linux-gnu/pkgconfig/openssl.pc", WEIGHT_BUILD},
    {"app/data.a", WEIGHT_OTHER},
    {"usr/local/go/bin/go", WEIGHT_BUILD},
    {"usr/local/gopher/x", WEIGHT_OTHER},
    {"bin/sh", WEIGHT_SHELL},
    {"usr/bin/bash", WEIGHT_SHELL},
    {"bin/busybox", WEIGHT_SHELL},
    {"usr/bin/bashbug", WEIGHT_OTHER},
    {"usr/share/bash/sh", WEIGHT_OTHER},
    {"app/bin/sh", WEIGHT_OTHER},
    {"usr/bin/apt-get", WEIGHT_MANAGER},
    {"sbin/apk", WEIGHT_MANAGER},
    {"usr/local/bin/pip3.12", WEIGHT_MANAGER},
    {"usr/local/bin/pip3.12.py", WEIGHT_OTHER},
    {"usr/bin/aptly", WEIGHT_OTHER},
    {"usr/local/lib/node_modules/npm/bin/npm", WEIGHT_OTHER},
    {"usr/bin/curl", WEIGHT_TOOL},
    {"bin/nc.openbsd", WEIGHT_TOOL},
    {"usr/bin/curl-config", WEIGHT_OTHER},
    {"usr/lib/git-core/git", WEIGHT_OTHER},
    {"usr/bin/git-lfs", WEIGHT_OTHER},
    {"usr/sbin/sshd", WEIGHT_OTHER},
    {"", WEIGHT_OTHER},
};

static void
test_kinds(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(paths); i++)
    if (weight_kind_of(paths[i].path) != paths[i].kind)
      g_error("%s: is %s, not %s", paths[i].path, weight_kind_names[weight_kind_of(paths[i].path)],
              weight_kind_names[paths[i].kind]);
}

static const char *const tools[] = {"gcc",
                                    "gcc-12",
                                    "gcc-10-multilib",
                                    "gcc-c++",
                                    "gcc-12-x86-64-linux-gnu",
                                    "gcc-go",
                                    "gcc7-c++",
                                    "g++",
                                    "g++-12",
                                    "cpp-12",
                                    "clang-14",
                                    "clang",
                                    "make",
                                    "cmake",
                                    "cmake-data",
                                    "binutils",
                                    "binutils-x86-64-linux-gnu",
                                    "build-essential",
                                    "build-base",
                                    "libc6-dev",
                                    "libgcc-12-dev",
                                    "libstdc++-12-dev",
                                    "openssl-devel",
                                    "musl-dev",
                                    "linux-libc-dev",
                                    "rustc",
                                    "cargo",
                                    "rust",
                                    "golang-1.19-go",
                                    "golang-go",
                                    "go",
                                    "openjdk-17-jdk-headless",
                                    "java-17-openjdk-devel",
                                    "automake",
                                    "pkgconf",
                                    "m4",
                                    "linux-headers-6.1.0-18-amd64",
                                    "dpkg-dev",
                                    "llvm-14",
                                    NULL};
/* What programs need to run is none, whatever its name begins with. */
static const char *const others[] = {"gcc-12-base",
                                     "gcc-libs",
                                     "libgcc-s1",
                                     "libgcc",
                                     "libstdc++6",
                                     "libstdc++",
                                     "libgomp1",
                                     "libllvm14",
                                     "llvm-libs",
                                     "libclang1-14",
                                     "makedev",
                                     "makepasswd",
                                     "rust-coreutils",
                                     "go-md2man",
                                     "gotop",
                                     "golang-docker-credential-helpers",
                                     "openjdk-17-jre-headless",
                                     "cpp-httplib",
                                     "libmpc3",
                                     "perl",
                                     "devscripts",
                                     "device-tree",
                                     "cargo-mozilla-x",
                                     "libbinutils2",
                                     "ninjavis",
                                     "flexible",
                                     "python3",
                                     "udev",
                                     NULL};

static void
test_build_tools(void)
{
  static const char *const types[] = {"deb", "rpm", "apk", "alpm"};
  for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
    for (const char *const *name = tools; *name != NULL; name++)
      if (!package_is_build_tool(types[i], *name))
        g_error("%s %s: is a build tool", types[i], *name);
    for (const char *const *name = others; *name != NULL; name++)
      if (package_is_build_tool(types[i], *name))
        g_error("%s %s: is no build tool", types[i], *name);
  }
  /* A module of npm that is called so is none. */
  g_assert_false(package_is_build_tool("npm", "make"));
}

static Weights *
some_weights(void)
{
  Weights *weights = weights_new();
  const WeightFolder folder = {weight_hash_of("usr"), 0};
  const Weight file = {.hash = weight_hash_of("usr/x"),
                       .size = 70000,
                       .folder = 1,
                       .kind = WEIGHT_CACHE,
                       .type = WEIGHS_FILE,
                       .set_id = true};
  const Weight link = {
      .hash = weight_hash_of("y"), .size = 1, .folder = 0, .type = WEIGHS_HARDLINK};
  const Weight mark = {.hash = weight_hash_of("z"), .folder = 0, .type = WEIGHS_OPAQUE};
  g_array_append_val(weights->folders, folder);
  g_array_append_val(weights->entries, file);
  g_array_append_val(weights->entries, link);
  g_array_append_val(weights->entries, mark);
  weights->rest[WEIGHT_LOCALE] = (WeightSum){3, 300};
  return weights;
}

static void
test_text(void)
{
  g_autoptr(Weights) weights = some_weights();
  g_autofree char *text = weights_to_text(weights);
  g_autoptr(Weights) read = weights_from_text(text);
  g_assert_nonnull(read);
  g_autofree char *again = weights_to_text(read);
  g_assert_cmpstr(text, ==, again);
  const Weight *file = &g_array_index(read->entries, Weight, 0);
  g_assert_cmpuint(file->hash, ==, weight_hash("usr/xy", 5));
  g_assert_cmpuint(file->size, ==, 70000);
  g_assert_cmpuint(file->folder, ==, 1);
  g_assert_cmpuint(file->kind, ==, WEIGHT_CACHE);
  g_assert_true(file->set_id);
  g_assert_cmpuint(read->rest[WEIGHT_LOCALE].bytes, ==, 300);
  g_assert_cmpuint(weight_hash_of("a"), !=, weight_hash_of("b"));
}

/* That something is left out is told beside the sums, which are of files alone. */
static void
test_left_out(void)
{
  for (unsigned left_out = 0; left_out < 2; left_out++) {
    g_autoptr(Weights) weights = some_weights();
    weights->left_out = left_out != 0;
    g_autofree char *text = weights_to_text(weights);
    g_autoptr(Weights) read = weights_from_text(text);
    g_assert_nonnull(read);
    g_assert_true(read->left_out == weights->left_out);
    g_assert_cmpuint(read->entries->len, ==, 3);
  }
}

/* What is told of few files: their contents, and that links to them are not kept. */
static void
test_marks_of_files(void)
{
  for (unsigned marks = 0; marks < 8; marks++) {
    g_autoptr(Weights) weights = some_weights();
    Weight *file = &g_array_index(weights->entries, Weight, 0);
    const WeightContent content = {0, weight_content_hash(0x1234567890abcdef)};
    file->set_id = (marks & 1) != 0;
    file->linked = (marks & 2) != 0;
    weights->left_out = (marks & 4) != 0;
    g_array_append_val(weights->contents, content);
    g_autofree char *text = weights_to_text(weights);
    g_autoptr(Weights) read = weights_from_text(text);
    g_assert_nonnull(read);
    const Weight *again = &g_array_index(read->entries, Weight, 0);
    g_assert_true(again->set_id == file->set_id && again->linked == file->linked);
    g_assert_true(again->type == WEIGHS_FILE && read->left_out == weights->left_out);
    g_assert_cmpuint(read->contents->len, ==, 1);
    g_assert_cmpuint(g_array_index(read->contents, WeightContent, 0).hash, ==, content.hash);
    gsize size;
    g_autofree guchar *bytes = g_base64_decode(text, &size);
    for (gsize cut = size - 8; cut < size - weights->left_out; cut++) {
      g_autofree char *part = g_base64_encode(bytes, cut);
      g_autoptr(Weights) broken = weights_from_text(part);
      g_assert_true(broken == NULL || broken->contents->len == 0);
    }
  }
}

/* No such text: a content of what is no file, of what is not there, twice of one, or none. */
static void
test_broken_contents(void)
{
  static const WeightContent wrong[][2] = {
      {{1, 5}, {0, 0}}, {{3, 5}, {0, 0}}, {{0, 0}, {0, 0}}, {{0, 5}, {0, 5}}};
  for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
    g_autoptr(Weights) weights = some_weights();
    g_array_append_vals(weights->contents, wrong[i], i < 3 ? 1 : 2);
    g_autofree char *text = weights_to_text(weights);
    g_autoptr(Weights) read = weights_from_text(text);
    g_assert_null(read);
  }
}

/* A worker that was taken over writes what it likes. */
static void
test_broken_text(void)
{
  g_autoptr(Weights) weights = some_weights();
  g_autofree char *text = weights_to_text(weights);
  gsize size;
  g_autofree guchar *bytes = g_base64_decode(text, &size);
  for (gsize cut = 0; cut < size; cut++) {
    g_autofree char *part = g_base64_encode(bytes, cut);
    g_autoptr(Weights) read = weights_from_text(part);
    g_assert_true(read == NULL || read->entries->len < 3);
  }
  Weight *entries = &g_array_index(weights->entries, Weight, 0);
  for (unsigned kind = 0; kind < 4; kind++) {
    Weight before = entries[1];
    if (kind == 0)
      entries[1].size = 4; /* a link to what is not there */
    else if (kind == 1)
      entries[1].size = 2; /* to a link */
    else if (kind == 2)
      entries[1].folder = 2;
    else
      entries[1].kind = WEIGHT_KINDS;
    g_autofree char *broken = weights_to_text(weights);
    g_autoptr(Weights) read = weights_from_text(broken);
    g_assert_null(read);
    entries[1] = before;
  }
}

/* No layer has so much; sums of many such layers would wrap around. */
static void
test_too_much(void)
{
  g_autoptr(Weights) weights = some_weights();
  Weight *file = &g_array_index(weights->entries, Weight, 0);
  WeightSum *rest = weights->rest;
  for (unsigned kind = 0; kind < 8; kind++) {
    file->size = kind == 1 ? WEIGHT_SUM_MAX - 300 : kind == 2 ? WEIGHT_SUM_MAX - 299 : 0;
    file->size = kind == 3 ? ((uint64_t)1 << 63) + 5 : file->size;
    rest[WEIGHT_CACHE].bytes = kind == 4 ? WEIGHT_SUM_MAX : kind == 5 ? UINT64_MAX - 299 : 0;
    rest[WEIGHT_CACHE].files = kind == 6 ? WEIGHT_SUM_MAX : kind == 7 ? UINT64_MAX - 2 : 0;
    g_autofree char *text = weights_to_text(weights);
    g_autoptr(Weights) read = weights_from_text(text);
    g_assert_true((read != NULL) == (kind < 2));
  }
}

/* Of so many files below "f", whose paths begin with the number @from. (transfer full) */
static LayerInventory *
layer_of(unsigned from, unsigned count)
{
  LayerInventory *layer = layer_inventory_new();
  g_autoptr(Weights) weights = weights_new();
  const WeightFolder folder = {weight_hash_of("f"), 0};
  g_array_append_val(weights->folders, folder);
  for (unsigned i = 0; i < count; i++) {
    g_autofree char *path = g_strdup_printf("f/%u", from + i);
    const Weight entry = {
        .hash = weight_hash_of(path), .size = 10, .folder = 1, .kind = WEIGHT_CACHE};
    g_array_append_val(weights->entries, entry);
  }
  layer->weights = weights_to_text(weights);
  layer->entries = count;
  return layer;
}

static ImageInventory *
image_of(void)
{
  ImageInventory *image = image_inventory_empty();
  g_ptr_array_set_free_func(image->layers, (GDestroyNotify)layer_inventory_free);
  return image;
}

/* What an earlier version inspected is not shown as without anything. */
static void
test_unknown_layers(void)
{
  g_autoptr(ImageInventory) image = image_of();
  g_ptr_array_add(image->layers, layer_of(0, 3));
  g_ptr_array_add(image->layers, layer_of(1, 1));
  g_autoptr(Shed) all = shed_of_image(image, NULL);
  g_assert_false(all->at_least);
  g_assert_cmpuint(all->sums[SHED_REPLACED].files, ==, 1);
  g_assert_cmpuint(all->sums[SHED_CACHE].files, ==, 3);
  g_assert_cmpuint(all->bytes, ==, 40);
  LayerInventory *first = g_ptr_array_index(image->layers, 0);
  for (unsigned broken = 0; broken < 2; broken++) {
    g_free(first->weights);
    first->weights = broken ? g_strdup("AAAAA") : NULL;
    g_autoptr(Shed) shed = shed_of_image(image, NULL);
    g_assert_true(shed->at_least);
    g_assert_false(g_array_index(shed->layers, ShedLayer, 0).known);
    g_assert_true(g_array_index(shed->layers, ShedLayer, 1).known);
    g_assert_cmpuint(shed->bytes, ==, 10);
  }
}

/* What very many layers hide is bounded, which is told. */
static void
test_many_layers(void)
{
  g_autoptr(ImageInventory) image = image_of();
  for (unsigned i = 0; i < 20; i++)
    g_ptr_array_add(image->layers, layer_of(i < 2 ? 0 : i * 60000, 60000));
  g_autoptr(Shed) shed = shed_of_image(image, NULL);
  g_assert_true(shed->at_least);
  g_assert_cmpuint(shed->sums[SHED_REPLACED].files, ==, 0);
  g_assert_cmpuint(shed->sums[SHED_CACHE].files, ==, 20 * 60000);
  g_ptr_array_remove_range(image->layers, 10, 10);
  g_autoptr(Shed) fewer = shed_of_image(image, NULL);
  g_assert_false(fewer->at_least);
  g_assert_cmpuint(fewer->sums[SHED_REPLACED].files, ==, 60000);
}

/* Marks hide as files do, and are bounded as these are. */
static void
test_many_marks(void)
{
  g_autoptr(ImageInventory) image = image_of();
  for (unsigned i = 0; i < 30; i++) {
    LayerInventory *layer = layer_of(i * 80000, i == 0 ? 1 : 80000);
    g_autoptr(Weights) weights = weights_from_text(layer->weights);
    for (unsigned k = 0; i > 0 && k < weights->entries->len; k++) {
      Weight *mark = &g_array_index(weights->entries, Weight, k);
      mark->type = WEIGHS_OPAQUE;
      mark->size = 0;
    }
    g_free(layer->weights);
    layer->weights = weights_to_text(weights);
    g_ptr_array_add(image->layers, layer);
  }
  g_autoptr(Shed) shed = shed_of_image(image, NULL);
  g_assert_true(shed->at_least);
  g_ptr_array_remove_range(image->layers, 20, 10);
  g_autoptr(Shed) fewer = shed_of_image(image, NULL);
  g_assert_false(fewer->at_least);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/minimality/kinds", test_kinds);
  g_test_add_func("/minimality/build-tools", test_build_tools);
  g_test_add_func("/minimality/text", test_text);
  g_test_add_func("/minimality/broken-text", test_broken_text);
  g_test_add_func("/minimality/marks-of-files", test_marks_of_files);
  g_test_add_func("/minimality/broken-contents", test_broken_contents);
  g_test_add_func("/minimality/left-out", test_left_out);
  g_test_add_func("/minimality/many-marks", test_many_marks);
  g_test_add_func("/minimality/too-much", test_too_much);
  g_test_add_func("/minimality/unknown-layers", test_unknown_layers);
  g_test_add_func("/minimality/many-layers", test_many_layers);
  return g_test_run();
}
