/* The first administrator. Until there is one, who is not on this machine is refused
 * (http/authorise.h), so the first start makes one as the environment says, or tells how. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "server/setup_link.h"

/* Where nobody administers @access: makes $ASSAY_ADMIN_NAME ("admin") with the password that the
 * first line of the file $ASSAY_ADMIN_PASSWORD_FILE has. False: the file cannot be read, or is no
 * password. */
bool first_start(Access *access, GError **error);
/* Once it listens, where still nobody administers @access: says in the log what to do, with a
 * one-time link below @url ("http://127.0.0.1:5000"). */
void first_start_tell(Access *access, SetupLink *link, const char *url);
