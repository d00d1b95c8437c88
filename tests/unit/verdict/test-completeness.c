/* What of an image is not known, and what is known although there is nothing. */
#include "inventory/image.h"
#include "verdict/completeness.h"

typedef struct {
  const char *name;
  uint64_t entries;        /* of the upper of two layers; the lower one is empty */
  const char *package;     /* or NULL */
  const char *os, *pretty; /* or NULL */
  const char *unread;      /* separated by "|", or NULL */
  const char *uncovered;   /* likewise */
  const char *gaps;        /* likewise, exactly; "" all is known */
} Case;

static const Case cases[] = {
    {"an image with packages", 9, "libc6", "debian", "Debian 12", NULL, NULL, ""},
    {"packages of no distribution", 9, "musl", NULL, NULL, NULL, NULL, ""},
    {"nothing at all", 0, NULL, NULL, NULL, NULL, NULL, ""},
    {"a database that was removed", 9, NULL, "debian", "Debian 12", NULL, NULL,
     "no package of it is known: it says that it is Debian 12, but has no package database that is "
     "read, or an empty one"},
    {"a distribution that nobody reads", 9, NULL, "void", NULL, NULL, NULL,
     "no package of it is known: it says that it is void, but has no package database that is "
     "read, or an empty one"},
    {"a lone program", 1, NULL, NULL, NULL, NULL, NULL,
     "no package of it is known: it is not empty, but has neither a package database that is read "
     "nor a file that names its distribution"},
    {"a database that is garbage", 9, NULL, "debian", "Debian 12", "var/lib/dpkg/status", NULL,
     "its package database var/lib/dpkg/status could not be read whole"},
    {"a name of the distribution that is garbage", 9, NULL, NULL, NULL, "etc/os-release", NULL,
     "its file etc/os-release could not be read whole"},
    {"... or a link", 9, "libc6", "debian", NULL, "etc/os-release (a link to what no layer holds)",
     NULL, "its file etc/os-release (a link to what no layer holds) could not be read whole"},
    {"in part, beside packages", 9, "libc6", "debian", "Debian 12", "a\033[31m|b|c", NULL,
     "its file a?[31m and 2 more could not be read whole"},
    {"a database that was not looked through for secrets alone", 9, "libc6", "debian", NULL,
     "secrets of var/lib/dpkg/status (more than is looked at)", NULL,
     "secrets unscanned: var/lib/dpkg/status (more than is looked at)"},
    {"a database, and files", 9, "libc6", "debian", NULL, "a|b|var/lib/dpkg/status", NULL,
     "its package database var/lib/dpkg/status could not be read whole|its file a and 1 more could "
     "not be read whole"},
    {"one kind after the other", 9, "libc6", "debian", NULL,
     "malicious content of a (x)|malware in b (y)|secrets of c (z)|secrets of d|settings of e|f",
     NULL,
     "its file f could not be read whole|malware unscanned: a (x) and 1 more|secrets unscanned: c "
     "(z) and 1 more|settings unscanned: e"},
    {"a layer with more than is followed", 9, "libc6", "debian", NULL, "", NULL,
     "one of its layers has more than is followed"},
    {"... beside others", 9, "libc6", "debian", NULL, "|b|c", NULL,
     "one of its layers has more than is followed, and 2 more could not be read whole"},
    {"without advisories", 9, "libc6", "debian", "Debian 99", NULL, "debian:99 (deb packages)",
     "there are no advisories for debian:99 (deb packages)"},
    {"of many kinds", 9, "libc6", "debian", NULL, NULL, "a|b|c|d|e|f|g",
     "there are no advisories for a, b, c, d, e and 2 more"},
    {"both", 9, "libc6", "debian", NULL, "x", "y",
     "its file x could not be read whole|there are no advisories for y"},
    {"a name that is hostile", 9, NULL, "x", "Evil\nLinux", NULL, NULL,
     "no package of it is known: it says that it is Evil?Linux, but has no package database that "
     "is "
     "read, or an empty one"},
};

static GPtrArray *
split(const char *text)
{
  GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
  g_auto(GStrv) parts = g_strsplit(text != NULL ? text : "", "|", -1);
  if (text != NULL && *text == '\0')
    g_ptr_array_add(list, g_strdup("")); /* of which no parts are made */
  for (char **part = parts; *part != NULL; part++)
    g_ptr_array_add(list, g_strdup(*part));
  return list;
}

static ImageInventory *
image_of(const Case *test)
{
  static const Package package;
  ImageInventory *image = image_inventory_empty();
  if (test->unread != NULL) {
    g_ptr_array_unref(image->unread);
    image->unread = split(test->unread);
  }
  g_ptr_array_add(image->layers, layer_inventory_new());
  LayerInventory *upper = layer_inventory_new();
  upper->entries = test->entries;
  g_ptr_array_add(image->layers, upper);
  ImagePackage one = {.package = &package};
  if (test->package != NULL)
    g_array_append_val(image->packages, one);
  if (test->os != NULL) {
    image->os = g_new0(OsRelease, 1);
    image->os->id = g_strdup(test->os);
    image->os->pretty_name = g_strdup(test->pretty);
  }
  return image;
}

static void
test_case(gconstpointer data)
{
  const Case *test = data;
  g_autoptr(ImageInventory) image = image_of(test);
  g_autoptr(GPtrArray) uncovered = test->uncovered == NULL ? NULL : split(test->uncovered);
  g_autoptr(GPtrArray) gaps = completeness_gaps(image, uncovered);
  g_ptr_array_add(gaps, NULL);
  g_autofree char *told = g_strjoinv("|", (char **)gaps->pdata);
  g_assert_cmpstr(told, ==, test->gaps);
  g_ptr_array_set_size(gaps, (int)gaps->len - 1);
  g_autofree char *sentence = completeness_in_words(gaps);
  g_auto(GStrv) parts = g_strsplit(test->gaps, "|", -1);
  g_autofree char *wanted = g_strjoinv("; ", parts);
  g_assert_cmpstr(sentence, ==, wanted);
}

static void
test_undecided(void)
{
  static const struct {
    const char *packages, *expected;
  } lists[] = {
      {"a (devel)", "advisories may apply, which the version does not tell, to a (devel)"},
      {"a 1|b 2|c 3|d 4|e 5|f 6",
       "advisories may apply, which the version does not tell, to a 1, b 2, c 3, d 4, e 5 and 1 "
       "more"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
    g_autoptr(GPtrArray) packages = split(lists[i].packages);
    g_autofree char *told = completeness_undecided(packages);
    g_assert_cmpstr(told, ==, lists[i].expected);
  }
}

/* What is told to who does not look for these kinds: a letter each, "vmsbc" in their order. */
static void
test_without(void)
{
  static const struct {
    const char *gap, *concerns; /* all of these must be left out, so that it is no gap */
  } gaps[] = {
      {"malware unscanned: x", "m"},
      {"secrets unscanned: x", "s"},
      {"settings unscanned: x", "b"},
      {"its package database x could not be read whole", "vb"},
      {"its file x could not be read whole", "vb"},
      {"its image config (x) could not be read whole", "sc"},
      {"there are no advisories for x", "v"},
      {COMPLETENESS_NO_ADVISORIES, "v"},
      {"no package of it is known: x", "v"},
      {"one of its layers has more than is followed", "vmsbc"},
      {"something new", "vmsbc"},
  };
  static const char letters[] = "vmsbc";
  for (size_t i = 0; i < G_N_ELEMENTS(gaps); i++)
    for (FindingKinds without = 0; without < 1u << FINDING_KINDS; without++) {
      g_autoptr(GPtrArray) one = split(gaps[i].gap);
      g_autoptr(GPtrArray) kept = completeness_without(one, without);
      bool left = true;
      for (const char *letter = gaps[i].concerns; *letter != '\0'; letter++)
        left &= (without >> (strchr(letters, *letter) - letters) & 1) != 0;
      if ((kept->len == 0) != left)
        g_error("\"%s\" without %x: %s", gaps[i].gap, without, left ? "kept" : "left out");
    }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/completeness/undecided", test_undecided);
  g_test_add_func("/completeness/without", test_without);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *path = g_strdup_printf("/completeness/%s", cases[i].name);
    g_test_add_data_func(path, &cases[i], test_case);
  }
  return g_test_run();
}
