/* What is not known of an image; see the header. */
#include "verdict/completeness.h"
#include "inspect/configuration_inspection.h"
#include "inspect/fixed_places.h"
#include "inventory/image.h"

#include <string.h>

#define SHOWN_MAX   ((size_t)200) /* bytes of what an image names */
#define NAMES_MAX   5u
#define MALWARE_GAP "malware unscanned: "
/* How other sentences begin. */
#define LAYER_GAP     "one of its layers has more than is followed"
#define DATABASE_GAP  "its package database "
#define FILE_GAP      "its file "
#define CONFIG_GAP    "its " CONFIGURATION_UNREAD
#define NOTHING_GAP   "no package of it is known: "
#define UNCOVERED_GAP "there are no advisories for "
#define UNDECIDED_GAP "advisories may apply, which the version does not tell, to "

/* "etc/os-release (a link to what no layer holds)": whether it is no package database. */
static bool
is_plain_file(const char *unread)
{
  const char *words = strstr(unread, " (");
  g_autofree char *path =
      g_strndup(unread, words == NULL ? strlen(unread) : (size_t)(words - unread));
  return !fixed_places_is_database(path);
}

/* What was not looked through for one kind of findings, in the order in which it is told. */
typedef struct {
  const char *gap; /* how its sentence begins */
  FindingKind kind;
  const char *prefixes[2]; /* of what is unread (inventory/layer.h) */
} UnscannedKind;
static const UnscannedKind unscanned_kinds[] = {
    {MALWARE_GAP, FINDING_MALWARE, {MALWARE_UNREAD, MALWARE_UNSCANNED}},
    {"secrets unscanned: ", FINDING_SECRET, {SECRETS_UNSCANNED, NULL}},
    {"settings unscanned: ", FINDING_BASELINE, {SETTINGS_UNSCANNED, NULL}},
};

/* Of @kind; NULL: of packages. (transfer container) */
static GPtrArray *
choose_unread(const GPtrArray *unread, const UnscannedKind *kind)
{
  GPtrArray *chosen = g_ptr_array_new();
  for (guint i = 0; i < unread->len; i++) {
    const char *prefix = layer_unread_prefix(g_ptr_array_index(unread, i));
    if (kind == NULL ? prefix == NULL
                     : g_strcmp0(prefix, kind->prefixes[0]) == 0 ||
                           (prefix != NULL && g_strcmp0(prefix, kind->prefixes[1]) == 0))
      g_ptr_array_add(chosen, g_ptr_array_index(unread, i));
  }
  return chosen;
}

static char *
unscanned_in_words(const UnscannedKind *kind, const GPtrArray *unread)
{
  const char *first = g_ptr_array_index(unread, 0), *prefix = layer_unread_prefix(first);
  bool of_clamav = strcmp(prefix, MALWARE_UNREAD) == 0;
  first += strlen(prefix);
  g_autofree char *shown = slice_to_printable(slice_from_string(first), SHOWN_MAX);
  g_autofree char *more =
      unread->len > 1 ? g_strdup_printf(" and %u more", unread->len - 1) : g_strdup("");
  return g_strdup_printf("%s%s%s%s", kind->gap, of_clamav ? "ClamAV did not judge " : "", shown,
                         more);
}

/* Where one has no path it comes first: it is of a whole layer. (transfer full) */
static char *
overfull_in_words(const GPtrArray *unread)
{
  return unread->len == 1
             ? g_strdup(LAYER_GAP)
             : g_strdup_printf(LAYER_GAP ", and %u more could not be read whole", unread->len - 1);
}

static const char *
gap_of_unread(const char *unread)
{
  if (g_str_has_prefix(unread, CONFIGURATION_UNREAD))
    return CONFIG_GAP;
  return is_plain_file(unread) ? FILE_GAP : DATABASE_GAP;
}

/* Those whose sentence begins with @gap: the first of them, which the notes on the layers say more
 * of. What else there may be differs by it, so none counts with others. */
static void
add_unread_of(const GPtrArray *unread, const char *gap, GPtrArray *gaps)
{
  const char *first = NULL;
  guint more = 0;
  for (guint i = 0; i < unread->len; i++) {
    const char *one = g_ptr_array_index(unread, i);
    if (strcmp(gap_of_unread(one), gap) != 0)
      continue;
    more += first != NULL;
    first = first != NULL ? first : one;
  }
  if (first == NULL)
    return;
  g_autofree char *path = slice_to_printable(slice_from_string(first), SHOWN_MAX);
  g_autofree char *others = more > 0 ? g_strdup_printf(" and %u more", more) : g_strdup("");
  g_ptr_array_add(gaps, g_strdup_printf("%s%s%s could not be read whole",
                                        strcmp(gap, CONFIG_GAP) == 0 ? "its " : gap, path, others));
}

static void
add_unread(const GPtrArray *unread, GPtrArray *gaps)
{
  static const char *const groups[] = {DATABASE_GAP, FILE_GAP, CONFIG_GAP};
  if (unread->len == 0)
    return;
  if (*(const char *)g_ptr_array_index(unread, 0) == '\0') {
    g_ptr_array_add(gaps, overfull_in_words(unread));
    return;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
    add_unread_of(unread, groups[i], gaps);
}

/* (transfer full) */
static char *
list_in_words(const char *start, const GPtrArray *names)
{
  GString *text = g_string_new(start);
  for (guint i = 0; i < MIN(names->len, NAMES_MAX); i++) {
    g_autofree char *name =
        slice_to_printable(slice_from_string(g_ptr_array_index(names, i)), SHOWN_MAX);
    g_string_append_printf(text, "%s%s", i == 0 ? "" : ", ", name);
  }
  if (names->len > NAMES_MAX)
    g_string_append_printf(text, " and %u more", names->len - NAMES_MAX);
  return g_string_free(text, FALSE);
}

char *
completeness_undecided(const GPtrArray *packages)
{
  return list_in_words(UNDECIDED_GAP, packages);
}

static uint64_t
count_entries(const ImageInventory *inventory)
{
  uint64_t entries = 0;
  for (guint i = 0; i < inventory->layers->len; i++)
    entries += ((const LayerInventory *)g_ptr_array_index(inventory->layers, i))->entries;
  return entries;
}

static char *
nothing_in_words(const OsRelease *os)
{
  const char *name = os == NULL ? NULL : os->pretty_name != NULL ? os->pretty_name : os->id;
  if (name == NULL)
    return g_strdup(NOTHING_GAP "it is not empty, but has neither a package database "
                                "that is read nor a file that names its distribution");
  g_autofree char *shown = slice_to_printable(slice_from_string(name), SHOWN_MAX);
  return g_strdup_printf(NOTHING_GAP "it says that it is %s, but has no package "
                                     "database that is read, or an empty one",
                         shown);
}

bool
completeness_is_of_malware(const char *gap)
{
  return g_str_has_prefix(gap, MALWARE_GAP);
}

/* Which findings there may be more of than is known. A malicious package counts as vulnerable
 * (finding_is_of()). */
static FindingKinds
kinds_of(const char *gap)
{
  static const FindingKinds packages = FINDING_KIND_BIT(FINDING_VULNERABILITY);
  static const struct {
    const char *gap;
    FindingKinds kinds;
  } others[] = {
      /* Programs are compared with it, too. */
      {DATABASE_GAP, packages | FINDING_KIND_BIT(FINDING_BASELINE)},
      {NOTHING_GAP, packages},
      {UNCOVERED_GAP, packages},
      {UNDECIDED_GAP, packages},
      {COMPLETENESS_NO_ADVISORIES, packages},
      {FILE_GAP, packages | FINDING_KIND_BIT(FINDING_BASELINE)},
      {CONFIG_GAP, FINDING_KIND_BIT(FINDING_SECRET) | FINDING_KIND_BIT(FINDING_CONFIGURATION)},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(unscanned_kinds); i++)
    if (g_str_has_prefix(gap, unscanned_kinds[i].gap))
      return FINDING_KIND_BIT(unscanned_kinds[i].kind);
  for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
    if (g_str_has_prefix(gap, others[i].gap))
      return others[i].kinds;
  return FINDING_KIND_BIT(FINDING_KINDS) - 1;
}

GPtrArray *
completeness_without(const GPtrArray *gaps, FindingKinds kinds)
{
  GPtrArray *kept = g_ptr_array_new();
  for (guint i = 0; gaps != NULL && i < gaps->len; i++)
    if ((kinds_of(g_ptr_array_index(gaps, i)) & ~kinds) != 0)
      g_ptr_array_add(kept, g_ptr_array_index(gaps, i));
  return kept;
}

GPtrArray *
completeness_gaps(const ImageInventory *inventory, const GPtrArray *uncovered)
{
  GPtrArray *gaps = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; inventory->gaps != NULL && i < inventory->gaps->len; i++)
    g_ptr_array_add(gaps, g_strdup(g_ptr_array_index(inventory->gaps, i)));
  g_autoptr(GPtrArray) unread = choose_unread(inventory->unread, NULL);
  add_unread(unread, gaps);
  for (size_t i = 0; i < G_N_ELEMENTS(unscanned_kinds); i++) {
    g_autoptr(GPtrArray) unscanned = choose_unread(inventory->unread, &unscanned_kinds[i]);
    if (unscanned->len > 0)
      g_ptr_array_add(gaps, unscanned_in_words(&unscanned_kinds[i], unscanned));
  }
  if (unread->len == 0 && inventory->gaps == NULL && inventory->packages->len == 0 &&
      inventory->left_out == 0 && count_entries(inventory) > 0)
    g_ptr_array_add(gaps, nothing_in_words(inventory->os));
  if (uncovered != NULL && uncovered->len > 0)
    g_ptr_array_add(gaps, list_in_words(UNCOVERED_GAP, uncovered));
  return gaps;
}

char *
completeness_in_words(const GPtrArray *gaps)
{
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < gaps->len; i++)
    g_string_append_printf(text, "%s%s", i == 0 ? "" : "; ",
                           (const char *)g_ptr_array_index(gaps, i));
  return g_string_free(text, FALSE);
}
