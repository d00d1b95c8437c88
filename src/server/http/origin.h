/* By which URL a client has come: what answers name that must lead back to this server. */
#pragma once

#include <stdbool.h>

typedef struct Request Request;

/* "https://registry.example.com:5000", of the Host header and of whether the connection has TLS, or
 * what a trusted proxy says of that (X-Forwarded-Proto). NULL: there is no Host header, or it is
 * none that belongs into a URL. (transfer full) */
char *request_origin(const Request *request);
/* Whether what the client sends comes by TLS, to us or to a trusted proxy. */
bool request_has_tls(const Request *request);
/* For its tests: whether @host is HOST or HOST:PORT of a URL, and nothing more. */
bool host_is_plain(const char *host);
