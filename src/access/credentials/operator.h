/* The operator: who can read the data folder may do all, as root may on a machine, without a
 * log-in. At each start the server makes a new secret and writes it to a file there that only its
 * user may read; the commands on the same machine send it as a bearer token. It counts for requests
 * from a loopback address alone, and ends with the server. */
#pragma once

#include <stdbool.h>

#include "access/credentials/identity.h"

#define OPERATOR_KEY_FILE "operator.key"
#define OPERATOR_PREFIX   "assay-operator-"

/* Writes a new secret below @data_fd, durably, with mode 0600, and gives it. NULL: it cannot be
 * written. (transfer full) */
char *operator_key_write(int data_fd, GError **error);
void operator_key_remove(int data_fd);

/* For clients: the secret to show to the server at @authority ("127.0.0.1:5000"). NULL: that is not
 * the server of @data_folder on a loopback address, or we may not read its secret. Names are never
 * resolved: on another of the machine's addresses another user may listen. (transfer full) */
char *operator_key_for(const char *data_folder, const char *authority);

extern const IdentityKind operator_identity;

/* Whether an Authorization header (or NULL) that came from @address has the operator's key: for
 * what even who may do all may not, where access is open and nobody is identified. */
bool operator_shows(Access *access, const char *authorization, const char *address);
