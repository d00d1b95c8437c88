/* A namespace: what is set for it, and which repositories are its own (namespaces.h reads and sets
 * it). Pure. */
#pragma once

#include <glib.h>

#include "base/json_table.h"
#include "inventory/finding_kind.h"

/* Of one list. */
#define NAMESPACE_PATTERNS_MAX      100u
#define NAMESPACE_PATTERN_BYTES_MAX 512u

/* What a namespace holds. A blob counts once, however many of its repositories have it; deleted
 * images that can be brought back count with their bytes alone. */
typedef struct {
  uint64_t bytes, images, tags;
} NamespaceUsage;

/* The bill of materials that the registry keeps beside each image (pipeline/sboms.h). */
typedef enum { SBOM_NONE, SBOM_CYCLONEDX, SBOM_SPDX } SbomFormat;
extern const char *const sbom_format_names[]; /* "none", and the names of report formats */

typedef struct {
  char *name;
  /* Of tags that neither move nor go: "v*", or "app/web:v*" with the repository's whole name. One
   * that begins with "!" takes out again what it matches. Never NULL. */
  GPtrArray *immutable; /* char * */
  /* What it may hold; 0: as much as there is room for. */
  uint64_t quota_bytes, quota_images, quota_tags;
  SbomFormat sbom;
  /* What is not looked for in its images: shown nowhere, and blocking nothing. */
  FindingKinds without;
  char *scan; /* when its images are scanned first: scan_time.h */
  /* Which of these two are not set, and so what the server's configuration says. Never NULL. */
  GPtrArray *inherited; /* char * */
  NamespaceUsage *used; /* NULL: it is being counted, after an upgrade */
  uint64_t version;     /* rises with each change; 0: nothing was ever set */
  int64_t changed;      /* microseconds since 1970; 0: never */
} Namespace;
void namespace_free(Namespace *space);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Namespace, namespace_free)

/* As the API has it. */
extern const JsonTable namespace_table, namespace_usage_table;

/* The namespace of @repository. (transfer full) */
char *namespace_of(const char *repository);
