/* Which images run where: what admission to clusters of Kubernetes has let in. Retention keeps what
 * runs, and what a vulnerability concerns is found by where it runs.
 *
 * An object (a Deployment, a Pod of nobody's) runs the images that it was last admitted with. What
 * it ran before, and what ran in one that is deleted, is kept as ended for RUNNING_ENDED_DAYS, so
 * that one can go back to it. Only admission tells of an object: one that went while nobody asked
 * stays listed until its cluster is forgotten, or the object is told of again.
 *
 * Notes are taken in memory, where no admission waits for the disk, and written by a job within
 * seconds; what a killed process had not written is lost. All but registry_note_running() block;
 * any thread. */
#pragma once

#include "base/json_table.h"
#include "registry/registry.h"

#define RUNNING_ENDED_DAYS 30
/* Objects that are noted and not written yet; of more, nothing is noted. */
#define RUNNING_NOTED_MOST 50000u

/* An image of an object. */
typedef struct {
  char *cluster, *namespace; /* of Kubernetes */
  char *kind, *name;         /* of the object */
  char *image;               /* its whole name */
  char *repository;          /* of this registry; "": it is another's */
  char *digest;              /* "": not known */
  int64_t since, seen;       /* first and last admitted, microseconds since 1970 */
  int64_t ended;             /* 0: it runs */
} RunningImage;
RunningImage *running_image_new(void);
void running_image_free(RunningImage *image);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunningImage, running_image_free)
/* As the API has it. */
extern const JsonTable running_image_table;

/* The object runs @images (RunningImage, whose object is left out; empty: nothing any more) now.
 * Taken over. Never blocks; nothing happens where nothing can be written. */
void registry_note_running(Registry *registry, const char *cluster, const char *namespace,
                           const char *kind, const char *name, GPtrArray *images);
/* Writes what was noted until now. What cannot be written stays noted. */
bool registry_write_running(Registry *registry, GError **error);
/* Forgets what ended long ago. */
bool registry_cut_running(Registry *registry, GError **error);

/* Members that are NULL do not matter. */
typedef struct {
  const char *cluster, *namespace, *repository;
  const char *digest;      /* of the image, or of one that it is the index of */
  const ImageName *images; /* one of these, in the same way */
  size_t count;
  bool ended; /* also what has ended */
} RunningFilter;
/* At most @limit from @offset on, by cluster, namespace, kind and name; *total counts all. What is
 * only noted yet is written before. (transfer full): RunningImage */
GPtrArray *registry_running(Registry *registry, const RunningFilter *filter, int64_t limit,
                            int64_t offset, uint64_t *total, GError **error);
/* Nothing runs in the cluster any more; *forgotten: how many rows there were. Told as an event. */
bool registry_forget_cluster(Registry *registry, const char *cluster, uint64_t *forgotten,
                             GError **error);
