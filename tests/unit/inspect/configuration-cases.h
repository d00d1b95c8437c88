/* What each check of an image's configuration must see, must not see, and must not be deceived by.
 */
#pragma once

#include <stddef.h>

/* Of Dockerfiles: what comes after "FROM a:1"; or all of it, where it begins with FROM, ARG or "#".
 */
typedef struct {
  const char *rule;
  const char *positive, *negative, *trap;
} ConfigurationCase;
extern const ConfigurationCase dockerfile_cases[];
extern const size_t dockerfile_case_count;

/* Of histories: one entry, as a builder writes it; or a config that begins with "{". */
extern const ConfigurationCase history_cases[];
extern const size_t history_case_count;
