/* What commands share that make, list and delete things of the API by name: people, teams, robots,
 * tokens, roles, namespaces, endpoints and others. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "cli/server_client.h"
#include "report/columns.h"

/* Sends @body (or NULL); the answer is printed as JSON, or @done as a line of text: "created
 * alice".
 * @format: --format. Gives the exit code. */
int account_send(const char *format, const char *method, const char *path, const json_t *body,
                 const char *done);
/* The same of an answer that holds a secret in its member @key: it is printed alone on standard
 * output, for scripts, and @told on standard error. */
int account_send_for_secret(const char *format, const char *path, const json_t *body,
                            const char *key, const char *told);
/* How a list is shown as a table. */
typedef struct {
  const Column *columns;
  size_t count;
  void (*add_row)(Columns *table, const json_t *one);
  const char *none; /* instead of a table without rows */
  const char *key;  /* of the list in the answer */
} AccountTable;
/* All pages of the list at @path, as a table or as JSON. @format: --format. Gives the exit code. */
int account_list(const char *format, const char *path, const AccountTable *shown);
/* FOLDER/NAME, escaped. (transfer full) */
char *account_path(const char *folder, const char *name);
/* "90d", "12h", a day such as 2027-01-31 (its first moment, in UTC), or a time such as
 * 2027-01-31T12:00:00Z, as the API has it. NULL with ASSAY_ERROR_INVALID. (transfer full) */
char *account_end_time(const char *text, GError **error);
/* The first @size characters of a member, or NULL. (transfer full) */
char *account_short_time(const json_t *object, const char *key, gsize size);
