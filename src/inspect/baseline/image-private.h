/* An image as checks see it. */
#pragma once

#include "inspect/baseline/image.h"
#include "inventory/rule.h"

/* The facts of one file, in the order of their lines. */
typedef struct {
  const char *path;
  GPtrArray *facts; /* ImageObservation; borrowed */
} FactsOfFile;

typedef struct {
  const ImageInventory *image;
  GPtrArray *files;    /* FactsOfFile, by path */
  GHashTable *by_path; /* path -> FactsOfFile */
  GPtrArray *found;    /* ImageObservation: weaknesses */
  GHashTable *told;    /* set: rule, path and line of these */
  GPtrArray *unread;   /* of the image: what is not followed whole */
  uint64_t work;       /* spent of BASELINE_WORK_MAX */
} Baseline;

/* Comparisons of characters for the patterns of includes, and of settings with each other, which
 * strangers write; past it, patterns take in nothing, and the image is not read whole. Honest
 * images need a thousandth. */
#define BASELINE_WORK_MAX ((uint64_t)100 * 1000 * 1000)
/* Takes @work of it. False: it is spent, and the image counts as unread. */
bool baseline_spend(Baseline *baseline, uint64_t work);

typedef struct BaselineCheck BaselineCheck;
struct BaselineCheck {
  const char *rule; /* of inventory/rules/ */
  void (*run)(Baseline *baseline, const BaselineCheck *check);
  const char *key;    /* for run(): the key of a fact, with its service: "sshd.permitrootlogin" */
  const char *values; /* for run(): words that are weak, with blanks between; NULL: any is */
};
typedef struct {
  const BaselineCheck *checks;
  size_t count;
} BaselineChecks;
/* NULL-ended: a line a file. */
extern const BaselineChecks *const baseline_checks[];

/* --- what is there --- */

/* The facts of the file at @path; NULL: it has none. (transfer none) */
const FactsOfFile *baseline_file(const Baseline *baseline, const char *path);
/* Of those whose paths fit @pattern as a shell's would, sorted as glob(3) does. (transfer
 * container): FactsOfFile */
GPtrArray *baseline_glob(Baseline *baseline, const char *pattern);
/* Whether a package of one of these @names is installed, or a program of one of them is in a folder
 * of programs; with blanks between. */
bool baseline_has(const Baseline *baseline, const char *names);

/* --- settings --- */

/* A fact as it counts: where files include each other, in the block of the including file. */
typedef struct {
  const ImageObservation *of;
  char *scope; /* or NULL */
} ServiceSetting;

typedef struct {
  const char *folder;   /* relative paths of includes begin here; NULL: in that of the file */
  const char *include;  /* the key of facts that take in files by a pattern */
  const char *optional; /* another one; or NULL */
  const char *folders;  /* of those that take in the files of a folder; NULL: there are none */
  /* Of a file in such a folder: whether it is read. NULL: each is. */
  bool (*takes)(const char *name);
} Includes;

/* What the service reads that begins with the file at @root, in its order. Where that is more than
 * is followed, the image counts as unread. (transfer full): ServiceSetting */
GArray *baseline_read(Baseline *baseline, const char *root, const Includes *includes);

/* Where a service's settings begin: the first file that is there counts; relative includes begin in
 * the root. */
typedef struct {
  const char *file, *root;
} BaselineRoot;
/* What a server reads that takes in files by "include" and "includeoptional". NULL: no package or
 * program of these @names is there (baseline_has()), or no file. (transfer full): ServiceSetting */
GArray *baseline_read_first(Baseline *baseline, const char *names, const BaselineRoot *roots,
                            size_t count);

/* "permitrootlogin" of "sshd.permitrootlogin". */
const char *setting_key(const ServiceSetting *setting);
const char *setting_value(const ServiceSetting *setting);
bool setting_is(const ServiceSetting *setting, const char *key);
/* The last of its key, or NULL. @settings: ServiceSetting */
const ServiceSetting *setting_last(const GArray *settings, const char *key);

/* --- what is weak --- */

/* A weakness by @rule, where @of is. @severity: unknown is that of the rule. The evidence is
 * @format. One at each place. */
G_GNUC_PRINTF(5, 6)
void baseline_tell(Baseline *baseline, const char *rule, const ImageObservation *of,
                   Severity severity, const char *format, ...);

/* --- run() of simple checks --- */

/* Each fact of the check's key and values is weak, in whatever file it is. */
void baseline_check_fact(Baseline *baseline, const BaselineCheck *check);
