/* Bindings as rows: who was given which role on what, until when, and by whom. rights.h decides by
 * them. A change and its event are one transaction; who changes is held to what delegation.h says.
 * All of this blocks. */
#pragma once

#include "access/access.h"

#define BINDING_PAGE_MOST 1000u

typedef struct {
  Binding binding; /* `who`: the name of the principal or team; `verbs` of the role as it is now */
  int64_t created; /* microseconds since 1970 */
  char *created_by;
} BindingRow;
void binding_row_clear(BindingRow *row);
void binding_row_free(BindingRow *row);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BindingRow, binding_row_clear)
extern const char *const subject_kind_names[]; /* by SubjectKind, ended by NULL */

/* What is asked for; NULL, and a negative kind: all. */
typedef struct {
  int kind;        /* SubjectKind */
  const char *who; /* with SUBJECT_PRINCIPAL or SUBJECT_TEAM */
  const char *role;
  const char *pattern; /* as it was written */
} BindingFilter;

/* Those that @asker manages, with an id above @after, at most @limit: BindingRow. (transfer full)
 */
GPtrArray *bindings_after(Access *access, const Principal *asker, const BindingFilter *filter,
                          int64_t after, unsigned limit, GError **error);
/* ABSENT also where @asker does not manage it. */
Found binding_find(Access *access, const Principal *asker, int64_t id, BindingRow *row,
                   GError **error);

/* Of @wanted: kind, who, role, deny, pattern, tags and until. *id: the new one's, which is never
 * used again. Errors: ASSAY_ERROR_INVALID, _NOT_FOUND (no such principal, team or role), _EXISTS
 * (there is the same), _DENIED (delegation.h). */
bool bindings_create(Access *access, const Principal *by, const Binding *wanted, int64_t *id,
                     GError **error);
/* _NOT_FOUND; _DENIED; _EXISTS: nobody would be an administrator any more. */
bool bindings_delete(Access *access, const Principal *by, int64_t id, GError **error);

/* Lets everybody pull what is in namespace @space, also without a log-in, or ends that. Nothing
 * happens where it is so already; else it is one event, "namespace.changed". */
bool bindings_make_public(Access *access, const Principal *by, const char *space, bool public,
                          GError **error);
/* Whether that is so. */
bool bindings_is_public(Access *access, const char *space, bool *public, GError **error);

/* In the transaction that gives a repository (or all @below a namespace) another name: those whose
 * pattern names it speak of the new name. access_forget() after the commit. */
bool bindings_follow_move(SqlConnection *db, const char *from, const char *to, bool below,
                          GError **error);

/* Within a transaction that tells its event by itself: the row, and access_changed(). Sets
 * binding->id, which is never used again. */
bool binding_insert(SqlConnection *db, Binding *binding, const char *by, GError **error);
