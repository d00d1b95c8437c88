/* The roles that an installation adds to the built-in ones (roles.h): a name for a set of verbs. A
 * change and its event are one transaction, and counts at once for all bindings of the role. So
 * whoever makes or changes one must have all its rights on all that there is (delegation.h). All of
 * this blocks. */
#pragma once

#include "access/access.h"

#define ROLES_MOST 1000u

typedef struct {
  char *name;
  char **verbs; /* NULL-terminated words */
  char *description;
  bool built_in;
  int64_t created; /* microseconds since 1970; 0: built in */
  char *created_by;
} RoleRow;
void role_row_free(RoleRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RoleRow, role_row_free)

/* The built-in ones, then the others by name: RoleRow. (transfer full) */
GPtrArray *roles_list(Access *access, GError **error);
/* NULL: ASSAY_ERROR_NOT_FOUND, or another. (transfer full) */
RoleRow *role_get(Access *access, const char *name, GError **error);

/* @verbs: NULL-terminated. ASSAY_ERROR_INVALID, _EXISTS, _LIMIT, _DENIED. */
bool roles_create(Access *access, const Principal *by, const char *name, const char *const *verbs,
                  const char *description, GError **error);
/* NULL: stays as it is. ASSAY_ERROR_NOT_FOUND, also of a built-in one; _INVALID, _DENIED. */
bool roles_change(Access *access, const Principal *by, const char *name, const char *const *verbs,
                  const char *description, GError **error);
/* ASSAY_ERROR_EXISTS: bindings have it. */
bool roles_delete(Access *access, const Principal *by, const char *name, GError **error);
