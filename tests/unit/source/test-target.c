/* Targets as text, and what manifest.json of a docker archive says of the image that one names. */
#include <string.h>

#include "base/error.h"
#include "source/source-private.h"

static void
test_places(void)
{
  static const struct {
    const char *place, *path, *reference;
  } cases[] = {
      {"image", "image", NULL},
      {"image:latest", "image", "latest"},
      {"a.tar:docker.io/library/debian:11", "a.tar", "docker.io/library/debian:11"},
      {"image:", "image", NULL},
      {":tag", "", "tag"},
      {"", "", NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const char *reference;
    g_autofree char *path = source_split_place(cases[i].place, &reference);
    g_assert_cmpstr(path, ==, cases[i].path);
    g_assert_cmpstr(reference, ==, cases[i].reference);
  }
}

static void
test_registries(void)
{
  static const struct {
    const char *target;
    bool named;
  } cases[] = {
      {"registry.example.org/app:1", true},
      {"localhost/app", true},
      {"localhost:5000/app", true},
      {"127.0.0.1:5000/team/app", true},
      {"[::1]:5000/app", true},
      {"team/app", false},
      {"debian:11", false},
      {"./image:tag", false},
      {"../image", false},
      {"/image.d/x", false},
      {"localhosts/app", false},
      {"", false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case: %s", cases[i].target);
    g_assert_cmpint(source_names_registry(cases[i].target), ==, cases[i].named);
  }
}

static void
test_lists(void)
{
  g_autoptr(GString) list = g_string_new(NULL);
  g_autofree char *long_name = g_strnfill(100000, 'n');
  unsigned count = 0;
  source_list_name(list, &count, "first");
  source_list_name(list, &count, "second");
  source_list_end(list, count);
  g_assert_cmpstr(list->str, ==, "first, second");
  for (unsigned i = 0; i < 998; i++)
    source_list_name(list, &count, long_name);
  source_list_end(list, count);
  g_assert_true(g_str_has_suffix(list->str, " and 980 more"));
  g_assert_cmpuint(list->len, <, 5000);
}

#define IMAGE(config, tags, layers)                                                                \
  "{\"Config\": \"" config "\", \"RepoTags\": " tags ", \"Layers\": [" layers "]}"
#define ONE IMAGE("1.json", "[\"debian:11\", \"team/base:1\"]", "\"a/layer.tar\", \"b/layer.tar\"")
#define TWO IMAGE("2.json", "[\"team/app:v1\"]", "\"c/layer.tar\"")

static void
test_docker_archive(void)
{
  static const struct {
    const char *name, *text, *reference;
    const char *expected; /* "config layer ..."; NULL: an error, whose message has `message` */
    const char *message;
  } cases[] = {
      {"the only one", "[" ONE "]", NULL, "1.json a/layer.tar b/layer.tar", NULL},
      {"by its name", "[" ONE "," TWO "]", "team/app:v1", "2.json c/layer.tar", NULL},
      {"by its second name", "[" ONE "," TWO "]", "team/base:1", "1.json a/layer.tar b/layer.tar",
       NULL},
      {"by its whole name", "[" ONE "]", "docker.io/library/debian:11",
       "1.json a/layer.tar b/layer.tar", NULL},
      {"one of two", "[" ONE "," TWO "]", NULL, NULL, "debian:11, team/base:1, team/app:v1"},
      {"none of them", "[" ONE "]", "debian:12", NULL, "debian:11"},
      {"without a name", "[" IMAGE("1.json", "null", "") "]", NULL, "1.json", NULL},
      {"two without a name", "[" IMAGE("1.json", "null", "") "," IMAGE("2.json", "[]", "") "]",
       NULL, NULL, "none with a name"},
      {"a layer that is no name", "[" IMAGE("1.json", "[]", "7") "]", NULL, NULL, "Layers[0]"},
      {"no config", "[{\"Layers\": []}]", NULL, NULL, "Config"},
      {"no images", "[]", NULL, NULL, "none with a name"},
      {"another document", "{}", NULL, NULL, "none with a name"},
      {"no JSON", "x", NULL, NULL, "docker save"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case: %s", cases[i].name);
    g_autoptr(GError) error = NULL;
    DockerArchiveImage image = {0};
    bool parsed =
        docker_archive_parse(slice_from_string(cases[i].text), cases[i].reference, &image, &error);
    g_assert_cmpint(parsed, ==, cases[i].expected != NULL);
    if (parsed) {
      g_autoptr(GString) text = g_string_new(image.config);
      for (guint layer = 0; layer < image.layers->len; layer++)
        g_string_append_printf(text, " %s", (const char *)image.layers->pdata[layer]);
      g_assert_cmpstr(text->str, ==, cases[i].expected);
    } else {
      g_assert_nonnull(strstr(error->message, cases[i].message));
    }
    docker_archive_image_clear(&image);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/target/places", test_places);
  g_test_add_func("/target/registries", test_registries);
  g_test_add_func("/target/lists", test_lists);
  g_test_add_func("/target/docker-archive", test_docker_archive);
  return g_test_run();
}
