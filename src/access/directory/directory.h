/* People whom a directory or a provider knows: their rows here, made at the first log-in, and the
 * teams that their groups bring (`team_groups`), brought up to date at each. What the directory has
 * said counts for a time; then it is asked again, or the person must log in again: so who is gone
 * there is nobody here, with tokens and sessions. */
#pragma once

#include "access/access.h"
#include "access/directory/person.h"

/* @source: "ldap:NAME", "oidc:NAME". *id: of the row. ASSAY_ERROR_DENIED: the name is another's
 * here, or is none that a person may have, or the person was disabled here. */
bool directory_admit(Access *access, const char *source, const DirectoryPerson *person, int64_t *id,
                     GError **error);
/* Whether the directory of @who, where there is one, still stands for it. May ask it, and block.
 * ASSAY_ERROR_DENIED: not any more, or it could not be asked for too long. */
bool directory_confirm(Access *access, const Principal *who, GError **error);
