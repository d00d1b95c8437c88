/* dpkg's status database, read as dpkg reads it (its lib/dpkg/parse.c, fields.c, parsehelp.c), and
 * status.d, which dpkg does not read. Where dpkg would give up, what could be read is listed and
 * the database is unread. */
#include <string.h>

#include "inspect/packages/dpkg-private.h"
#include "inspect/packages/packages.h"

/* Of a stanza, beyond which it may repeat names unnoticed. */
#define FIELDS_MAX 64U

typedef struct {
  Slice package, status, version, architecture, source, maintainer, multi_arch, revision, archive,
      awaited, pending, size;
  Slice names[FIELDS_MAX]; /* of the fields so far */
  unsigned count;
} Stanza;

/* Those that decide what is listed, and those that dpkg refuses. */
static const struct {
  const char *name;
  size_t offset;
} fields[] = {
    {"Package", offsetof(Stanza, package)},
    {"Status", offsetof(Stanza, status)},
    {"Version", offsetof(Stanza, version)},
    {"Architecture", offsetof(Stanza, architecture)},
    {"Source", offsetof(Stanza, source)},
    {"Maintainer", offsetof(Stanza, maintainer)},
    {"Installed-Size", offsetof(Stanza, size)}, /* in KiB */
    {"Multi-Arch", offsetof(Stanza, multi_arch)},
    {"Triggers-Awaited", offsetof(Stanza, awaited)},
    {"Triggers-Pending", offsetof(Stanza, pending)},
    /* Of old databases: what follows the version's last hyphen. */
    {"Revision", offsetof(Stanza, revision)},
    {"Package-Revision", offsetof(Stanza, revision)},
    {"Package_Revision", offsetof(Stanza, revision)},
    /* Of apt's lists alone. */
    {"Filename", offsetof(Stanza, archive)},
    {"Size", offsetof(Stanza, archive)},
    {"MD5sum", offsetof(Stanza, archive)},
};

/* How many stanzas of a name there are that have anything installed; those that say "Multi-Arch:
 * same" can be there side by side. */
typedef struct {
  unsigned single, multi;
} Instances;

typedef struct {
  const char *location;
  LayerInventory *inventory;
  Stanza stanza;
  GHashTable *slots; /* set: "name architecture" of each stanza so far */
  GHashTable *names; /* name -> Instances */
  bool status_d;     /* its stanzas have no Status, and are all installed */
} Reading;

static void
add_trouble(const Reading *reading, const char *what)
{
  Slice package = reading->stanza.package;
  g_autofree char *name = slice_to_printable(package, 256);
  g_autofree char *detail = package.size == 0
                                ? g_strdup_printf("dpkg would not read this: %s.", what)
                                : g_strdup_printf("Package %s: %s.", name, what);
  layer_inventory_add_unread(reading->inventory, "broken-database", reading->location, detail);
}

/* --- Status --- */

/* Takes the first of @words off the front of *@text, as dpkg does: whatever its case, with or
 * without a blank after it. -1: it begins with none. */
static int
take_word(Slice *text, const char *const words[])
{
  for (int i = 0; words[i] != NULL; i++) {
    size_t length = strlen(words[i]);
    if (text->size < length || g_ascii_strncasecmp((const char *)text->data, words[i], length) != 0)
      continue;
    *text = slice_sub(*text, length, SIZE_MAX);
    while (text->size > 0 && dpkg_is_space(text->data[0]))
      *text = slice_sub(*text, 1, SIZE_MAX);
    return i;
  }
  return -1;
}

/* In dpkg's order: the files are there from "unpacked" on, and some of them when the package is
 * half installed. */
typedef enum {
  NOT_INSTALLED,
  CONFIG_FILES,
  HALF_INSTALLED,
  UNPACKED,
  HALF_CONFIGURED,
  TRIGGERS_AWAITED,
  TRIGGERS_PENDING,
  INSTALLED,
  BROKEN = -1
} State;

static State
read_state(Slice text)
{
  static const char *const wants[] = {"unknown", "install", "hold", "deinstall", "purge", NULL};
  static const char *const flags[] = {"ok", "reinstreq", NULL};
  static const char *const states[] = {"not-installed",    "config-files",    "half-installed",
                                       "unpacked",         "half-configured", "triggers-awaited",
                                       "triggers-pending", "installed",       NULL};
  int state =
      take_word(&text, wants) < 0 || take_word(&text, flags) < 0 ? -1 : take_word(&text, states);
  return state < 0 || text.size > 0 ? BROKEN : (State)state;
}

/* dpkg gives up where the state and the triggers do not fit. */
static void
check_triggers(const Reading *reading, State state)
{
  bool awaited = reading->stanza.awaited.size > 0, pending = reading->stanza.pending.size > 0;
  bool may_wait = state > CONFIG_FILES && state < TRIGGERS_PENDING;
  bool may_be_pending = state == TRIGGERS_AWAITED || state == TRIGGERS_PENDING;
  if ((awaited && !may_wait) || (state == TRIGGERS_AWAITED && !awaited) ||
      (pending && !may_be_pending) || (state == TRIGGERS_PENDING && !pending))
    add_trouble(reading, "its Status does not fit its triggers");
}

/* What is in doubt counts as there. */
static State
state_of(const Reading *reading)
{
  Slice status = reading->stanza.status;
  if (status.size == 0) {
    if (!reading->status_d)
      add_trouble(reading, "it has no Status");
    return UNPACKED;
  }
  State state = read_state(status);
  if (state != BROKEN) {
    if (!reading->status_d)
      check_triggers(reading, state);
    return state;
  }
  add_trouble(reading, "its Status is none that dpkg knows");
  return UNPACKED;
}

/* --- names and versions --- */

/* As dpkg keeps it: in lower case. (transfer full) */
static char *
lower(Slice name)
{
  g_autofree char *text = slice_to_utf8(name);
  return g_ascii_strdown(text, -1);
}

static bool
is_package_name(const char *name)
{
  if (!g_ascii_isalnum(*name))
    return false;
  return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-+._")] == '\0';
}

/* "name" or "name (version)", as it is written: dpkg makes no lower case of it. */
static void
take_source(Package *package, Slice source)
{
  gssize open = slice_find(source, '(');
  Slice name = slice_strip(open < 0 ? source : slice_sub(source, 0, (size_t)open));
  for (size_t i = 0; i < name.size; i++)
    if (dpkg_is_space(name.data[i]))
      name.size = i;
  if (name.size > 0)
    package->source_name = slice_to_utf8(name);
  if (open < 0)
    return;
  Slice rest = slice_sub(source, (size_t)open + 1, source.size), version;
  if (slice_next_field(&rest, ')', &version) && slice_strip(version).size > 0)
    package->source_version = slice_to_utf8(slice_strip(version));
}

/* The version as dpkg prints it: with the epoch when that is not 0. NULL for one that dpkg refuses.
 * (transfer full) */
static char *
take_version(Slice text)
{
  while (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
    text = slice_sub(text, 1, SIZE_MAX);
  gssize colon = slice_find(text, ':');
  uint64_t epoch = 0;
  Slice rest = colon < 0 ? text : slice_sub(text, (size_t)colon + 1, SIZE_MAX);
  if ((colon >= 0 && !slice_to_uint64(slice_sub(text, 0, (size_t)colon), &epoch)) ||
      epoch > INT32_MAX)
    return NULL;
  if (rest.size == 0 || rest.data[0] == '-' || rest.data[rest.size - 1] == '-')
    return NULL;
  for (size_t i = 0; i < rest.size; i++)
    if (dpkg_is_space(rest.data[i]))
      return NULL;
  g_autofree char *plain = slice_to_utf8(rest);
  return epoch == 0 && strchr(plain, ':') == NULL
             ? g_steal_pointer(&plain)
             : g_strdup_printf("%" G_GUINT64_FORMAT ":%s", epoch, plain);
}

/* --- stanzas --- */

static bool
is_multi_arch_same(const Reading *reading)
{
  static const char *const words[] = {"no", "same", "allowed", "foreign", NULL};
  Slice text = reading->stanza.multi_arch, architecture = reading->stanza.architecture;
  int word = text.size == 0 ? 0 : take_word(&text, words);
  if (word < 0 || text.size > 0)
    add_trouble(reading, "its Multi-Arch is none that dpkg knows");
  bool same = word == 1;
  if (same && (architecture.size == 0 || slice_equal_string(architecture, "all")))
    add_trouble(reading, "it is of several architectures and of none");
  return same;
}

/* dpkg keeps one stanza of a name and architecture, and refuses a second one of most packages. */
static void
check_slot(const Reading *reading, State state)
{
  g_autofree char *name = lower(reading->stanza.package);
  g_autofree char *architecture = slice_to_utf8(reading->stanza.architecture);
  if (!is_package_name(name))
    add_trouble(reading, "no package of dpkg can have this name");
  if (!g_hash_table_add(reading->slots, g_strconcat(name, " ", architecture, NULL)))
    add_trouble(reading, "it is there twice");
  bool same = is_multi_arch_same(reading);
  Instances *instances = g_hash_table_lookup(reading->names, name);
  if (instances == NULL) {
    instances = g_new0(Instances, 1);
    g_hash_table_insert(reading->names, g_steal_pointer(&name), instances);
  }
  instances->single += state != NOT_INSTALLED && !same;
  instances->multi += state != NOT_INSTALLED && same;
  if (instances->single > 1 || (instances->single > 0 && instances->multi > 0))
    add_trouble(reading, "it is there for architectures that cannot be there together");
}

/* dpkg ends the name at a blank, and would take "name(version)" for a name, which no statement has.
 */
static void
check_source(const Reading *reading)
{
  Slice source = reading->stanza.source;
  gssize open = slice_find(source, '('), blank = slice_find(source, ' ');
  if (open >= 0 && (blank <= 0 || open < blank))
    add_trouble(reading, "its Source has no blank before the version");
}

static void
add_package(const Reading *reading, char *version)
{
  const Stanza *stanza = &reading->stanza;
  Package *package = g_new0(Package, 1);
  package->type = g_strdup("deb");
  package->name = lower(stanza->package);
  package->version = version;
  package->architecture =
      stanza->architecture.size == 0 ? NULL : slice_to_utf8(stanza->architecture);
  package->location = g_strdup(reading->location);
  package->vendor =
      stanza->maintainer.size == 0 ? NULL : slice_to_printable(stanza->maintainer, VENDOR_MAX);
  uint64_t size = 0;
  if (slice_to_uint64(slice_strip(stanza->size), &size) && size < INT32_MAX)
    package->installed_bytes = size * 1024;
  take_source(package, stanza->source);
  layer_inventory_add_package(reading->inventory, package);
}

static void
take_package(const Reading *reading)
{
  const Stanza *stanza = &reading->stanza;
  State state = state_of(reading);
  check_slot(reading, state);
  if (stanza->revision.size > 0)
    add_trouble(reading, "it has its revision in a field of its own");
  if (stanza->archive.size > 0 && !reading->status_d)
    add_trouble(reading, "it has a field that only an archive's list has");
  check_source(reading);
  g_autofree char *version = take_version(stanza->version);
  if (version == NULL && stanza->version.size > 0) {
    add_trouble(reading, "its version is none that dpkg takes");
    version = slice_to_utf8(stanza->version);
  }
  if (version == NULL && state != NOT_INSTALLED)
    add_trouble(reading, "it has no version");
  else if (state >= HALF_INSTALLED)
    add_package(reading, g_steal_pointer(&version));
}

static void
end_stanza(Reading *reading)
{
  if (reading->stanza.package.size > 0)
    take_package(reading);
  else if (reading->stanza.count > 0)
    add_trouble(reading, "a stanza names no package");
  reading->stanza.count = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
    *(Slice *)((char *)&reading->stanza + fields[i].offset) = SLICE_EMPTY;
}

/* Whether they are the same name of a field. */
static bool
same_name(Slice a, Slice b)
{
  return a.size == b.size &&
         (a.size == 0 ||
          g_ascii_strncasecmp((const char *)a.data, (const char *)b.data, a.size) == 0);
}

static void
note_name(Reading *reading, Slice name)
{
  Stanza *stanza = &reading->stanza;
  for (unsigned i = 0; i < stanza->count; i++) {
    if (!same_name(stanza->names[i], name))
      continue;
    add_trouble(reading, "a field of it is there twice");
    /* Two stanzas with no empty line between them, more likely than not. */
    if (same_name(name, SLICE_LITERAL("Package")))
      end_stanza(reading);
    break;
  }
  if (name.size == 1)
    add_trouble(reading, "the name of a field has one letter");
  if (stanza->count < FIELDS_MAX)
    stanza->names[stanza->count++] = name;
}

static void
take_field(Reading *reading, const DpkgField *field)
{
  note_name(reading, field->name);
  for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
    Slice *value = (Slice *)((char *)&reading->stanza + fields[i].offset);
    if (value->size == 0 && same_name(field->name, slice_from_string(fields[i].name)))
      *value = field->value;
  }
}

void
dpkg_status_parse(Slice text, const char *location, LayerInventory *inventory)
{
  g_autoptr(GHashTable) slots = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  bool status_d = g_str_has_prefix(location, "var/lib/dpkg/status.d/");
  Reading reading = {.location = location,
                     .inventory = inventory,
                     .slots = slots,
                     .names = names,
                     .status_d = status_d};
  DpkgText stanzas = {.rest = text, .lenient = status_d};
  DpkgField field;
  const char *trouble = NULL;
  for (DpkgToken token = dpkg_text_next(&stanzas, &field, &trouble); token != DPKG_END;
       token = dpkg_text_next(&stanzas, &field, &trouble)) {
    if (token == DPKG_STANZA_END)
      end_stanza(&reading);
    else if (field.name.size > 0)
      take_field(&reading, &field);
    if (token == DPKG_TROUBLE)
      add_trouble(&reading, trouble);
  }
  end_stanza(&reading);
}

/* status.d also holds checksums beside the stanzas. */
static bool
is_stanza_file(const char *name)
{
  return !g_str_has_suffix(name, ".md5sums");
}

const Detector dpkg_detector = {
    .name = "dpkg",
    .version = 2,
    .places = (const char *const[]){"var/lib/dpkg/status", "var/lib/dpkg/status.d/", NULL},
    .wants_name = is_stanza_file,
    .lists_packages = true,
    .read = dpkg_status_parse,
};
