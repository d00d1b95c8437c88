/* Keeping log-ins where docker, podman and helm look for them: $REGISTRY_AUTH_FILE, or config.json
 * in $DOCKER_CONFIG or ~/.docker. What else is in the file stays. Where it names a program that
 * keeps passwords for the registry (docker-credential-NAME), that one is given it. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* @host: HOST[:PORT]. *where: the file or the program, for people (transfer full). */
bool auth_file_store(const char *host, const char *user, const char *password, char **where,
                     GError **error);
/* ASSAY_ERROR_NOT_FOUND: it has no such log-in. */
bool auth_file_erase(const char *host, char **where, GError **error);
