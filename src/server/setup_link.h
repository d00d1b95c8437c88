/* The one-time link by which the first administrator is made in a browser. The server makes it at a
 * start at which nobody administers the registry, and says it in the log; only a hash is kept, in
 * memory. It ends by its use, after an hour, and once there is an administrator by any other way.
 * Until then who is not on this machine is refused anyway (http/authorise.h). Any thread. */
#pragma once

#include "access/access.h"

#define SETUP_LINK_LIFE ((int64_t)3600 * G_USEC_PER_SEC)

typedef struct SetupLink SetupLink;

/* There is no link yet. @access must outlive it. (transfer full) */
SetupLink *setup_link_new(Access *access);
void setup_link_free(SetupLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SetupLink, setup_link_free)

/* Ends the one of before. @now here and below: g_get_monotonic_time(). (transfer full), for
 * secret_free() */
char *setup_link_make(SetupLink *link, int64_t now);
/* Whether @secret is that of the link, which has not ended. False with ASSAY_ERROR_NOT_FOUND, or
 * where the rules cannot be read. It may block. */
bool setup_link_check(SetupLink *link, const char *secret, int64_t now, GError **error);
/* Makes the administrator, and ends the link. ASSAY_ERROR_NOT_FOUND: it has ended, or is another;
 * _INVALID, _EXISTS: the name or the password is of no use, and the link stays. It blocks. */
bool setup_link_use(SetupLink *link, const char *secret, const char *name, const char *password,
                    int64_t now, GError **error);
