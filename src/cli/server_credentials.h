/* Who the commands are to a registry that they ask. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* *header: "Authorization: ..." for the server at @url, NULL: nobody (transfer full). In this
 * order: $ASSAY_TOKEN ("NAME:SECRET", or a token alone); the operator's key, where it is the server
 * of the configured data folder on a loopback address, and that folder is ours to read; what `assay
 * login`, docker and podman keep (remote/credentials.h). False: the latter are broken. */
bool server_credentials(const char *url, char **header, GError **error);
/* What to do about a refusal for want of a log-in, or of rights (status 401 or 403). (transfer
 * full)
 */
char *server_credentials_advice(const char *url, long status, bool named);
