/* Why somebody may, or may not: for people who ask before or after they were refused. */
#pragma once

#include "access/access.h"

/* Whose rights are asked about: "anonymous", or the name of a person or robot, with its teams as
 * they are now. *ended: why nothing that it shows counts ("is disabled", "has expired"), or NULL.
 * NULL: ASSAY_ERROR_NOT_FOUND, or another. It blocks. (transfer full) */
Principal *access_principal_named(Access *access, const char *name, const char **ended,
                                  GError **error);

/* const Binding *: all that say something about it, the one that decides first, then those that
 * deny. As long as the rules are. Pure. (transfer full) */
GPtrArray *access_fitting(const AccessRules *rules, const Principal *who, Verb verb, Resource on,
                          int64_t now);
