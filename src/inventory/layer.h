/* What inspection found in a layer. A LayerInventory is made by the worker, travels and is stored
 * as JSON (layer_inventory_to_json() is the format), and is never made again for the same layer and
 * the same detectors. Parsing the JSON treats it as hostile: the worker that wrote it read hostile
 * bytes. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "inventory/observation.h"
#include "inventory/os_release.h"
#include "oci/digest.h"

/* Of the JSON. An older one stays readable: what is stored is in force until the layer is inspected
 * again, after a change of the detectors. The first is that of the versions that had one number,
 * this one, for the form and for what the detectors make of a file. */
#define LAYER_FORMAT       11u
#define LAYER_FORMAT_FIRST 10u

/* One package: of a distribution, or of an application. */
typedef struct {
  char *type; /* purl type: "deb", "apk", "rpm", "alpm"; "npm", "pypi", "maven", "golang" ... */
  char *name;
  char *version;        /* complete, with epoch, as the distribution's tools print it */
  char *architecture;   /* or NULL */
  char *source_name;    /* never NULL: the package's own name when it names no source */
  char *source_version; /* never NULL, likewise */
  char *module;         /* rpm modularity label "name:stream:...", or NULL */
  char *vendor;   /* who made this build: dpkg's and apk's maintainer, rpm's Vendor; or NULL */
  char *location; /* the database it is in: "var/lib/dpkg/status"; of an application the file that
                     shows it, and after a colon the one in that: "app/a.jar:lib/b.jar" */
  char *licenses; /* an SPDX expression, or what the package says of it; or NULL */
  char *owner;    /* of an application: the distribution's package whose list of files has the
                     location; or NULL */
  char *sha1;     /* of the archive that it is (Java), 40 hex digits; or NULL */
  bool foreign_owner; /* that package was not built as the distribution builds its own (owners.h) */
  bool declared;      /* a lock file or a manifest names it: nothing shows that it is installed */
  bool development;   /* the application is built or tested with it, as its lock file says */
  char *symbols;      /* of a module in a program of Go: which of its functions are linked
                         (go_symbols.h); NULL: not known */
  char *files;        /* paths that it owns, each with a LF after it, where they are beside the
                         package itself (apk, rpm); or NULL */
  uint64_t installed_bytes; /* as its database says; 0: it does not */
  unsigned read;            /* index of the LayerFile that it is of */
} Package;

/* Frees what @package owns. */
void package_clear(Package *package);
void package_free(Package *package);
/* Without `files`. (transfer full) */
Package *package_copy(const Package *package);
/* By all that matching looks at except symbols: 0 when every advisory says the same of both, as far
 * as it does not ask which functions are linked. */
int package_compare(const Package *left, const Package *right);

/* Something about the layer itself that a person should know; never fatal. */
typedef struct {
  char *kind; /* "path-escape", "device-node", "setuid", "broken-database", "dpkg-journal",
                 "too-many-changes", "too-many-links", "too-many-removals", "too-many-packages",
                 "too-many-files", "too-large" */
  char *path;
  char *detail; /* one sentence */
} LayerNote;

/* What a layer's tar does at a path that is asked for (asked_paths.h), in the tar's order. */
typedef enum {
  CHANGE_FOLDER,
  CHANGE_IMPLIED, /* a folder without an entry, above one */
  CHANGE_FILE,
  CHANGE_SYMLINK,
  CHANGE_HARDLINK,
  CHANGE_OTHER,   /* a device, a FIFO */
  CHANGE_REMOVED, /* a whiteout */
  CHANGE_OPAQUE,  /* what lower layers have in this folder is hidden */
  CHANGE_ODD,     /* nobody can say what unpackers make of it */
} LayerChangeKind;

typedef struct {
  LayerChangeKind kind;
  char *path;   /* as written, normalised; "" is the root */
  char *target; /* of a link, as written; why it is ODD; else NULL */
} LayerChange;

/* In the place of a change: the file is found wherever it is, by its path. */
#define LAYER_ANYWHERE UINT_MAX

/* A file of the layer that a detector read. */
typedef struct {
  unsigned change; /* index of its CHANGE_FILE, or LAYER_ANYWHERE */
  char *location;  /* the fixed place that it was read for, which says which detector that was; or
                      its path */
  bool broken;     /* packages are missing */
  char *declares;  /* purl type of what it would declare, for a lock file that does not parse:
                      packages are missing where such would count (applications.h); or NULL */
  bool elsewhere;  /* a symbolic link that leads out of its layer: of an image with others,
                      packages may be missing; with `declares`, under the same condition */
} LayerFile;

/* A program or a library: digits of its digests, of those that were made; else "". */
typedef struct {
  char *path;
  uint32_t mode;
  char digits[3][17]; /* by SumKind (inspect/integrity/integrity.h) */
  uint32_t md5; /* from 1 on: program_sums_finish() writes these digits; 0: it has, or not asked */
} ProgramSums;

/* How much of a layer ClamAV judged, of what it was to judge. */
typedef enum {
  CLAMAV_JUDGED,  /* all; or it is not asked */
  CLAMAV_IN_PART, /* it could not judge some files, and may the next time */
  CLAMAV_AWAY,    /* it did not answer */
  CLAMAV_REFUSED, /* it will not judge some files, as long as it is this one */
  CLAMAV_LOST,    /* it went away while it judged */
} ClamavState;

typedef struct {
  Digest layer;       /* of the packed bytes; empty text when unknown (rootfs:) */
  Digest diff_id;     /* of the unpacked bytes, computed */
  uint32_t detectors; /* detectors_fingerprint() of who made it, or LAYER_FORMAT_FIRST */
  uint64_t packed_bytes, unpacked_bytes, entries;
  ClamavState clamav;
  /* What ClamAV said its signatures were before ("": it had said nothing yet); NULL: nothing was
   * for it to judge. And the size of the smallest file that it refused for that; 0: none. */
  char *clamav_judged_by;
  uint64_t clamav_too_large;
  bool clamav_unnamed;     /* it did not judge files that `unread` does not name. Of this inspection
                              alone: no part of the JSON */
  GPtrArray *packages;     /* Package */
  GPtrArray *releases;     /* OsRelease, each of another read */
  GPtrArray *observations; /* Observation */
  GPtrArray *changes;      /* LayerChange */
  GPtrArray *reads;        /* LayerFile, in no order that matters */
  GPtrArray *removed; /* char *: what the layer removes or replaces of what lower ones have anywhere
                         (finds.h): paths, which end in a slash where only what is below is meant */
  GPtrArray *links;   /* char *: symbolic links that other layers may have, which the layer was
                         inspected for as well: path, target, path, target */
  GPtrArray *unread; /* char *: what could not be followed whole, so that packages may be missing */
  GPtrArray *tables; /* char *: digests of a table of contents that says what the tar says */
  GPtrArray *notes;  /* LayerNote; at most 1000, then one that says so */
  GPtrArray *sums; /* char *: of a database of packages its location, a package, the kind of digest,
                      and what it says of programs and libraries (inspect/integrity/integrity.h);
                      in turn */
  GPtrArray *programs; /* char *: a program or a library that is not as these say: digit of its
                          set-id bits, its digests, its path */
  char *weights;       /* what its entries weigh (weights.h); NULL: not known */
  GPtrArray *named;    /* char *: paths of some entries of `weights`: index, blank, path */
  GPtrArray *hashed;   /* ProgramSums. In the worker alone: no part of the JSON */
  GPtrArray *owned;    /* char *: a distribution's package, the paths that it owns, and "" for a
                          foreign one, else NULL; in turn. In the worker alone, which takes
                          Package.owner from them: no part of the JSON */
  GPtrArray *licences; /* char *: a deb, and what its copyright file says of licences, in turn;
                          likewise in the worker alone */
  uint64_t content; /* a checksum of the one file that it is of; 0: not known. In the worker alone
                     */
  size_t symbol_bytes; /* spent of LAYER_SYMBOL_BYTES_MAX */
  size_t sum_bytes;    /* spent of LAYER_SUM_BYTES_MAX */
  size_t owned_bytes;  /* spent of LAYER_OWNED_BYTES_MAX */
  size_t file_bytes;   /* spent of LAYER_FILE_BYTES_MAX */
  size_t admitted;     /* what image_inventory_admit() counted of it */
  GHashTable
      *malicious; /* set: rule, LF, path, LF, `same` of what is malicious. In the worker alone */
  bool overfull;  /* it has more packages than are kept */
  const char *declares; /* of the one file that it is of: LayerFile.declares; static. In the worker
                           alone */
} LayerInventory;

LayerInventory *layer_inventory_new(void);
void layer_inventory_free(LayerInventory *inventory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerInventory, layer_inventory_free)

/* More than any system that people build has. A package takes 4.7 KB or so, of which the half is
 * its JSON, while an image is scanned: 75,000 take 360 MB. */
#define LAYER_PACKAGES_MAX     75000
#define LAYER_CHANGES_MAX      60000
#define LAYER_READS_MAX        100000
#define LAYER_OBSERVATIONS_MAX 20000
#define LAYER_REMOVED_MAX      60000
#define LAYER_UNREAD_MAX       1000 /* more are not remembered */
#define LAYER_TABLES_MAX       2    /* of one table, packed and not */
/* That a layer is inspected for, beside its own; and the bytes of all. */
#define LAYER_LINKS_MAX      200
#define LAYER_LINK_BYTES_MAX ((size_t)16 * 1024)
/* The package whose list would pass it, and those after it, have none. */
#define LAYER_FILE_BYTES_MAX ((size_t)4 * 1024 * 1024)
/* The packages after those that spend it have none: what is linked of them is not known. */
#define LAYER_SYMBOL_BYTES_MAX ((size_t)8 * 1024 * 1024)
/* The lists of owned paths that would pass it are forgotten: what they own is found twice then. */
#define LAYER_OWNED_BYTES_MAX ((size_t)32 * 1024 * 1024)
/* What programs and libraries should be beyond these is not known: the layer is unread then. */
#define LAYER_SUM_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define LAYER_PROGRAMS_MAX  20000u
/* Takes @package over; its source defaults to itself. One whose name or version no system could
 * have (empty, not printable, longer than 1 KiB) leaves its database unread; one too many,
 * `overfull`. */
void layer_inventory_add_package(LayerInventory *inventory, Package *package);

/* One that an application brings. @type, @name, @version, @location: copied; the name as the
 * ecosystem writes it (Maven: "group:artifact", npm: "@scope/name", Go: the module's path, PyPI:
 * normalised). The version as the file has it, without what is no part of it ("v" of Composer).
 * What no package can have as a name or a version is left out with a note: applications bring odd
 * files along, and these are not installed. The others: the new one, to add licences to (transfer
 * none), or NULL. */
Package *layer_inventory_add_application(LayerInventory *inventory, const char *type,
                                         const char *name, const char *version,
                                         const char *location);

/* @symbols: (transfer full), or NULL. */
void layer_inventory_set_symbols(LayerInventory *inventory, Package *package, char *symbols);

/* That the distribution's package @package owns @paths, each with a LF after it. @foreign: as
 * Package.foreign_owner. Copies. */
void layer_inventory_add_owned(LayerInventory *inventory, const char *package, Slice paths,
                               bool foreign);

/* That the database at @location says @sums of a package's programs. Copies. */
void layer_inventory_add_sums(LayerInventory *inventory, const char *location, const char *package,
                              const char *kind, const char *sums);

/* That the deb @package has these @licences. Copies; of more than LAYER_LICENCES_MAX nothing. */
#define LAYER_LICENCES_MAX 20000u
void layer_inventory_add_licence(LayerInventory *inventory, const char *package,
                                 const char *licences);

/* Of one file, malicious content apart from all else; the others are left out, and the file is
 * unread, or not looked through. */
#define LAYER_FILE_OBSERVATIONS_MAX 2000u
/* Copies, with texts made printable and cut. Malicious content is taken once for a rule, a path
 * and `same`: an archive may have two members of one name. */
void layer_inventory_add_observation(LayerInventory *inventory, const Observation *observation);

/* For an observation of malicious content in a whole layer's: where there is no room for one more,
 * the last of another kind goes, which is told. False: there is none. */
bool layer_inventory_make_room(LayerInventory *inventory);

/* What is in the file at @path, packages or what is to be observed, is missing: a note of @kind
 * says why. */
void layer_inventory_add_unread(LayerInventory *inventory, const char *kind, const char *path,
                                const char *detail);

/* In ImageInventory.unread, with the reason in brackets: nothing is known of how the image is
 * built. */
#define CONFIGURATION_UNREAD "image config"
/* In `unread`, before a place and the reason in brackets: what ClamAV did not judge, and what was
 * not looked through for malicious content, for secrets, for weak settings. The image counts as
 * unscanned for these, not for packages. */
#define MALWARE_UNREAD     "malware in "
#define MALWARE_UNSCANNED  "malicious content of "
#define SECRETS_UNSCANNED  "secrets of "
#define SETTINGS_UNSCANNED "settings of "
/* What is unread of packages in the file at @path, which may be called like one of these. (transfer
 * full) */
char *layer_unread_of_path(const char *path);
/* Adds to `unread`: once, and no more than LAYER_UNREAD_MAX, in which gaps of malware and the first
 * of each kind have room of their own. */
void layer_inventory_add_gap(LayerInventory *inventory, const char *unread);
bool layer_unread_is_of_malware(const char *unread);
/* Whether it counts when a later layer removes the file, too: whoever has the image has it. */
bool layer_unread_stays(const char *unread);
/* What is left out of observations of @kind is @prefix of: one of these. */
const char *layer_prefix_of(ObservationKind kind);
/* The one of these that @unread begins with; NULL: it is of packages. */
const char *layer_unread_prefix(const char *unread);
/* Notes @why, which ends without a full stop, and adds to `unread`; @prefix is one of these. @what:
 * in the place of @path there. */
void layer_inventory_add_unscanned(LayerInventory *inventory, const char *prefix, const char *path,
                                   const char *what, const char *why);

#define LAYER_NOTES_MAX 1000
/* Copies, made printable. After the last that fits comes one that says there are more. */
void layer_inventory_add_note(LayerInventory *inventory, const char *kind, const char *path,
                              const char *detail);

#define LAYER_CHANGE_DEPTH_MAX 1000u
/* Copies. False: there are too many, and it was noted as unread. */
bool layer_inventory_add_change(LayerInventory *inventory, LayerChangeKind kind, const char *path,
                                const char *target);
/* Copies. What is too much is noted as unread: what lower layers have there seems to be there. */
void layer_inventory_add_removed(LayerInventory *inventory, const char *path, bool only_below);
/* Index of the new one. */
unsigned layer_inventory_add_read(LayerInventory *inventory, unsigned change, const char *location,
                                  bool broken, const char *declares);

/* The path of an entry of `weights`; of more than LAYER_NAMED_MAX nothing. Copies, made printable.
 */
#define LAYER_NAMED_MAX 1000u
void layer_inventory_add_named(LayerInventory *inventory, guint entry, const char *path);

json_t *layer_inventory_to_json(const LayerInventory *inventory);
LayerInventory *layer_inventory_from_json(const json_t *json, GError **error);
