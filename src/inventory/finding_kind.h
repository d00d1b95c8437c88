/* What a finding is of (verdict/finding.h), for whoever chooses among the kinds. Pure. */
#pragma once

/* Stored by name. A new kind is a line here and a name in finding_kind.c. */
typedef enum {
  FINDING_VULNERABILITY, /* a known vulnerability of a package */
  FINDING_MALWARE,       /* a package is malicious (OSV's "MAL-..."), or a file */
  FINDING_SECRET,        /* a credential in a file or in the image's config */
  FINDING_BASELINE,      /* a service or an account is set up weakly */
  FINDING_CONFIGURATION, /* how the image is built or run is */
  FINDING_KINDS,         /* how many there are */
} FindingKind;
const char *finding_kind_name(FindingKind kind); /* "vulnerability" */
extern const char *const finding_kind_names[];

/* Some of the kinds. */
typedef unsigned FindingKinds;
#define FINDING_KIND_BIT(kind) ((FindingKinds)1 << (kind))
