/* Log-in without a password: the person allows it at a provider (OpenID Connect), with any browser,
 * and the registry gives a token for it. */
#pragma once

#include "cli/server_client.h"

/* @provider: which of the registry's; NULL: the only one. Says on standard error what the person is
 * to do, and waits for it. *user and *secret: (transfer full). ASSAY_ERROR_NOT_FOUND: the registry
 * has no provider. */
bool login_by_device(ServerClient *client, const char *provider, char **user, char **secret,
                     GError **error);
