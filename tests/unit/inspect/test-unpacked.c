/* What unpackers make of layers. Each case was tried with podman (overlay and vfs) and umoci, as
 * tests/integration/test_differential.py does with a part of them. */
#include "inspect/unpacked.h"
#include "layers.h"

/* The text of the file, or what else is there. */
static char *
look(UnpackedTree *tree, const GPtrArray *layers, const char *path)
{
  static const char *const kinds[] = {"nothing", "", "folder", "loop"};
  const UnpackedFile *file;
  UnpackedKind kind = unpacked_tree_open(tree, path, &file);
  if (file == NULL)
    return g_strdup(kinds[kind]);
  const LayerInventory *layer = g_ptr_array_index(layers, file->layer);
  for (guint i = 0; i < layer->reads->len; i++) {
    const LayerFile *read = g_ptr_array_index(layer->reads, i);
    if (read->change == file->change)
      return g_strdup(strchr(read->location, '#') + 1);
  }
  return g_strdup("?");
}

/* Files are "path@#TEXT=": the name of what is in them. A "!" in front: the unpacker gives up, or
 * nobody can say. */
static const struct {
  const char *name;
  const char *layers[4];
  const char *path;
  const char *seen[UNPACKERS]; /* overlay, umoci, in place; where NULL, as the one before */
} cases[] = {
    {"a file", {"d/ d/f@#1="}, "d/f", {"1"}},
    {"replaced above", {"d/ d/f@#1=", "d/f@#2="}, "d/f", {"2"}},
    {"the same name twice", {"d/f@#1= d/f@#2="}, "d/f", {"2"}},
    {"removed", {"d/f@#1=", "-d/f"}, "d/f", {"nothing"}},
    {"its folder removed", {"d/f@#1=", "-d"}, "d/f", {"nothing"}},
    {"removed, then written", {"d/f@#1=", "-d/f d/f@#2="}, "d/f", {"2"}},
    {"written, then removed", {"d/f@#1=", "d/f@#2= -d/f"}, "d/f", {"!2", "2", "nothing"}},
    {"a folder removed, then made", {"d/f@#1=", "-d d/"}, "d/f", {"1", "nothing"}},
    {"a folder removed, then implied", {"d/f@#1=", "-d (d)"}, "d/f", {"!nothing", "nothing"}},
    {"removed again below", {"d/f@#1=", "-d -d/f"}, "d/f", {"!nothing", "nothing"}},
    {"opaque", {"d/f@#1=", "d/ d/+"}, "d/f", {"nothing"}},
    {"opaque, and written before", {"d/f@#1=", "d/ d/f@#2= d/+"}, "d/f", {"2"}},
    {"opaque after an implied folder",
     {"d/e/g@#1=", "(d/e) d/e/f@#2= d/+"},
     "d/e/f",
     {"2", "2", "nothing"}},
    {"an opaque root", {"d/f@#1=", "/+"}, "d/f", {"1", "nothing"}},
    {"a folder over a link", {"a/f@#1= l->a", "l/"}, "l/f", {"nothing"}},
    {"an implied folder over a link", {"a/f@#1= l->a", "(l)"}, "l/f", {"nothing", "1"}},
    {"written through a link below", {"a/f@#1= l->a", "l/f@#2="}, "a/f", {"1", "2"}},
    {"written through a link of its own", {"a/ l->a l/f@#1="}, "a/f", {"1"}},
    {"through a link to the root", {"l->/ l/l/a/f@#1="}, "a/f", {"1"}},
    {"a link over a folder", {"d/f@#1=", "d->b b/f@#2="}, "d/f", {"2"}},
    {"a link over a folder, in one layer", {"d/f@#1= d->b b/f@#2="}, "d/f", {"2"}},
    {"a file over a link", {"b@#1= f->b", "f@#2="}, "b", {"1"}},
    {"a folder over a file", {"d@#1=", "d/ d/f@#2="}, "d/f", {"2"}},
    {"below a file of another layer", {"d@#1=", "d/f@#2="}, "d/f", {"2"}},
    {"below a file", {"d@#1= d/f@#2="}, "d/f", {"!nothing"}},
    {"a FIFO over a file", {"f@#1=", "f?"}, "f", {"nothing"}},
    {"a FIFO over a folder", {"d/f@#1=", "d?", "d/"}, "d/f", {"nothing"}},
    {"removed below a link", {"a/f@#1= l->a", "-l/f"}, "a/f", {"1", "nothing"}},
    {"opaque below a link", {"a/f@#1= l->a", "l/+"}, "a/f", {"1", "nothing", "!nothing"}},
    {"a hard link", {"x@#1= h=>x"}, "h", {"1"}},
    {"a hard link, its target replaced", {"x@#1= h=>x x@#2="}, "h", {"1"}},
    {"a hard link, its target replaced above", {"x@#1= h=>x", "x@#2="}, "h", {"1"}},
    {"a hard link to another layer", {"x@#1=", "h=>x"}, "h", {"!nothing", "1"}},
    {"a hard link to a link", {"x@#1= l->x h=>l"}, "h", {"1"}},
    {"a hard link to nothing", {"h=>x"}, "h", {"!nothing", "!nothing"}},
    {"a chain of links", {"a->b b->/c/d c->e e/d@#1="}, "a", {"1"}},
    {"up, out of a link", {"a->c/d c/d/ c/f@#1= l->a/../f"}, "l", {"1"}},
    {"written through a link past what is not there", {"a/ l->/x/../a l/f@#1="}, "a/f", {"1"}},
    {"the same, opened", {"a/ l->/x/../a l/f@#1="}, "l/f", {"nothing"}},
    {"out of the root", {"f@#1= l->../../f"}, "l", {"1"}},
    {"around", {"a->b b->a"}, "a", {"loop"}},
    {"dangling", {"a->b"}, "a", {"nothing"}},
    {"odd", {"!a f@#1="}, "f", {"!1", "!1"}},
    {"left alone", {"d/f@#1=", "d/e@#2=", "(d)"}, "d/f", {"1"}},
    {"three layers", {"d/f@#1=", "-d/f", "d/f@#3="}, "d/f", {"3"}},
    {"removed folder of a new layer", {"d/f@#1=", "-d", "d/ d/g@#3="}, "d/f", {"nothing"}},
};

static void
test_table(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GPtrArray) layers = layers_of(cases[i].layers);
    const char *expected = NULL;
    for (unsigned j = 0; j < UNPACKERS; j++) {
      expected = cases[i].seen[j] != NULL ? cases[i].seen[j] : expected;
      bool trouble = *expected == '!';
      g_autoptr(UnpackedTree) tree = unpacked_tree_new(layers, (Unpacker)j);
      g_autofree char *seen = look(tree, layers, cases[i].path);
      g_test_message("case %s, unpacker %u: %s", cases[i].name, j, unpacked_tree_trouble(tree));
      g_assert_cmpint(unpacked_tree_trouble(tree) != NULL, ==, trouble);
      g_assert_cmpstr(seen, ==, expected + trouble);
    }
  }
}

/* What is at a path itself, and what the path is when links on the way are followed. */
static void
test_places(void)
{
  static const struct {
    const char *path;
    UnpackedKind kind;
    unsigned layer;
    const char *resolved;
  } places[] = {
      {"usr/bin/f", UNPACKED_FILE, 1, "usr/bin/f"},
      {"bin/f", UNPACKED_FILE, 1, "usr/bin/f"},
      {"bin", UNPACKED_LINK, 0, "bin"},
      {"bin/l", UNPACKED_LINK, 0, "usr/bin/l"},
      {"bin/p", UNPACKED_OTHER, 0, "usr/bin/p"},
      {"usr/bin", UNPACKED_FOLDER, 0, "usr/bin"},
      {"bin/none", UNPACKED_NOTHING, 0, "usr/bin/none"},
      {"out/x/none", UNPACKED_NOTHING, 0, "opt/x/none"},
      {"out/../none", UNPACKED_NOTHING, 0, "none"},
      {"around/x", UNPACKED_LOOP, 0, NULL},
  };
  g_autoptr(GPtrArray) layers =
      layers_of((const char *const[]){"usr/bin/f@#1= bin->usr/bin usr/bin/l->g usr/bin/p? "
                                      "out->/opt around->around",
                                      "usr/bin/f@#2=", NULL});
  for (unsigned i = 0; i < UNPACKERS; i++) {
    g_autoptr(UnpackedTree) tree = unpacked_tree_new(layers, (Unpacker)i);
    for (size_t j = 0; j < G_N_ELEMENTS(places); j++) {
      UnpackedPlace place = unpacked_tree_look(tree, places[j].path);
      g_autofree char *resolved = unpacked_tree_resolve(tree, places[j].path);
      g_test_message("%s, unpacker %u", places[j].path, i);
      g_assert_cmpint(place.kind, ==, places[j].kind);
      g_assert_true(place.file != NULL ? place.kind == UNPACKED_FILE : place.kind != UNPACKED_FILE);
      if (place.kind == UNPACKED_FILE || place.kind == UNPACKED_LINK)
        g_assert_cmpuint(place.layer, ==, places[j].layer);
      g_assert_cmpstr(resolved, ==, places[j].resolved);
    }
    g_assert_true(unpacked_tree_look(tree, "bin/f").node ==
                  unpacked_tree_look(tree, "usr/bin/f").node);
  }
}

/* The kernel follows forty links. */
static void
test_long_chain(void)
{
  for (unsigned links = 39; links <= 41; links++) {
    g_autoptr(GString) text = g_string_new("f@#1= l0->f");
    for (unsigned i = 1; i < links; i++)
      g_string_append_printf(text, " l%u->l%u", i, i - 1);
    g_autoptr(GPtrArray) layers = layers_of((const char *const[]){text->str, NULL});
    g_autoptr(UnpackedTree) tree = unpacked_tree_new(layers, UNPACKER_OVERLAY);
    g_autofree char *last = g_strdup_printf("l%u", links - 1);
    g_autofree char *seen = look(tree, layers, last);
    g_assert_cmpstr(seen, ==, links <= 40 ? "1" : "loop");
  }
}

/* Layers that would take hours, or all of the stack. */
static void
test_bounds(void)
{
  static const char long_target[] =
      "x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x";
  g_autoptr(GString) deep = g_string_new("x->."), many = g_string_new(NULL);
  for (unsigned i = 0; i < 50; i++)
    g_string_append_printf(deep, " l->d/%s l/d/ d->/l/d", long_target);
  for (unsigned i = 0; i < 3000; i++)
    g_string_append_printf(many, " d/e%u@#1= -d", i);
  const char *const texts[] = {deep->str, many->str};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    for (unsigned j = 0; j < UNPACKERS; j++) {
      g_autoptr(GPtrArray) layers = layers_of((const char *const[]){texts[i], texts[i], NULL});
      g_autoptr(UnpackedTree) tree = unpacked_tree_new(layers, (Unpacker)j);
      g_test_message("case %zu, unpacker %u: %s", i, j, unpacked_tree_trouble(tree));
      g_assert_true(j == UNPACKER_IN_PLACE || unpacked_tree_trouble(tree) != NULL);
    }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/unpacked/table", test_table);
  g_test_add_func("/unpacked/places", test_places);
  g_test_add_func("/unpacked/long-chain", test_long_chain);
  g_test_add_func("/unpacked/bounds", test_bounds);
  return g_test_run();
}
