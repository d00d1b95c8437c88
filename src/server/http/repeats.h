/* Idempotency-Key (draft-ietf-httpapi-idempotency-key-header), for each POST of the API: no handler
 * knows of it. A key counts for a day, for who sends it.
 *
 * - The same request again gets the first answer, with `Idempotency-Replayed: true`; where that
 *   held a secret, or is not known any more, 409 with the Location of what was made.
 * - Another request with the same key is 422, and one while the first is still at work is 409.
 * - What has failed has changed nothing, and is not kept: the same request with the same key may
 *   succeed.
 *
 * Without a log-in there is nobody whose key it is, and the header says nothing. */
#pragma once

#include "server/http/http.h"
#include "storage/sql.h"

typedef struct Repeat Repeat;

/* Of a request that says Idempotency-Key and may be done; NULL with no response: it says none, or
 * NULL after it has responded. (transfer full) */
Repeat *repeat_begin(Request *request);
/* In each transaction of the request. */
bool repeat_claim(const Repeat *repeat, SqlConnection *db, GError **error);
/* After the response: keeps it. */
void repeat_end(Repeat *repeat, Request *request);
