/* Entity tags: which headers name which, and what a tag depends on. */
#include "server/http/entity_tags.h"

#include <string.h>

#include "base/json.h"

static const struct {
  const char *header, *tag;
  bool shown, changed;
} cases[] = {
    {"\"a\"", "\"a\"", true, true},        {"*", "\"a\"", true, true},
    {" * ", "\"a\"", true, true},          {"*", NULL, false, false},
    {"\"a\"", NULL, false, false},         {"\"b\"", "\"a\"", false, false},
    {"\"b\", \"a\"", "\"a\"", true, true}, {"\"b\",,\"a\"", "\"a\"", true, true},
    {"W/\"a\"", "\"a\"", true, false},     {"W/\"a\", \"a\"", "\"a\"", true, true},
    {"\"a-1\"", "\"a-1\"", true, true},    {"\"a-1\"", "\"a-2\"", false, true},
    {"\"a\"", "\"a-2\"", false, true},     {"\"b-2\"", "\"a-2\"", false, false},
    {"a", "\"a\"", false, false},          {"\"a", "\"a\"", false, false},
    {"\"", "\"a\"", false, false},         {"", "\"a\"", false, false},
    {"W/", "\"a\"", false, false},         {"b, \"a\"", "\"a\"", false, false},
    {"\"\"", "\"\"", true, true},
};

static void
test_headers(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    if (entity_tags_name(cases[i].header, cases[i].tag, TAGS_SHOWN) != cases[i].shown)
      g_error("%s for %s, shown", cases[i].header, cases[i].tag);
    if (entity_tags_name(cases[i].header, cases[i].tag, TAGS_CHANGED) != cases[i].changed)
      g_error("%s for %s, changed", cases[i].header, cases[i].tag);
  }
}

/* Each line: two objects, and whether their tags are alike as a whole, and as to their settings. */
static const struct {
  const char *one, *other;
  bool same, settings;
} objects[] = {
    {"{\"a\":1}", "{\"a\":1}", true, true},
    {"{\"a\":1}", "{\"a\":2}", false, false},
    {"{\"a\":1}", "{\"a\":\"1\"}", false, false},
    {"{\"a\":\"\"}", "{\"a\":null}", false, false},
    {"{\"a\":[1,2]}", "{\"a\":[1],\"b\":2}", false, false},
    {"{\"a\":[\"b\"]}", "{\"a\":[\"b\",\"\"]}", false, false},
    {"{\"a\":1,\"last_used\":\"x\"}", "{\"a\":1,\"last_used\":\"y\"}", false, true},
    {"{\"a\":1,\"last_used\":\"x\"}", "{\"a\":1}", false, true},
    {"{\"a\":1,\"used\":{\"bytes\":1}}", "{\"a\":1,\"used\":{\"bytes\":2}}", false, true},
    {"{\"a\":[{\"last_used\":1}]}", "{\"a\":[{\"last_used\":2}]}", false, true},
    {"{\"a\":{\"b\":true}}", "{\"a\":{\"b\":false}}", false, false},
    {"{\"a\":0.5}", "{\"a\":0.25}", false, false},
};

static void
test_objects(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(objects); i++) {
    g_autoptr(json_t) one = json_parse(slice_from_string(objects[i].one), NULL);
    g_autoptr(json_t) other = json_parse(slice_from_string(objects[i].other), NULL);
    g_autofree char *tag = entity_tag_of(one), *other_tag = entity_tag_of(other);
    if ((strcmp(tag, other_tag) == 0) != objects[i].same ||
        entity_tags_name(tag, other_tag, TAGS_CHANGED) != objects[i].settings)
      g_error("%s and %s: %s and %s", objects[i].one, objects[i].other, tag, other_tag);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/entity-tags/headers", test_headers);
  g_test_add_func("/entity-tags/objects", test_objects);
  return g_test_run();
}
