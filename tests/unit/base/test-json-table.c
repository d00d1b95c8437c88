/* Members by tables: what is written is read again, and what is no such object is refused with its
 * place. */
#include "base/enum_names.h"
#include "base/error.h"
#include "base/json.h"
#include "base/json_table.h"

typedef enum { RED, GREEN, BLUE } Colour;
static const char *const colours[] = {"red", "green", "blue", NULL};

typedef struct {
  char *word;
  uint8_t level;
} Leaf;
static const JsonMember leaf_members[] = {
    {JSON_MEMBER(Leaf, word), .kind = &json_text, .required = true},
    {JSON_MEMBER(Leaf, level), .kind = &json_number, .omitted = true},
};
static const JsonTable leaf_table = JSON_TABLE(Leaf, leaf_members);
static const JsonTable tuple_table = {
    .members = leaf_members, .count = 2, .size = sizeof(Leaf), .tuple = true};

typedef struct {
  char *name, *alias, *title;
  char *why, *until;
  GStrv texts;
  GPtrArray *lines, *leaves, *tuples;
  uint32_t small;
  uint64_t large;
  double amount, score;
  bool flag, rare;
  Colour colour, shade;
  int64_t when;
  uint32_t counts[3];
  uint64_t few[3];
  Leaf leaf, *child;
  json_t *any;
} Tree;
static const JsonMember why_members[] = {
    {JSON_MEMBER(Tree, why), .kind = &json_text, .required = true},
    {JSON_MEMBER(Tree, until), .kind = &json_text},
};
static const JsonTable why_table = JSON_TABLE(Tree, why_members);
static const JsonMember tree_members[] = {
    {JSON_MEMBER(Tree, name), .kind = &json_text, .required = true},
    {JSON_MEMBER(Tree, alias), .kind = &json_text_unless, .other = offsetof(Tree, name)},
    {JSON_MEMBER(Tree, title), .kind = &json_text, .otherwise = ""},
    {.name = "exemption", .kind = &json_part, .table = &why_table},
    {JSON_MEMBER(Tree, texts), .kind = &json_texts},
    {JSON_MEMBER(Tree, lines), .kind = &json_lines, .most = 3},
    {JSON_MEMBER(Tree, leaves), .kind = &json_list, .table = &leaf_table},
    {JSON_MEMBER(Tree, tuples), .kind = &json_list, .table = &tuple_table, .omitted = true},
    {JSON_MEMBER(Tree, small), .kind = &json_number},
    {JSON_MEMBER(Tree, large), .kind = &json_number, .omitted = true},
    {JSON_MEMBER(Tree, amount), .kind = &json_amount},
    {JSON_MEMBER(Tree, score), .kind = &json_known_amount},
    {JSON_MEMBER(Tree, flag), .kind = &json_flag},
    {JSON_MEMBER(Tree, rare), .kind = &json_flag, .omitted = true},
    {JSON_MEMBER(Tree, colour), .kind = &json_word, .words = colours},
    {JSON_MEMBER(Tree, shade), .kind = &json_word, .words = colours, .otherwise = "green"},
    {JSON_MEMBER(Tree, when), .kind = &json_moment},
    {JSON_MEMBER(Tree, counts), .kind = &json_counts, .words = colours, .last_first = true},
    {JSON_MEMBER(Tree, few), .kind = &json_counts, .words = colours},
    {JSON_MEMBER(Tree, leaf), .kind = &json_part, .table = &leaf_table},
    {JSON_MEMBER(Tree, child), .kind = &json_child, .table = &leaf_table},
    {JSON_MEMBER(Tree, any), .kind = &json_any},
};
static const JsonTable tree_table = JSON_TABLE(Tree, tree_members);

static void
leaf_free(void *leaf)
{
  json_table_clear(&leaf_table, leaf);
  g_free(leaf);
}

static void
tree_free(Tree *tree)
{
  json_table_clear(&tree_table, tree);
  g_free(tree);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tree, tree_free)

/* NULL: it is refused. */
static Tree *
tree_of(const char *text, GError **error)
{
  g_autoptr(GError) broken = NULL;
  g_autoptr(json_t) json = json_parse(slice_from_string(text), &broken);
  g_assert_no_error(broken);
  g_autoptr(Tree) tree = g_new0(Tree, 1);
  tree->leaves = g_ptr_array_new_with_free_func(leaf_free);
  tree->tuples = g_ptr_array_new_with_free_func(leaf_free);
  return json_table_read(&tree_table, json, tree, error) ? g_steal_pointer(&tree) : NULL;
}

#define COUNTS                                                                                     \
  ",\"counts\":{\"blue\":0,\"green\":0,\"red\":0},\"few\":{\"red\":0,\"green\":0,\"blue\":0}"
#define LEAST                                                                                      \
  "{\"name\":\"a\",\"title\":\"\",\"lines\":[],\"leaves\":[],\"small\":0,\"amount\":0.0,"          \
  "\"flag\":false,\"colour\":\"red\",\"shade\":\"green\"" COUNTS "}"
#define MOST                                                                                       \
  "{\"name\":\"a\",\"alias\":\"b\",\"title\":\"t\",\"exemption\":{\"why\":\"w\",\"until\":\"u\"}," \
  "\"texts\":[\"x\"],\"lines\":[\"y\",\"z\"],\"leaves\":[{\"word\":\"l\",\"level\":255},"          \
  "{\"word\":\"m\"}],\"tuples\":[[\"p\",1],[\"q\"]],\"small\":4294967295,"                         \
  "\"large\":9223372036854775807,\"amount\":-1.5,\"score\":9.8,\"flag\":true,\"rare\":true,"       \
  "\"colour\":\"blue\",\"shade\":\"red\",\"when\":\"2027-01-31T12:00:00Z\","                       \
  "\"counts\":{\"blue\":3,\"green\":2,\"red\":1},"                                                 \
  "\"few\":{\"red\":4294967296,\"green\":0,\"blue\":5},\"leaf\":{\"word\":\"v\"},\"child\":{"      \
  "\"word\":"                                                                                      \
  "\"c\"},\"any\":[{}]}"

static void
test_round_trips(void)
{
  static const struct {
    const char *read, *written;
  } cases[] = {
      {MOST, MOST},
      {LEAST, LEAST},
      {"{\"name\":\"a\"}", LEAST},
      {"{\"name\":\"a\",\"alias\":\"a\",\"unknown\":[1]}", LEAST},
      {"{\"name\":\"a\",\"texts\":[],\"exemption\":null,\"title\":null,\"when\":null}", LEAST},
      {"{\"name\":\"a\",\"shade\":\"purple\",\"tuples\":[]}", LEAST},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_test_message("case %s", cases[i].read);
    g_autoptr(Tree) tree = tree_of(cases[i].read, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) json = json_table_write(&tree_table, tree);
    g_autofree char *text = json_to_text(json);
    g_assert_cmpstr(text, ==, cases[i].written);
  }
}

static void
test_values(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Tree) most = tree_of(MOST, &error);
  g_assert_no_error(error);
  g_autoptr(Tree) least = tree_of(LEAST, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(most->alias, ==, "b");
  g_assert_cmpstr(most->why, ==, "w");
  g_assert_cmpuint(most->leaves->len, ==, 2);
  g_assert_cmpuint(((Leaf *)g_ptr_array_index(most->leaves, 0))->level, ==, 255);
  g_assert_cmpstr(((Leaf *)g_ptr_array_index(most->tuples, 1))->word, ==, "q");
  g_assert_cmpuint(most->small, ==, UINT32_MAX);
  g_assert_cmpuint(most->large, ==, INT64_MAX);
  g_assert_cmpint(most->when, ==, INT64_C(1801396800) * G_USEC_PER_SEC);
  g_assert_cmpint(most->colour, ==, BLUE);
  g_assert_cmpuint(most->counts[GREEN], ==, 2);
  g_assert_cmpstr(least->alias, ==, "a");
  g_assert_cmpstr(least->title, ==, "");
  g_assert_null(least->texts);
  g_assert_cmpfloat(least->score, <, 0);
  g_assert_cmpint(least->shade, ==, GREEN);
  g_assert_cmpint(least->when, ==, 0);
}

/* A case is the members after the name, and what the message says. */
static void
test_refused(void)
{
  static const struct {
    const char *members, *message;
    int code;
  } cases[] = {
      {"\"alias\":1", "\"alias\" is not a string", ASSAY_ERROR_INVALID},
      {"\"title\":[]", "\"title\" is not a string", ASSAY_ERROR_INVALID},
      {"\"texts\":\"x\"", "\"texts\" is not a list of strings", ASSAY_ERROR_INVALID},
      {"\"texts\":[\"x\",null]", "\"texts[1]\" is not a string", ASSAY_ERROR_INVALID},
      {"\"lines\":[1]", "\"lines[0]\" is not a string", ASSAY_ERROR_INVALID},
      {"\"lines\":[\"\",\"\",\"\",\"\"]", "\"lines\" has more than 3 entries", ASSAY_ERROR_LIMIT},
      {"\"exemption\":[]", "exemption: must be an object", ASSAY_ERROR_INVALID},
      {"\"exemption\":{\"until\":\"u\"}", "exemption: \"why\" is missing or not a string",
       ASSAY_ERROR_INVALID},
      {"\"leaves\":{}", "\"leaves\" is not a list", ASSAY_ERROR_INVALID},
      {"\"leaves\":[{\"word\":\"a\"},7]", "leaves[1]: must be an object", ASSAY_ERROR_INVALID},
      {"\"leaves\":[{\"word\":\"a\"},{\"level\":1}]",
       "leaves[1]: \"word\" is missing or not a string", ASSAY_ERROR_INVALID},
      {"\"leaves\":[{\"word\":\"a\",\"level\":256}]",
       "leaves[0]: \"level\" is not a whole number from 0 to 255", ASSAY_ERROR_INVALID},
      {"\"tuples\":[{\"word\":\"a\"}]", "tuples[0]: must be a list", ASSAY_ERROR_INVALID},
      {"\"tuples\":[[\"a\"],[]]", "tuples[1]: \"word\" is missing or not a string",
       ASSAY_ERROR_INVALID},
      {"\"tuples\":[[\"a\",-1]]", "tuples[0]: \"level\" is not a whole number from 0 to 255",
       ASSAY_ERROR_INVALID},
      {"\"small\":-1", "\"small\" is not a whole number from 0 to 4294967295", ASSAY_ERROR_INVALID},
      {"\"small\":4294967296", "\"small\" is not a whole number from 0 to 4294967295",
       ASSAY_ERROR_INVALID},
      {"\"small\":1.0", "\"small\" is not a whole number from 0 to 4294967295",
       ASSAY_ERROR_INVALID},
      {"\"large\":-9223372036854775808",
       "\"large\" is not a whole number from 0 to 9223372036854775807", ASSAY_ERROR_INVALID},
      {"\"amount\":\"1\"", "\"amount\" is not a number", ASSAY_ERROR_INVALID},
      {"\"score\":true", "\"score\" is not a number", ASSAY_ERROR_INVALID},
      {"\"flag\":0", "\"flag\" is not true or false", ASSAY_ERROR_INVALID},
      {"\"colour\":\"purple\"", "\"colour\" must be red, green or blue", ASSAY_ERROR_INVALID},
      {"\"colour\":\"\"", "\"colour\" must be red, green or blue", ASSAY_ERROR_INVALID},
      {"\"shade\":1", "\"shade\" is not a string", ASSAY_ERROR_INVALID},
      {"\"when\":\"tomorrow\"", "\"when\" is not a time, 2027-01-31T12:00:00Z",
       ASSAY_ERROR_INVALID},
      {"\"counts\":1", "\"counts\" is not an object of numbers", ASSAY_ERROR_INVALID},
      {"\"counts\":{\"green\":-1}", "\"counts.green\" is not a whole number from 0 to 4294967295",
       ASSAY_ERROR_INVALID},
      {"\"child\":[]", "child: must be an object", ASSAY_ERROR_INVALID},
      {"\"child\":{\"level\":7}", "child: \"word\" is missing or not a string",
       ASSAY_ERROR_INVALID},
      {"\"leaf\":{}", "leaf: \"word\" is missing or not a string", ASSAY_ERROR_INVALID},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strdup_printf("{\"name\":\"a\",%s}", cases[i].members);
    g_test_message("case %s", text);
    g_assert_null(tree_of(text, &error));
    g_assert_error(error, ASSAY_ERROR, cases[i].code);
    g_assert_cmpstr(error->message, ==, cases[i].message);
  }
}

static void
test_not_there(void)
{
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"{}", "\"name\" is missing or not a string"},
      {"{\"name\":null}", "\"name\" is missing or not a string"},
      {"[]", "must be an object"},
      {"7", "must be an object"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_test_message("case %s", cases[i].text);
    g_assert_null(tree_of(cases[i].text, &error));
    g_assert_cmpstr(error->message, ==, cases[i].message);
  }
}

static void
test_strangers(void)
{
  static const JsonTable strange = {
      .members = leaf_members, .count = 2, .size = sizeof(Leaf), .strange = true};
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) json =
      json_parse(SLICE_LITERAL("{\"word\":\"a\",\"Level\":2,\"Other\":3}"), NULL);
  Leaf leaf = {0};
  g_assert_false(json_table_read(&strange, json, &leaf, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  json_table_clear(&strange, &leaf);
  json_object_del(json, "Level");
  g_clear_error(&error);
  g_assert_true(json_table_read(&strange, json, &leaf, &error));
  g_assert_no_error(error);
  json_table_clear(&strange, &leaf);
  g_assert_null(leaf.word);
}

/* Members that a schema may require, and those that it must not. */
static void
test_always_there(void)
{
  static const char *const there[] = {"name", "title",  "lines", "leaves", "small", "amount",
                                      "flag", "colour", "shade", "counts", "few",   NULL};
  for (size_t i = 0; i < tree_table.count; i++) {
    const JsonMember *member = &tree_members[i];
    g_test_message("case %s", member->name);
    g_assert_cmpint(json_member_is_always_there(member), ==, g_strv_contains(there, member->name));
  }
}

static void
test_enum_names(void)
{
  g_autoptr(GError) error = NULL;
  unsigned value = BLUE;
  g_assert_cmpstr(enum_name(colours, GREEN), ==, "green");
  g_assert_null(enum_name(colours, 3));
  g_assert_null(enum_name(colours, UINT_MAX));
  g_assert_true(enum_find(colours, "red", &value));
  g_assert_cmpint(value, ==, RED);
  g_assert_false(enum_find(colours, "Red", &value));
  g_assert_false(enum_find(colours, NULL, &value));
  g_assert_false(enum_parse(colours, "grey", &value, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  g_assert_cmpstr(error->message, ==, "must be red, green or blue");
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/json-table/round-trips", test_round_trips);
  g_test_add_func("/json-table/values", test_values);
  g_test_add_func("/json-table/refused", test_refused);
  g_test_add_func("/json-table/not-there", test_not_there);
  g_test_add_func("/json-table/strangers", test_strangers);
  g_test_add_func("/json-table/always-there", test_always_there);
  g_test_add_func("/json-table/enum-names", test_enum_names);
  return g_test_run();
}
