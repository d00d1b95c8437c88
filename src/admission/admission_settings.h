/* What the operator decides of admission: `admission` in the configuration. */
#pragma once

#include "base/settings.h"

#define ADMISSION_CLUSTERS_MAX 1000u
/* The cluster of those who do not say which they are. */
#define ADMISSION_CLUSTER_DEFAULT "default"

typedef enum {
  ADMISSION_ENFORCE,
  ADMISSION_WARN,    /* what would be refused is admitted with a warning */
  ADMISSION_INHERIT, /* of a cluster: as all */
} AdmissionMode;

/* What becomes of images of other registries. */
typedef enum {
  ELSEWHERE_WARN,
  ELSEWHERE_ALLOW,
  ELSEWHERE_DENY,
  ELSEWHERE_VERIFY, /* their registry is asked, and what it has is judged */
} AdmissionElsewhere;

/* The API of a cluster, for pull secrets; nobody is asked without `in_cluster` or `server`. */
typedef struct {
  bool in_cluster; /* this server runs in a Pod of it: what its service account has there */
  char *server;    /* "https://HOST:PORT", with the next: its first line is the token */
  char *token_file;
  char *ca_file; /* the authority of the server's certificate; NULL: the system's */
} KubernetesSettings;

typedef struct {
  char *name;
  KubernetesSettings kubernetes;
  char *key_file; /* its first line is the secret of the webhooks' URL; NULL: none */
  AdmissionMode mode;
} ClusterSettings;

/* Who may break the glass (broken_glass.h): nobody, unless listed. */
typedef struct {
  char **users, **groups; /* of the clusters */
  uint32_t longest;       /* seconds */
} BreakGlassSettings;

typedef struct {
  char **registries; /* HOST[:PORT] by which clusters name this registry */
  AdmissionMode mode;
  AdmissionElsewhere elsewhere;
  bool on_error;            /* what cannot be judged now is admitted, with a warning */
  char **exempt_namespaces; /* of Kubernetes; patterns */
  char **exempt_images;     /* patterns of whole names */
  BreakGlassSettings break_glass;
  char *authfile; /* by which other registries are asked; NULL: nobody's */
  bool loopback;  /* also those on this machine */
  ClusterSettings *clusters;
  unsigned clusters_count;
} AdmissionSettings;
extern const Section admission_settings_section;

/* The cluster of that name; NULL: it is not listed. (transfer none) */
const ClusterSettings *admission_cluster(const AdmissionSettings *settings, const char *name);
/* The mode for @cluster (or NULL). */
AdmissionMode admission_mode(const AdmissionSettings *settings, const ClusterSettings *cluster);
/* [a-z0-9]([a-z0-9.-]*), at most 63 characters. */
bool admission_cluster_name_is_valid(const char *name);
