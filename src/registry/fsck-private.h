/* What the files of the check share. */
#pragma once

#include "registry/fsck.h"

typedef struct {
  Registry *registry;
  const FsckOptions *options;
  unsigned done; /* folders */
} Fsck;

static inline void
fsck_tell(const Fsck *fsck, FsckKind kind, const char *repository, const char *object,
          const char *detail, bool repaired)
{
  const FsckFinding finding = {kind, object, repository, detail, repaired};
  fsck->options->found(&finding, fsck->options->data);
}
/* Links, manifests, references and uploads. */
bool fsck_rows(Fsck *fsck, GError **error);
