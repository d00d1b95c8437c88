/* Who we are to a registry: containers-auth.json(5), which podman, skopeo and docker write. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
  char *user, *password; /* NULL: none, or an identity token */
  char *identity_token;  /* OAuth2 refresh token, or NULL */
} Credentials;

/* Looks for @host/@repository, the most specific key first, in @authfile, or in
 * $REGISTRY_AUTH_FILE, $XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json,
 * ~/.docker/config.json. Without an entry all members stay NULL; a file that is broken is an error,
 * and so is an @authfile that is not there. Free with credentials_clear(). */
bool credentials_find(const char *authfile, const char *host, const char *repository,
                      Credentials *credentials, GError **error);
void credentials_clear(Credentials *credentials);

/* "Authorization: Basic ...", or NULL without a user. (transfer full) */
char *credentials_basic_header(const Credentials *credentials);
