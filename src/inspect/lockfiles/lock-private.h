/* What the families of lock files share. */
#pragma once

#include "base/json.h"
#include "inspect/lockfiles/lockfiles.h"

/* Values of JSON or TOML: some 100 bytes each. */
#define LOCK_VALUES_MAX ((size_t)400000)

typedef struct {
  LayerInventory *into;
  const char *location;
  const char *type;  /* purl type of what is added */
  GHashTable *added; /* what it has, once each: its name and version -> Package, or NULL */
  GString *unknown;  /* lock_skip(): the first names */
  unsigned skipped;
  bool may_be_odd;  /* where it does not parse, it may be something else, or be meant not to */
  bool development; /* what is added is for development: a reader sets and takes back this */
} Lock;

/* Adds a package. NULL, where name or version are missing, odd or there already; one that is used
 * and for development is used. (transfer none) */
Package *lock_add(Lock *lock, const char *name, const char *version);
/* The same of parts of the text, as they are. */
Package *lock_add_slices(Lock *lock, Slice name, Slice version);
/* The same of Maven's coordinates. */
Package *lock_add_maven(Lock *lock, const char *group, const char *artifact, const char *version);
/* A package that the file names without one version: "flask", or "flask>=2". */
void lock_skip(Lock *lock, const char *name);
/* A note of these: they are compared with no advisory. */
void lock_note_skipped(Lock *lock);
/* Its licence, where the file has one. */
void lock_set_licenses(Package *package, const char *licenses);

/* The file does not parse: a note says so, and packages may be missing (LayerFile.declares). */
void lock_is_broken(Lock *lock, const char *why);
/* NULL, with a note, where it is no object; unread, where it is too large. As json_parse_lenient():
 * the tools that wrote it read it so. (transfer full) */
json_t *lock_json(Slice bytes, Lock *lock);
/* The same with comments, and with commas after the last value. (transfer full) */
json_t *lock_json5(Slice bytes, Lock *lock);
/* The same of TOML. (transfer full) */
json_t *lock_toml(Slice bytes, Lock *lock);

/* The first part of @text, up to @separator; all of it where there is none. */
Slice lock_before(Slice text, uint8_t separator);
/* The position of the last @byte, or -1. */
gssize lock_find_last(Slice text, uint8_t byte);
/* Splits "name@version" at the last "@" that is not the first byte (of a scope). */
bool lock_split_at(Slice text, Slice *name, Slice *version);
/* The same at the first such "@". */
bool lock_split_name(Slice text, Slice *name, Slice *version);
/* Without quotes of one kind around it. */
Slice lock_unquote(Slice text);
/* Begins with a digit, as a version that is no address does. */
bool lock_is_number(const char *version);
