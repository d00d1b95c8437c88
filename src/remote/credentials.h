/* Who we are to a registry: containers-auth.json(5), which podman, skopeo and docker write, and the
 * programs that keep passwords for them (docker-credential-NAME). */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/cancellable.h"
#include "base/slice.h"

typedef struct {
  char *user, *password; /* NULL: none, or an identity token */
  char *identity_token;  /* OAuth2 refresh token, or NULL */
} Credentials;

/* Looks for @host/@repository, the most specific key first, in @authfile, or in
 * $REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json (/run/containers/UID/auth.json where
 * that is not set), ~/.config/containers/auth.json, and config.json in $DOCKER_CONFIG or ~/.docker.
 * A file may name a program that keeps the passwords, which is run. Without an entry all members
 * stay NULL; a file that is broken, or a program that fails, is an error, and so is an @authfile
 * that is not there. Free with credentials_clear(). */
bool credentials_find(const char *authfile, const char *host, const char *repository,
                      Credentials *credentials, Cancellable *cancellable, GError **error);
void credentials_clear(Credentials *credentials);

/* "USER[:PASSWORD]", as skopeo's --creds has it. */
bool credentials_take(const char *text, Credentials *credentials, GError **error);

/* What an Authorization header's @value says: of "Basic ..." the user and the password, of "Bearer
 * ..." *@bearer, the header line as it is sent (transfer full); of "" nothing. ASSAY_ERROR_INVALID:
 * it is neither, and the message does not repeat it. */
bool credentials_take_header(const char *value, Credentials *credentials, char **bearer,
                             GError **error);

/* What the file @text says: an entry, or the name of a program that has it (*@helper, transfer
 * full). *@found: either. Pure; a fuzz target. */
bool credentials_parse(Slice text, const char *host, const char *repository,
                       Credentials *credentials, char **helper, bool *found, GError **error);

/* "Authorization: Basic ...", or NULL without a user. (transfer full) */
char *credentials_basic_header(const Credentials *credentials);
