/* Whether a provider still knows the people who have logged in by it. What it gave to ask again by
 * (the refresh token) is kept sealed, one a person, the newest. It is asked by one process at a
 * time, for many providers take a refresh token once, and end all of them when it comes a second
 * time (RFC 9700, section 4.14.2). Blocks; any thread. */
#pragma once

#include "access/directory/oidc.h"
#include "base/found.h"

/* Seconds that a person is not asked for again, whatever came of it. */
#define OIDC_ASK_AGAIN 60

/* From a log-in, instead of what was kept before; NULL: there is none any more. */
bool oidc_keep_refresh(Access *access, int64_t person, const char *refresh, GError **error);

/* FOUND: it is there; *person (transfer full), or NULL where the provider says no more than that.
 * ABSENT: it is gone, or may not log in here any more. FAILED with ASSAY_ERROR_BUSY: it was asked a
 * moment ago, or is being; _UNSUPPORTED: there is nothing to ask by; others: nobody can say now. */
Found oidc_look_up(Access *access, const OidcSettings *settings, int64_t id,
                   DirectoryPerson **person, GError **error);
