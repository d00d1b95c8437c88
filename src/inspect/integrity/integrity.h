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
/* Whether that folder is one of programs; whether the name is that of a shared object. */
bool integrity_is_program(const char *path);
bool integrity_is_library(const char *path);
/* Whether a link at @path may lead to such a file, or be in the place of one: the folders of
 * programs and libraries, those above, and all below. */
bool integrity_leads(const char *path);
/* How a path of before the merge of /usr is called after it: "bin/ls" is "usr/bin/ls". (transfer
 * full) */
char *integrity_merged_path(const char *path);

/* Rises like a detector's version, when lists of sums have other paths. */
#define INTEGRITY_VERSION 2u

/* --- what a database says --- */

typedef enum { SUM_MD5, SUM_SHA1, SUM_SHA256, SUM_KINDS } SumKind;
#define SUM_ALL_KINDS ((1u << SUM_KINDS) - 1) /* as a set of bits */
/* "md5", "sha1", "sha256" */
extern const char *const sum_kind_names[];
/* SUM_KINDS: it is none of these. */
SumKind sum_kind_of(const char *name);
/* How many hex digits of a digest are kept. */
#define SUM_DIGITS 16u
/* Those of @digest, and a NUL. */
void sum_write_digits(const uint8_t *digest, char *digits);

/* Where the file of a sum is; what is in the layer and no program is left out of the list. */
#define SUM_UNMATCHED '-' /* not in the layer, or another */
#define SUM_MATCHED   '=' /* in the layer */
#define SUM_MERGED    '+' /* in the layer at integrity_merged_path() */

/* In the place of a set-id digit: the database says that the package has a symbolic link there. */
#define SUM_OF_LINK 'l'

/* A list of one package being made: a line for each folder, with a slash at its end, and one for
 * each file in it: SUM_UNMATCHED, the mode's set-id digit or "-" when it is not known, the digits,
 * the name. */
typedef struct {
  GString *text;
  GString *folder; /* the last that was written */
  GArray *files;   /* uint64_t, for own_files_add(): of all files */
} SumList;
SumList *sum_list_new(void);
void sum_list_free(SumList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SumList, sum_list_free)
/* @path: with or without a slash before it. @digest: hex, of any length from SUM_DIGITS on. @mode:
 * with S_IFLNK of a link; NULL: not known. What is not looked at is left out, except for
 * own_files_add(). */
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
/* The file of the next entry, at @path, is at @place in the end, for the layer has links. Copies.
 */
void program_sums_expect(const char *path, const char *place);
/* Which digests a layer without a database of packages needs, for all that its paths tell: a set
 * of SumKind. */
unsigned program_sums_sure_kinds(void);
/* Which digests were made: a set of SumKind. */
unsigned program_sums_kinds(const ProgramSums *sums);
/* Writes the digits that were not ready when the file ended. Before the next layer begins. */
void program_sums_finish(ProgramSums *sums);

/* Digests of a file: one after the other. The end frees it, and writes only those of its kinds. */
typedef struct ProgramHash ProgramHash;
ProgramHash *program_hash_new(unsigned of_kinds);
void program_hash_add(ProgramHash *hash, Slice bytes);
void program_hash_end(ProgramHash *hash, ProgramSums *sums);

/* --- in LayerInventory.programs --- */

/* What is otherwise than a database of the layer says, or of no package. First a set-id digit, a
 * blank, digits of each kind with a blank after them, and the path of a file; or one of these, and
 * what follows. */
#define PROGRAM_LINK   'l' /* " 12 PATHTARGET": a symbolic link, and how long its path is */
#define PROGRAM_FOLDER 'd' /* " PATH" */
#define PROGRAM_OTHER  'o' /* " PATH": a device, a FIFO */

/* --- of an image --- */

/* The rule of the facts of diversions. */
#define INTEGRITY_DIVERSION "dpkg.diversion"
/* Adds WEAKNESS observations to @image, of which all but `observations` is known, with its facts.
 */
void integrity_of_image(ImageInventory *image);
