/* Settings by tables: values and defaults, lists of one, and all that is wrong told at once. */
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/settings.h"
#include "base/suggest.h"

typedef struct {
  char *name;
  unsigned colour;
  GStrv tags;
  bool deep;
} Thing;

typedef struct {
  uint32_t count, wait;
  uint64_t bytes;
  uint8_t small;
  enum { OFF, SLOW, FAST } speed;
} Numbers;

typedef struct {
  char *title;
  bool loud;
  Numbers numbers;
  Thing *things;
  unsigned things_count;
} Everything;

static const char *const colours[] = {"red", "green", "blue", NULL};
static const char *const speeds[] = {"off", "slow", "fast", NULL};

static const Setting number_settings[] = {
    {SETTING(Numbers, count), .kind = &setting_count, .fallback = "3", .least = 1, .most = 65535},
    {SETTING(Numbers, wait), .kind = &setting_duration, .fallback = "2m", .most = 3600},
    {SETTING(Numbers, bytes), .kind = &setting_size, .fallback = "4MiB", .most = 1 << 30},
    {SETTING(Numbers, small), .kind = &setting_count},
    {SETTING(Numbers, speed), .kind = &setting_choice, .words = speeds, .fallback = "slow"},
};
static const Section number_section = {number_settings, G_N_ELEMENTS(number_settings),
                                       sizeof(Numbers)};

static const Setting thing_settings[] = {
    {SETTING(Thing, name), .kind = &setting_text, .required = true},
    {SETTING(Thing, colour), .kind = &setting_choice, .words = colours, .fallback = "red"},
    {SETTING(Thing, tags), .kind = &setting_texts, .fallback = "[a, b]", .least = 1, .most = 3},
    {SETTING(Thing, deep), .kind = &setting_boolean},
};

static void
check_thing(void *values, const SettingsPlace *place)
{
  const Thing *thing = values;
  if (thing->deep && !settings_given(place, "colour"))
    settings_complain(place, "deep", "what is deep needs a colour");
}

static const Section thing_section = {.settings = thing_settings,
                                      .count = G_N_ELEMENTS(thing_settings),
                                      .size = sizeof(Thing),
                                      .noun = "thing",
                                      .named_by = "name",
                                      .check = check_thing};

static const Setting settings[] = {
    {SETTING(Everything, title), .kind = &setting_text},
    {SETTING(Everything, loud), .kind = &setting_boolean, .fallback = "true"},
    {SETTING(Everything, numbers), .section = &number_section},
    {SETTING_LIST(Everything, things), .section = &thing_section, .most = 3,
     .fallback = "[{name: first}]"},
};
static const Section section = {settings, G_N_ELEMENTS(settings), sizeof(Everything)};

static void
check_defaults(const Everything *all)
{
  g_assert_null(all->title);
  g_assert_true(all->loud);
  g_assert_cmpuint(all->numbers.count, ==, 3);
  g_assert_cmpuint(all->numbers.wait, ==, 120);
  g_assert_cmpuint(all->numbers.bytes, ==, 4 << 20);
  g_assert_cmpint(all->numbers.speed, ==, SLOW);
  g_assert_cmpuint(all->things_count, ==, 1);
  g_assert_cmpstr(all->things[0].name, ==, "first");
  g_assert_cmpstr(all->things[0].tags[1], ==, "b");
}

static void
test_defaults(void)
{
  Everything all;
  g_autoptr(GError) error = NULL;
  settings_defaults(&section, &all);
  check_defaults(&all);
  settings_clear(&section, &all);
  g_assert_null(all.things);
  g_assert_true(settings_read(&section, SLICE_LITERAL("# none\n"), "s", &all, &error));
  check_defaults(&all);
  settings_clear(&section, &all);
}

static void
test_values(void)
{
  Everything all;
  g_autoptr(GError) error = NULL;
  settings_read(
      &section,
      SLICE_LITERAL("title: 'null'\n"
                    "loud: OFF\n"
                    "numbers: {count: 65535, wait: 1h, bytes: 0, small: 255, speed: fast}\n"
                    "things:\n"
                    "  - &base {name: a, colour: green, tags: one}\n"
                    "  - name: b\n"
                    "    tags: [x, y, z]\n"),
      "s", &all, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(all.title, ==, "null");
  g_assert_false(all.loud);
  g_assert_cmpuint(all.numbers.count, ==, 65535);
  g_assert_cmpuint(all.numbers.wait, ==, 3600);
  g_assert_cmpuint(all.numbers.bytes, ==, 0);
  g_assert_cmpuint(all.numbers.small, ==, 255);
  g_assert_cmpint(all.numbers.speed, ==, FAST);
  g_assert_cmpuint(all.things_count, ==, 2);
  g_assert_cmpstr(colours[all.things[0].colour], ==, "green");
  g_assert_cmpuint(g_strv_length(all.things[0].tags), ==, 1);
  g_assert_cmpstr(colours[all.things[1].colour], ==, "red");
  g_assert_cmpuint(g_strv_length(all.things[1].tags), ==, 3);
  settings_clear(&section, &all);

  /* A mapping where a list of them is meant, and a list that is empty on purpose. */
  g_assert_true(settings_read(&section, SLICE_LITERAL("things: {name: only}"), "s", &all, &error));
  g_assert_cmpuint(all.things_count, ==, 1);
  g_assert_cmpstr(all.things[0].name, ==, "only");
  settings_clear(&section, &all);
  g_assert_true(settings_read(&section, SLICE_LITERAL("things: []"), "s", &all, &error));
  g_assert_cmpuint(all.things_count, ==, 0);
  settings_clear(&section, &all);
}

static const struct {
  const char *text, *says;
} complaints[] = {
    {"titel: x", "s:1:1: unknown key \"titel\"; did you mean \"title\"?"},
    {"numbers:\n  cuont: 1", "s:2:3: numbers: unknown key \"cuont\"; did you mean \"count\"?"},
    {"count: 1", "s:1:1: unknown key \"count\"; it belongs below \"numbers\""},
    {"numbers: {title: x}", "s:1:11: numbers: unknown key \"title\"; it belongs at the top"},
    {"xyzzy: 1", "s:1:1: unknown key \"xyzzy\"; there are title, loud, numbers, things"},
    {"things: [{name: a, nmae: b}]",
     "s:1:20: thing \"a\": unknown key \"nmae\"; did you mean \"name\"?"},
    {"title: a\nloud: true\ntitle: b", "s:3:1: title: is there twice, first in line 1"},
    {"[a]: b", "s:1:1: a key must be a word"},
    {"title: [a]", "s:1:8: title: must be one word, is a list"},
    {"title: {a: b}", "s:1:8: title: must be one word, is a mapping"},
    {"title:", "s:1:7: title: has no value; without the key its default holds"},
    {"title: ~", "title: has no value"},
    {"title: ''", "s:1:8: title: must not be empty"},
    {"title: \"a\\0b\"", "title: holds a NUL byte"},
    {"loud: perhaps", "s:1:7: loud: must be true or false, is \"perhaps\""},
    {"numbers: {count: 99999}", "s:1:18: numbers.count: must be between 1 and 65535, is 99999"},
    {"numbers: {count: 0}", "numbers.count: must be between 1 and 65535, is 0"},
    {"numbers: {count: -1}", "numbers.count: must be a whole number, is \"-1\""},
    {"numbers: {count: 5MiB}", "numbers.count: must be a whole number, is \"5MiB\""},
    {"numbers: {small: 256}", "numbers.small: must be between 0 and 255, is 256"},
    {"numbers: {small: 18446744073709551616}", "numbers.small: must be a whole number"},
    {"numbers: {wait: 2h}", "numbers.wait: must be between 0 and 1h, is \"2h\""},
    {"numbers: {wait: soon}", "numbers.wait: must be a time: seconds, or a number"},
    {"numbers: {bytes: 2GiB}", "numbers.bytes: must be between 0 and 1GiB, is \"2GiB\""},
    {"numbers: {bytes: lots}", "numbers.bytes: must be a size: bytes, or a number"},
    {"numbers: {bytes: 99999999999TiB}", "numbers.bytes: must be a size"},
    {"numbers: {speed: warp}", "numbers.speed: must be off, slow or fast, is \"warp\""},
    {"numbers: fast", "s:1:10: numbers: must be a mapping, is a word"},
    {"numbers:\nloud: true", "numbers: must be a mapping; without the key its defaults hold"},
    {"things:", "s:1:8: things: must be a list; write [] for none"},
    {"things: x", "things: must be a list, is a word"},
    {"things: [x]", "s:1:10: things[0]: must be a mapping, is a word"},
    {"things: [{colour: red}]", "s:1:10: things[0]: the key \"name\" is missing"},
    {"things: [{name: a, colour: pink}]",
     "s:1:28: thing \"a\": colour: must be red, green or blue, is \"pink\""},
    {"things: [{name: a, tags: []}]", "thing \"a\": tags: must have at least 1 entry"},
    {"things: [{name: a, tags: [1, 2, 3, 4]}]", "tags: must have at most 3 entries, has 4"},
    {"things: [{name: a, tags: [b, [c]]}]", "s:1:30: thing \"a\": tags[1]: must be one word"},
    {"things: [{name: a, tags: ~}]", "tags: has no value; it must have at least one"},
    {"things: [{name: a}, {name: b}, {name: a}]",
     "s:1:39: thing \"a\": name: another thing has it, in line 1"},
    {"things: [{name: a}, {name: b}, {name: c}, {name: d}]", "things: must have at most 3"},
    {"things: [{name: a, deep: true}]", "s:1:26: thing \"a\": deep: what is deep needs a colour"},
    {"things: [{name: \"\x1b[31m\"}]", "no UTF-8"},
    {"things: [{name: \"\\e[31m\", colour: x}]", "thing \"?[31m\": colour"},
    {"- a", "s:1:1: the file must be a mapping of keys, is a list"},
    {"word", "s:1:1: the file must be a mapping of keys, is a word"},
};

static void
test_complaints(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(complaints); i++) {
    g_autoptr(GError) error = NULL;
    Everything all;
    g_test_message("%s", complaints[i].text);
    g_assert_false(
        settings_read(&section, slice_from_string(complaints[i].text), "s", &all, &error));
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_INVALID);
    g_test_message("%s", error->message);
    g_assert_nonnull(strstr(error->message, complaints[i].says));
    g_assert_null(strchr(error->message, '\n'));
  }
}

/* All of them at once, in the order of the file. */
static void
test_many_complaints(void)
{
  g_autoptr(GError) error = NULL;
  Everything all;
  g_assert_false(settings_read(&section,
                               SLICE_LITERAL("things: [{name: a, colour: x}]\n"
                                             "numbers:\n"
                                             "  wait: y\n"
                                             "  cuont: 3\n"
                                             "loud: z\n"),
                               "s", &all, &error));
  g_auto(GStrv) lines = g_strsplit(error->message, "\n", -1);
  g_assert_cmpuint(g_strv_length(lines), ==, 4);
  g_assert_true(g_str_has_prefix(lines[0], "s:1:28: thing \"a\": colour: "));
  g_assert_true(g_str_has_prefix(lines[1], "s:3:9: numbers.wait: "));
  g_assert_true(g_str_has_prefix(lines[2], "s:4:3: numbers: unknown key \"cuont\""));
  g_assert_true(g_str_has_prefix(lines[3], "s:5:7: loud: "));

  g_autoptr(GString) text = g_string_new(NULL);
  for (int i = 0; i < 1000; i++)
    g_string_append_printf(text, "key%d: x\n", i);
  g_autoptr(GError) many = NULL;
  g_assert_false(settings_read(&section, slice_from_string(text->str), "s", &all, &many));
  g_auto(GStrv) few = g_strsplit(many->message, "\n", -1);
  g_assert_cmpuint(g_strv_length(few), ==, 21);
  g_assert_cmpstr(few[20], ==, "s: 980 more");
}

static void
test_units(void)
{
  static const struct {
    bool (*parse)(const char *text, uint64_t *value);
    const char *text;
    bool valid;
    uint64_t value;
  } cases[] = {
      {size_parse, "0", true, 0},
      {size_parse, "4096", true, 4096},
      {size_parse, "4MiB", true, 4194304},
      {size_parse, "10 GiB", true, 10737418240},
      {size_parse, "1MB", true, 1000000},
      {size_parse, "", false, 0},
      {size_parse, "MiB", false, 0},
      {size_parse, "-1", false, 0},
      {size_parse, "99999999999TiB", false, 0},
      {size_parse, "4 parsecs", false, 0},
      {duration_parse, "90", true, 90},
      {duration_parse, "10m", true, 600},
      {duration_parse, "7d", true, 604800},
      {duration_parse, "1w", false, 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    uint64_t value = 0;
    g_test_message("case \"%s\"", cases[i].text);
    g_assert_cmpint(cases[i].parse(cases[i].text, &value), ==, cases[i].valid);
    if (cases[i].valid)
      g_assert_cmpuint(value, ==, cases[i].value);
  }
}

static void
test_suggestions(void)
{
  static const char *const names[] = {"listen", "limits", "log_level", NULL};
  static const struct {
    const char *typed, *meant;
  } cases[] = {{"lisen", "listen"}, {"lsiten", "listen"}, {"limit", "limits"}, {"log", "log_level"},
               {"l", NULL},         {"x", NULL},          {"", NULL},          {"policies", NULL}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    g_assert_cmpstr(suggest_nearest(cases[i].typed, names), ==, cases[i].meant);
  g_autofree char *huge = g_strnfill(10000, 'l');
  g_assert_null(suggest_nearest(huge, names));
}

/* --- parts, short entries, and JSON --- */

typedef struct {
  char *address;
  bool plain;
} Address;

typedef struct {
  bool first;
  Numbers numbers;
  Address *addresses;
  unsigned addresses_count;
} Parted;

static const Setting address_settings[] = {
    {SETTING(Address, address), .kind = &setting_text, .required = true},
    {SETTING(Address, plain), .kind = &setting_boolean, .fallback = "true"},
};
static const Section address_section = {.settings = address_settings,
                                        .count = G_N_ELEMENTS(address_settings),
                                        .size = sizeof(Address),
                                        .word = "address"};

static const Setting parted_settings[] = {
    {SETTING(Parted, first), .kind = &setting_boolean, .fallback = "true"},
    {SETTING_PART(Parted, numbers), .section = &number_section},
    {SETTING_LIST(Parted, addresses), .section = &address_section, .fallback = "home:1"},
};
static const Section parted_section = {parted_settings, G_N_ELEMENTS(parted_settings),
                                       sizeof(Parted)};

static void
test_parts(void)
{
  static const struct {
    const char *text, *addresses, *says; /* the complaint in part, or NULL */
    uint32_t wait;
  } cases[] = {
      {"", "home:1", NULL, 120},
      {"wait: 7\naddresses: a:1\n", "a:1", NULL, 7},
      {"addresses: [a:1, {address: b:2, plain: false}, c:3]\n", "a:1 b:2! c:3", NULL, 120},
      {"addresses: {address: b:2}\n", "b:2", NULL, 120},
      {"wait: 2h\n", NULL, "test:1:7: wait: must be between 0 and 1h", 0},
      {"wat: 2\n", NULL, "did you mean \"wait\"?", 0},
      {"numbers: {}\n", NULL, "unknown key \"numbers\"", 0},
      {"addresses: [a:1, ~]\n", NULL, "addresses[1]: has no value", 0},
      {"addresses: [[a:1]]\n", NULL, "addresses[0]: must be a mapping", 0},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    Parted parted;
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) all = g_string_new(NULL);
    bool read =
        settings_read(&parted_section, slice_from_string(cases[i].text), "test", &parted, &error);
    g_test_message("%s: %s", cases[i].text, read ? "read" : error->message);
    g_assert_true(read == (cases[i].says == NULL));
    if (!read) {
      g_assert_nonnull(strstr(error->message, cases[i].says));
      continue;
    }
    for (unsigned j = 0; j < parted.addresses_count; j++)
      g_string_append_printf(all, "%s%s%s", j == 0 ? "" : " ", parted.addresses[j].address,
                             parted.addresses[j].plain ? "" : "!");
    g_assert_cmpstr(all->str, ==, cases[i].addresses);
    g_assert_cmpuint(parted.numbers.wait, ==, cases[i].wait);
    settings_clear(&parted_section, &parted);
  }
}

static void
test_json(void)
{
  g_autoptr(GError) error = NULL;
  Parted given = {.first = true,
                  .numbers = {.count = 65535, .wait = 7, .bytes = 1 << 29, .small = 255}};
  Parted taken = {0};
  json_t *object = json_object();
  settings_to_json(&parted_section, &given, object);
  g_assert_true(settings_from_json(&parted_section, object, &taken, &error));
  g_assert_no_error(error);
  g_assert_true(taken.first && taken.numbers.count == 65535 && taken.numbers.wait == 7 &&
                taken.numbers.bytes == 1 << 29 && taken.numbers.small == 255);
  static const struct {
    const char *key;
    json_int_t number;
  } wrong[] = {{"count", 0}, {"count", 65536}, {"small", 256}, {"wait", -1}, {"bytes", INT64_MAX}};
  for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
    g_autoptr(GError) refused = NULL;
    g_autoptr(json_t) changed = json_copy(object);
    json_object_set_new(changed, wrong[i].key, json_integer(wrong[i].number));
    g_assert_false(settings_from_json(&parted_section, changed, &taken, &refused));
    g_assert_nonnull(strstr(refused->message, wrong[i].key));
  }
  g_autoptr(GError) missing = NULL;
  json_object_del(object, "first");
  g_assert_false(settings_from_json(&parted_section, object, &taken, &missing));
  g_assert_error(missing, ASSAY_ERROR, ASSAY_ERROR_INVALID);
  json_decref(object);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/settings/defaults", test_defaults);
  g_test_add_func("/settings/values", test_values);
  g_test_add_func("/settings/complaints", test_complaints);
  g_test_add_func("/settings/many-complaints", test_many_complaints);
  g_test_add_func("/settings/parts", test_parts);
  g_test_add_func("/settings/json", test_json);
  g_test_add_func("/settings/units", test_units);
  g_test_add_func("/settings/suggestions", test_suggestions);
  return g_test_run();
}
