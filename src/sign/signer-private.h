/* What a server and its signer say to each other: connections come over the first socket, each a
 * stream of requests and answers, one after the other. Both are a frame: two sizes, an object of
 * JSON, and bytes. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/slice.h"

#define SIGNER_JSON_MAX ((uint32_t)64 * 1024)
/* Of what is signed: an attestation holds a whole SBOM. */
#define SIGNER_BYTES_MAX ((uint32_t)64 * 1024 * 1024)

/* False: the other side is gone, or @json or @bytes are too large. */
bool signer_send(int socket, const json_t *json, Slice bytes);
/* (transfer full) False: the other side is gone, or says what it must not. */
bool signer_receive(int socket, json_t **json, GBytes **bytes);
/* One of @descriptor alone. 0, or an errno. */
int signer_send_socket(int socket, int descriptor);
/* -1: there is none, and there will be none. */
int signer_receive_socket(int socket);
