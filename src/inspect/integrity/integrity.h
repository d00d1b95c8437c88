/* Whether the programs and libraries of an image are those of its packages.
 *
 * Databases of packages say what each file's digest is. A layer is read once, and may hold a file
 * without the database, or the other way round; so its inventory has both, as far as programs and
 * libraries go, with digests cut to 64 bits: what the databases say (LayerInventory.sums), each
 * marked when the layer has that very file, and the layer's files that are otherwise
 * (LayerInventory.programs). The image compares the file that is there in the end with the database
 * that is there in the end (integrity_of_image()).
 *
 * Settings, documentation, locales and data are not looked at: they are changed and left out for
 * good reasons. */
#pragma once

#include "inspect/detector.h"
#include "inventory/image.h"

/* Digests of programs and libraries; which paths of programs dpkg's diversions name, as facts. */
extern const Detector program_sums_detector, dpkg_diversions_detector;

/* Whether a file at @path, as in a tar, is a program or a library by its name: in a folder of
 * programs, a shared object, or without an extension below a folder of libraries. */
bool integrity_looks_at(const char *path);
/* Whether that folder is one of programs. */
bool integrity_is_program(const char *path);
/* How a path of before the merge of /usr is called after it: "bin/ls" is "usr/bin/ls". (transfer
 * full) */
char *integrity_merged_path(const char *path);

/* Rises like a detector's version, when lists of sums have other paths. */
#define INTEGRITY_VERSION 1u

/* --- what a database says --- */

typedef enum { SUM_MD5, SUM_SHA1, SUM_SHA256, SUM_KINDS } SumKind;
/* "md5", "sha1", "sha256" */
extern const char *const sum_kind_names[];
/* SUM_KINDS: it is none of these. */
SumKind sum_kind_of(const char *name);
/* How many hex digits of a digest are kept. */
#define SUM_DIGITS 16u

/* Where the file of a sum is; what is otherwise in the layer is left out of the list. */
#define SUM_UNMATCHED '-' /* not in the layer, or another */
#define SUM_MATCHED   '=' /* in the layer */

/* A list of one package being made: a line for each folder, with a slash at its end, and one for
 * each file in it: SUM_UNMATCHED, the mode's set-id digit or "-" when it is not known, the digits,
 * the name. */
typedef struct {
  GString *text;
  GString *folder; /* the last that was written */
} SumList;
SumList *sum_list_new(void);
void sum_list_free(SumList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SumList, sum_list_free)
/* @path: with or without a slash before it. @digest: hex, of any length from SUM_DIGITS on. @mode:
 * NULL: not known. What is not looked at is left out. */
void sum_list_add(SumList *list, Slice path, Slice digest, const uint32_t *mode);
void sum_list_clear(SumList *list);
/* Gives it to @inventory, if there is anything in it, and empties it. @location: of the database
 * that says so. */
void sum_list_end(SumList *list, const char *location, const char *package, SumKind kind,
                  LayerInventory *inventory);

/* One of a list that is read again. */
typedef struct {
  char mark, set_id;
  Slice digits;
  const char *path; /* until the next */
} Sum;
/* @path: what it writes the path to. False at the end, and where the list is none. */
bool sum_list_next(Slice *rest, GString *path, Sum *sum);

/* --- in the worker --- */

/* A layer begins: which digests it needs is not known. */
void program_sums_begin(void);
/* Writes the digits that were not ready when the file ended. Before the next layer begins. */
void program_sums_finish(ProgramSums *sums);

/* --- of an image --- */

/* The rule of the facts of diversions. */
#define INTEGRITY_DIVERSION "dpkg.diversion"
/* Adds WEAKNESS observations to @image, of which all but `observations` is known, with its facts.
 */
void integrity_of_image(ImageInventory *image);
