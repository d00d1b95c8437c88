/* The certificates of a server's endpoints, by the names of their files. Any thread. */
#pragma once

#include "server/http/tls.h"

typedef struct Identities Identities;

Identities *identities_new(void);
void identities_free(Identities *identities);
/* Reads the pair, again where it is there already. ASSAY_ERROR_INVALID, _MISMATCH, ... */
bool identities_load(Identities *identities, const TlsSettings *files, GError **error);
/* Reads all again; those that fail stay as they are, and the error has a line for each. */
bool identities_reload(Identities *identities, GError **error);
/* What is wrong with those that are shown, or soon will be, at @now (seconds since 1970): a line
 * for each, with its file. (transfer full): char * */
GPtrArray *identities_problems(Identities *identities, int64_t now);
/* NULL: was not loaded. Lives as long as @identities, for a handshake may use it. */
TlsCredentials *identities_find(Identities *identities, const TlsSettings *files);
