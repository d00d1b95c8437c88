/* The phase that finds out who asks: what the request shows (Authorization, or a session's cookie),
 * and whose that is. What is not remembered is looked up on a thread that may wait, while the
 * connection is suspended and the phases run again. */
#pragma once

#include <stdbool.h>

#include "access/credentials/identity.h"

typedef struct Request Request;

#define IDENTIFY_THREADS 32

/* What the head shows, as strings of C; all NULL: nothing. */
typedef struct {
  const char *scheme;
  char *name, *secret;
} Credentials;

/* A Phase: true with Request.principal; false after it responded, or when identify_later() is to
 * look (Request.identifying). */
bool request_identify(Request *request);
/* After the connection was suspended. */
void identify_later(Request *request);
/* For the thread pool: @data is the Request. */
void identify_on_worker(void *data, void *user_data);
/* Notes in the audit that @who has logged in by what was shown, or, where it is NULL, that @refused
 * says no; what nobody can say now is neither. The name is what was claimed. On the thread that
 * acts for the request. */
void identify_note(const Request *request, const Shown *shown, const Principal *who,
                   const GError *refused);
void identify_clear(Request *request);
