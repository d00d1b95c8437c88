/* `assay check`: what would keep a server from starting, or from doing its work, found without
 * starting one. Changes nothing on disk. */
#pragma once

#include <glib.h>

#include "server/config.h"

typedef enum {
  CHECK_OK,
  CHECK_WARNING, /* works, but perhaps not as meant */
  CHECK_PROBLEM, /* the server would not start, or not do its work */
} CheckState;
const char *check_state_name(CheckState state); /* "ok", "warning", "problem" */

typedef struct {
  CheckState state;
  const char *subject; /* "configuration", "policy", "data": what was looked at */
  char *text;          /* what it is; of a problem, with what to do */
} CheckLine;
void check_line_free(CheckLine *line);

/* Adds to @lines (CheckLine) what there is to say of the policy, the certificate and its key with
 * the modes of their files, files that the feeds name, the data folder and whose it is, the cage,
 * and the addresses: at least a line each. While a server serves @data_folder, addresses are not
 * tried, for it has them. Blocks on the disk and on names. */
void server_check(const Config *config, const char *data_folder, GPtrArray *lines);
/* Adds a line for each of @text's. */
void check_add_lines(GPtrArray *lines, CheckState state, const char *subject, const char *text);
