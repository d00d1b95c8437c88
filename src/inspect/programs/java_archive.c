/* Archives of Java, and those in them. Each pom.properties is a package, also where it came in with
 * the classes of somebody else's artifact (shaded): its location is the archive that it is in.
 *
 * What is unpacked is the archives that are in others, the small files that say what they are, and
 * nothing else; what is only stored is read where it is. */
#include <string.h>

#include <nettle/sha1.h>

#include "archive/zip.h"
#include "inspect/java_table.h"
#include "inspect/programs/java_identity.h"
#include "inspect/programs/programs.h"

#define MIB            ((uint64_t)1024 * 1024)
#define DEPTH_MAX      16u
#define TEXT_MAX       (1 * MIB)    /* of a manifest */
#define ARCHIVE_MAX    (256 * MIB)  /* of an archive in another */
#define UNPACKED_MAX   (512 * MIB)  /* at once */
#define TOTAL_MAX      (2048 * MIB) /* of all in one file */
#define ENTRIES_MAX    2000000u
#define ARCHIVES_MAX   20000u
#define POMS_MAX       2000u /* of one archive */
#define LOCATION_BYTES 1000u

typedef struct {
  LayerInventory *into;
  GHashTable *seen; /* "NAME VERSION LOCATION": a name may be in an archive twice */
  uint64_t total, unpacked;
  unsigned entries, archives;
  unsigned nameless; /* archives that do not say their group */
} JavaScan;

typedef struct {
  JavaScan *scan;
  ZipFile zip;
  char sha1[JAVA_SHA1_CHARS + 1]; /* of all its bytes; "": not known */
  const char *location;
  unsigned depth;
  GPtrArray *poms; /* Pom */
  JavaManifest manifest;
  bool has_manifest;
} JavaArchive;

typedef struct {
  char *group, *artifact, *version;
} Pom;

static void
pom_free(void *data)
{
  Pom *pom = data;
  g_free(pom->group);
  g_free(pom->artifact);
  g_free(pom->version);
  g_free(pom);
}

static void
archive_clear(JavaArchive *archive)
{
  g_ptr_array_unref(archive->poms);
  java_manifest_clear(&archive->manifest);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(JavaArchive, archive_clear)

/* --- packages --- */

static Package *
add(const JavaArchive *archive, const char *group, const char *artifact, const char *version)
{
  g_autofree char *name = g_strconcat(group, ":", artifact, NULL);
  char *key = g_strdup_printf("%s %s %s", name, version, archive->location);
  if (!g_hash_table_add(archive->scan->seen, key))
    return NULL;
  return layer_inventory_add_application(archive->scan->into, "maven", name, version,
                                         archive->location);
}

/* A key of java.util.Properties, as Maven writes them. */
static void
read_property(Pom *pom, Slice line)
{
  const struct {
    const char *key;
    char **value;
  } keys[] = {{"groupId", &pom->group}, {"artifactId", &pom->artifact}, {"version", &pom->version}};
  gssize end = slice_find(line, '=');
  if (end < 0)
    end = slice_find(line, ':');
  if (end < 0)
    return;
  Slice key = slice_strip(slice_sub(line, 0, (size_t)end));
  Slice value = slice_strip(slice_sub(line, (size_t)end + 1, line.size));
  for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
    if (slice_equal_string(key, keys[i].key) && *keys[i].value == NULL && value.size > 0 &&
        value.data[0] != '$')
      *keys[i].value = slice_to_string(value);
}

/* What it does not say, its folder may: META-INF/maven/GROUP/ARTIFACT/pom.properties. */
static void
read_pom(JavaArchive *archive, Slice path, Slice text)
{
  Pom *pom = g_new0(Pom, 1);
  Slice line = SLICE_EMPTY;
  while (slice_next_line(&text, &line))
    read_property(pom, line);
  g_autofree char *plain = slice_to_string(path);
  g_auto(GStrv) parts = g_strsplit(plain, "/", -1);
  guint count = g_strv_length(parts);
  if (count >= 4 && strcmp(parts[count - 4], "maven") == 0) {
    if (pom->group == NULL)
      pom->group = g_strdup(parts[count - 3]);
    if (pom->artifact == NULL)
      pom->artifact = g_strdup(parts[count - 2]);
  }
  if (pom->group != NULL && pom->artifact != NULL && pom->version != NULL)
    g_ptr_array_add(archive->poms, pom);
  else
    pom_free(pom);
}

/* Distributions give files names of their own: "geronimo-annotation-1.3-spec.jar". */
static bool
is_of(const Pom *pom, const JavaFileName *name, bool only)
{
  return strcmp(pom->artifact, name->artifact) == 0 || strcmp(pom->version, name->version) == 0 ||
         (only && (g_str_has_prefix(pom->artifact, name->artifact) ||
                   g_str_has_prefix(name->artifact, pom->artifact)));
}

/* Whether @pom is of the archive itself, and not of what was put into it. */
static bool
is_own_pom(const JavaArchive *archive, const Pom *pom, const JavaFileName *name)
{
  return name->artifact == NULL ? archive->poms->len == 1
                                : is_of(pom, name, archive->poms->len == 1);
}

/* It certainly holds packages that are missing now. */
static void
leave_unread(JavaScan *scan, const char *location, const char *detail)
{
  layer_inventory_add_unread(scan->into, "unread-archive", location, detail);
}

/* By the operator's table; false: it has no such archive. */
static bool
add_by_table(const JavaArchive *archive)
{
  bool failed;
  g_autofree char *line = java_table_find(archive->sha1, &failed);
  if (failed)
    leave_unread(archive->scan, archive->location, "The table of archives cannot be read.");
  g_auto(GStrv) parts = line == NULL ? NULL : g_strsplit(line, ":", 3);
  Package *package = parts == NULL ? NULL : add(archive, parts[0], parts[1], parts[2]);
  if (package != NULL)
    package->sha1 = g_strdup(archive->sha1);
  return package != NULL;
}

/* The archive itself, by its name and its manifest. */
static void
add_itself(const JavaArchive *archive, const JavaFileName *name)
{
  g_auto(JavaIdentity) identity = {.group = NULL};
  if (!java_identity_find(&identity, name, &archive->manifest, &archive->zip))
    return;
  Package *package = add(archive, identity.group, identity.artifact, identity.version);
  if (package == NULL)
    return;
  package->sha1 = g_strdup(archive->sha1);
  if (strcmp(identity.group, identity.artifact) == 0)
    archive->scan->nameless++;
  const char *license = archive->manifest.values[JAVA_LICENSE];
  if (license == NULL)
    license = archive->manifest.values[JAVA_PLUGIN_LICENSE];
  if (license != NULL)
    package->licenses = slice_to_printable(slice_from_string(license), 256);
}

static void
add_packages(const JavaArchive *archive, const char *file_name)
{
  g_auto(JavaFileName) name = {.artifact = NULL};
  java_file_name_read(&name, file_name);
  bool own = archive->poms->len > 0 && name.artifact == NULL;
  for (guint i = 0; i < archive->poms->len; i++) {
    const Pom *pom = g_ptr_array_index(archive->poms, i);
    bool itself = is_own_pom(archive, pom, &name);
    Package *package = add(archive, pom->group, pom->artifact, pom->version);
    if (package != NULL && itself)
      package->sha1 = g_strdup(archive->sha1);
    own = own || itself;
  }
  if (!own && !add_by_table(archive))
    add_itself(archive, &name);
}

/* --- what is in an archive --- */

static bool read_archive(JavaScan *scan, Slice bytes, const char *location, unsigned depth);

static Slice
last_name(Slice path)
{
  size_t start = path.size;
  while (start > 0 && path.data[start - 1] != '/')
    start--;
  return slice_sub(path, start, path.size);
}

static const char *const extensions[] = {"jar", "war", "ear",  "par", "sar", "nar", "jpi",
                                         "hpi", "kar", "lpkg", "rar", "aar", NULL};

static bool
is_archive(Slice path)
{
  size_t dot = path.size;
  while (dot > 0 && path.data[dot - 1] != '.' && path.size - dot < 5)
    dot--;
  if (dot == 0 || path.data[dot - 1] != '.' || path.size == dot)
    return false;
  g_autofree char *end = g_ascii_strdown((const char *)path.data + dot, (gssize)(path.size - dot));
  return g_strv_contains(extensions, end);
}

static void
read_inner(const JavaArchive *archive, const ZipEntry *entry)
{
  JavaScan *scan = archive->scan;
  g_autofree char *name = slice_to_printable(entry->name, LOCATION_BYTES);
  g_autofree char *location = g_strconcat(archive->location, ":", name, NULL);
  g_autofree uint8_t *owned = NULL;
  Slice content = SLICE_EMPTY;
  if (archive->depth >= DEPTH_MAX || strlen(location) > LOCATION_BYTES) {
    leave_unread(scan, archive->location,
                 "There are archives in archives in it, more than are followed.");
    return;
  }
  if (++scan->archives > ARCHIVES_MAX) {
    leave_unread(scan, archive->location, "There are more archives in it than are followed.");
    return;
  }
  uint64_t room = MIN(MIN(TOTAL_MAX - scan->total, UNPACKED_MAX - scan->unpacked), ARCHIVE_MAX);
  switch (zip_read(&archive->zip, entry, room, &owned, &content)) {
  case ZIP_READ:
    break;
  case ZIP_LARGE:
    leave_unread(scan, location, "It comes to more bytes than are unpacked of archives in others.");
    return;
  case ZIP_UNKNOWN:
    leave_unread(scan, location, "It is encrypted, or packed in a way that is not known.");
    return;
  case ZIP_BROKEN:
    leave_unread(scan, location, "It cannot be unpacked, or not to the size that is said of it.");
    return;
  }
  uint64_t size = owned == NULL ? 0 : content.size;
  scan->total += size;
  scan->unpacked += size;
  read_archive(scan, content, location, archive->depth + 1);
  scan->unpacked -= size;
}

/* A file that says what the archive is. */
static void
read_text(JavaArchive *archive, const ZipEntry *entry, bool is_pom)
{
  g_autofree uint8_t *owned = NULL;
  Slice text = SLICE_EMPTY;
  ZipOutcome outcome = zip_read(&archive->zip, entry, TEXT_MAX, &owned, &text);
  if (outcome != ZIP_READ) {
    leave_unread(archive->scan, archive->location, "What it says of itself cannot be unpacked.");
    return;
  }
  archive->scan->total += owned == NULL ? 0 : MIN(text.size, TOTAL_MAX - archive->scan->total);
  if (is_pom) {
    read_pom(archive, entry->name, text);
  } else {
    java_manifest_read(&archive->manifest, text);
    archive->has_manifest = true;
  }
}

static void
read_entry(JavaArchive *archive, const ZipEntry *entry)
{
  Slice name = last_name(entry->name);
  if (slice_equal_string(name, "pom.properties")) {
    if (archive->poms->len < POMS_MAX && archive->scan->total < TOTAL_MAX)
      read_text(archive, entry, true);
    else
      leave_unread(archive->scan, archive->location, "It names more packages than are followed.");
  } else if (!archive->has_manifest && name.size == 11 &&
             (name.size == entry->name.size || entry->name.size == 20) &&
             g_ascii_strncasecmp((const char *)name.data, "MANIFEST.MF", 11) == 0) {
    read_text(archive, entry, false);
  } else if (is_archive(name)) {
    read_inner(archive, entry);
  }
}

static void
find_sha1(Slice bytes, char sha1[JAVA_SHA1_CHARS + 1])
{
  uint8_t raw[JAVA_SHA1_CHARS / 2];
  struct sha1_ctx hash;
  sha1_init(&hash);
  sha1_update(&hash, bytes.size, bytes.data);
  sha1_digest(&hash, sizeof raw, raw);
  for (size_t i = 0; i < sizeof raw; i++)
    g_snprintf(sha1 + 2 * i, 3, "%02x", raw[i]);
}

/* Of "app/a.war:b.jar" the last. */
static const char *
file_name_of(const char *location)
{
  const char *name = location;
  for (const char *at = location; *at != '\0'; at++)
    if (*at == '/' || *at == ':')
      name = at + 1;
  return name;
}

/* False: it is no archive. */
static bool
read_archive(JavaScan *scan, Slice bytes, const char *location, unsigned depth)
{
  g_auto(JavaArchive) archive = {.scan = scan,
                                 .location = location,
                                 .depth = depth,
                                 .poms = g_ptr_array_new_with_free_func(pom_free)};
  if (!zip_open(&archive.zip, bytes)) {
    layer_inventory_add_note(scan->into, "broken-archive", location,
                             "It is no zip archive, or not a whole one.");
    return false;
  }
  find_sha1(bytes, archive.sha1);
  Slice rest = archive.zip.directory;
  ZipEntry entry;
  while (zip_next(&rest, &entry)) {
    if (scan->entries >= ENTRIES_MAX) {
      leave_unread(scan, location, "It has more files than are looked at.");
      break;
    }
    scan->entries++;
    read_entry(&archive, &entry);
  }
  if (rest.size > 0 && scan->entries < ENTRIES_MAX)
    layer_inventory_add_note(scan->into, "broken-archive", location,
                             "Its list of files is broken.");
  add_packages(&archive, file_name_of(location));
  return true;
}

/* --- the detector --- */

/* What starts it may be in front: Java finds it from its end. Of the others a script alone, for
 * many have these names without being archives. */
static bool
wants(const FileView *file)
{
  static const char *const ends[] = {".jar", ".war", ".ear", ".JAR", ".WAR", ".EAR"};
  for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
    if (g_str_has_suffix(file->path, ends[i]))
      return true;
  return slice_has_prefix(file->head, SLICE_LITERAL("PK")) ||
         slice_has_prefix(file->head, SLICE_LITERAL("#!"));
}

static void
read_file(Slice bytes, const char *location, LayerInventory *into)
{
  JavaScan scan = {.into = into,
                   .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
  read_archive(&scan, bytes, location, 0);
  g_hash_table_unref(scan.seen);
  if (scan.nameless == 0)
    return;
  g_autofree char *detail = g_strdup_printf(
      "%u of the archives in it do not say their group, and have the artifact's name as one.",
      scan.nameless);
  layer_inventory_add_note(into, "no-group", location, detail);
}

const Detector java_archive_detector = {
    .name = "java-archive",
    .version = 3,
    .places = (const char *const[]){"*.jar", "*.war", "*.ear", "*.par", "*.sar", "*.nar", "*.jpi",
                                    "*.hpi", "*.kar", "*.lpkg", "*.rar", "*.aar", "*.JAR", "*.WAR",
                                    "*.EAR", NULL},
    .wants = wants,
    .read = read_file,
};
