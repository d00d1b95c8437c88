/* What opens a key: read from a file or the environment, and wiped when it leaves scope. */
#pragma once

#include "base/slice.h"

void secret_text_wipe(char **text);
void secret_bytes_wipe(GBytes **bytes);
#define auto_secret_text  __attribute__((cleanup(secret_text_wipe))) char
#define auto_secret_bytes __attribute__((cleanup(secret_bytes_wipe))) GBytes

/* *secret: the first line of @file, or where that is NULL the first of @variables (NULL ends them)
 * that is set; (transfer full), or NULL: there is none. ASSAY_ERROR_NOT_FOUND, _IO: the file cannot
 * be read. */
bool secret_find(const char *file, const char *const *variables, char **secret, GError **error);
