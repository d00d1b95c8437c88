/* What the operator decides of the advisories: which feeds there are, and how often they are asked.
 * Without `feeds` these are the public ones, which the row of each type of feed names; none where
 * the database comes from a registry. */
#pragma once

#include "base/settings.h"

typedef struct {
  char *name; /* unique; what `assay db status` shows */
  char *type; /* FeedType.type */
  char *url;
  char *path;      /* a file or folder instead of a URL */
  char *suite;     /* debian-repo: "bookworm-security" */
  char *keyring;   /* debian-repo: keyring file; default the distribution's own */
  char *sources;   /* debian-repo: read the changelogs of these source packages only, "a,b,c"; NULL:
                      of all. The others' updates are known without their CVE numbers */
  char *ecosystem; /* osv, updateinfo: "AlmaLinux:9", "npm", "rocky:9" */
  bool disabled;
} FeedSettings;

/* A database that another one publishes to a registry (`assay db push`). */
typedef struct {
  char *reference; /* HOST[:PORT]/REPOSITORY[:TAG]; NULL: there is none */
  char *authfile;  /* who we are to the registry; NULL: the usual places */
  char *cert_dir;  /* certificates for it; NULL: the usual places */
  bool insecure;   /* plain HTTP, and certificates that nobody signed */
} AdvisoryRegistrySettings;

typedef struct {
  AdvisoryRegistrySettings advisory_registry;
  FeedSettings *feeds;
  unsigned feeds_count;
  uint32_t feed_interval; /* seconds between updates by the server itself; 0: only by hand; 21600 */
  char *ca_file;          /* extra trust anchors for what we download, PEM */
} AdvisorySettings;

extern const Section advisory_settings_section;
