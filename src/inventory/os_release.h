/* What an image says of its distribution, os-release(5). */
#pragma once

#include <glib.h>

#include "base/json_table.h"

typedef struct {
  char *location;        /* the place that it was read for: "etc/os-release"; NULL: of none */
  unsigned read;         /* index of the LayerFile that it is of (inventory/layer.h) */
  char *id;              /* "debian"; lower case; never NULL */
  char *version_id;      /* "11", "3.18.4", "9.3"; NULL for a rolling or testing release */
  char *version;         /* VERSION, "22.03 (LTS-SP1)", or NULL */
  char *codename;        /* VERSION_CODENAME, or NULL */
  char *parent_codename; /* UBUNTU_CODENAME or DEBIAN_CODENAME: of the release that a derivative is
                            made from; or NULL */
  char *pretty_name;     /* or NULL */
  GStrv id_like;         /* or NULL */
} OsRelease;

void os_release_free(OsRelease *os);
/* (transfer full), NULL of NULL */
OsRelease *os_release_copy(const OsRelease *os);
extern const JsonTable os_release_table;
