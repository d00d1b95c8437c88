/* The first administrator. Until there is one, who is not on this machine is refused
 * (http/authorise.h), so the first start makes one as the environment says, or tells how. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "access/access.h"

/* Where nobody administers @access: makes $ASSAY_ADMIN_NAME ("admin") with the password that the
 * first line of the file $ASSAY_ADMIN_PASSWORD_FILE has; without that variable, says in the log
 * what to do. False: the file cannot be read, or is no password. */
bool first_start(Access *access, GError **error);
