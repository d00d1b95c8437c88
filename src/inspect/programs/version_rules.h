/* How the version of a program is known from its own bytes: tables of rules, by the name of the
 * file. For what was put into an image by hand; what a distribution's package owns is matched by
 * the distribution's advisories (the owner is found elsewhere).
 *
 * A rule's pattern is one of PCRE2 over bytes, whose group 1 is the version. It matches 200 bytes
 * at most and repeats nothing without a bound, so that no bytes make it slow. What is further away
 * from the version is in `near`. Rules of the same file names that are next to each other are one
 * program: the first of them that matches anywhere in the file counts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define VERSION_RULE_NEAR_MAX 1000

typedef enum {
  RULE_TEXT = 1,   /* the file needs no NUL, but is no script */
  RULE_SCRIPT = 2, /* the file may be a script as well, or an archive of PHP */
  RULE_NAMED = 4,  /* the version begins with the one in the file's name: "python3.11" */
  RULE_WEAK = 8,   /* not for a file with build information of Go, which says it better */
  RULE_APART = 16, /* not one of the alternatives beside it: it counts as well */
  RULE_HEAD = 32,  /* in the first 4 KiB; for files that npm did not install */
} VersionRuleFlags;

/* Parts of patterns. */
#define NUM "[0-9]{1,5}"
#define V2  NUM "\\." NUM
#define V3  NUM "\\." NUM "\\." NUM
/* What is before it is no text. */
#define BARE "(?<![!-~])"
#define NULS "\\x00{1,16}"

typedef struct {
  const char *names; /* patterns of file names, a space between: "*" any characters, "?" one,
                        "#" a digit */
  /* The purl's name; "*": that of the file. NULL: a file of this kind is another program. */
  const char *package;
  const char *pattern;
  const char *type;  /* of the purl; NULL: "generic" */
  const char *needs; /* bytes that are somewhere in the file; or NULL */
  const char *near;  /* bytes that are at most `distance` after the match; or before, if that is
                        negative; or NULL */
  int distance;
  unsigned flags;
  const char *folder; /* bytes that are in the path before the file's name; or NULL */
} VersionRule;

/* Each ends with a rule without names. */
extern const VersionRule version_rules_languages[], version_rules_servers[], version_rules_tools[],
    version_rules_go[], version_rules_browser[];
