/* YAML files against a schema: libcyaml behind one call that turns its log into one GError with
 * file, line and key. For what operators write (config, policies), not for hostile bytes. */
#pragma once

#include <cyaml/cyaml.h>
#include <glib.h>
#include <stdbool.h>

#include "base/slice.h"

#define YAML_TEXT_MAX ((size_t)1024 * 1024)

/* Loads @text (of @name, for messages) by @schema, whose top value is a CYAML_FLAG_POINTER mapping.
 * Unknown keys, wrong types, aliases and broken YAML are ASSAY_ERROR_INVALID. A text that holds
 * nothing gives true with *@data NULL. *@data goes back through yaml_data_free(). */
bool yaml_data_load(Slice text, const char *name, const cyaml_schema_value_t *schema, void **data,
                    GError **error);
void yaml_data_free(const cyaml_schema_value_t *schema, void *data);

/* An optional member `bool *`. libcyaml's own booleans take every word that is not "false" for
 * true, mistyped ones, too. */
extern const cyaml_strval_t yaml_booleans[4];
#define YAML_OPTIONAL_BOOLEAN(structure, member)                                                   \
  CYAML_FIELD_ENUM_PTR(#member, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT,      \
                       structure, member, yaml_booleans, 4)

/* The line, from 1, where the value at @path ("policies[0].vulnerabilities.grace"; entries count
 * from 0) stands in @text, for messages about what a schema cannot check; 0 when it is not there.
 */
unsigned yaml_line_of(Slice text, const char *path);

/* "4MiB", "10 GiB", "500kB", "4096" in bytes; "30s", "10m", "24h", "7d", "90" in seconds. @key
 * names the setting in the message: ASSAY_ERROR_INVALID. */
bool size_parse(const char *text, const char *key, uint64_t *bytes, GError **error);
bool duration_parse(const char *text, const char *key, uint64_t *seconds, GError **error);
