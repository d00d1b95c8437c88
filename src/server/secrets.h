/* What the server keeps secret: the file by which it seals, and the keys that sign its tokens. */
#pragma once

#include "access/keys/keys.h"
#include "server/server-private.h"

typedef struct {
  Sealer *sealer;
  TokenKeys *keys;
} Secrets;

/* Opens or makes both, gives them to the context's access, and adds the job that turns the keys
 * over. @secrets is freed after the jobs have ended. */
bool secrets_open(Secrets *secrets, ServerContext *context, GError **error);
void secrets_clear(Secrets *secrets);
