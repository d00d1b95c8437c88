/* HTTP for the rest of the server: libmicrohttpd behind routes, requests and responses.
 *
 * A request is accepted and gets an id, goes through the phases that phases.c lists (the last is
 * its route's begin), then body -> finish -> respond -> log and metrics. Its route (route.h) says
 * what happens in begin, body and finish, and where. */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "access/access.h"
#include "access/endpoint/endpoint.h"
#include "base/slice.h"
#include "server/config.h"
#include "server/http/certificate.h"
#include "server/http/route.h"

typedef struct HttpServer HttpServer;

/* @routes: the tables of all that the server answers (router.h). @context comes back from
 * request_context(). Binds every address of @config; "prepare" failures are ASSAY_ERROR_*.
 * (transfer full) */
HttpServer *http_server_new(const Config *config, Access *access, const Route *const *routes,
                            void *context, GError **error);
/* Where it listens, with the ports that the kernel chose: "https://127.0.0.1:5000".
 * (transfer full) */
GStrv http_server_urls(HttpServer *server);
/* Reads certificate and key again; the old ones stay when that fails. */
bool http_server_reload_tls(HttpServer *server, GError **error);
/* False: it has none, for it speaks plain HTTP. */
bool http_server_certificate(const HttpServer *server, CertificateTimes *times);
/* What is wrong with the certificates of endpoints, or soon will be; a line each. (transfer full):
 * char * */
GPtrArray *http_server_certificate_problems(const HttpServer *server);
/* Something changed that requests may wait for: see request_wait(). From any thread. */
void http_server_wake(HttpServer *server);
/* Stops accepting, then waits until no request is in flight, at most until @end
 * (g_get_monotonic_time()). True when all ended by themselves. */
bool http_server_stop(HttpServer *server, int64_t end);
void http_server_free(HttpServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpServer, http_server_free)

/* --- the request --- */
void *request_context(const Request *request);
/* The server that it came to, which may answer before http_server_new() has returned. (transfer
 * none) */
HttpServer *request_http_server(const Request *request);
const char *request_id(const Request *request);
const char *request_method(const Request *request);
const char *request_path(const Request *request);
/* What stands for <name> in the pattern; NULL when the pattern has none. */
const char *request_parameter(const Request *request, const char *name);
/* In a handler that finds nothing: Route.follow is asked again, for the repository may have been
 * moved since the request began. True: its name is another one now, on which who asks may do the
 * same. */
bool request_follow_again(Request *request);
/* Of the query string; NULL when absent. Percent-decoded. */
const char *request_query(const Request *request, const char *name);
/* All values of a query parameter that may come several times. (transfer full) */
GStrv request_query_all(const Request *request, const char *name);
/* A header, any case; of several the first. */
const char *request_header(const Request *request, const char *name);
/* A cookie; NULL when absent. */
const char *request_cookie(const Request *request, const char *name);
/* The client's name for itself, cut for a line of the log. (transfer full), NULL when absent. */
char *request_agent(const Request *request);
/* All values of a header, joined by ", ". (transfer full), NULL when absent. */
char *request_header_joined(const Request *request, const char *name);
/* The buffered body. */
GBytes *request_body(const Request *request);
/* Of a buffered body, from begin: a smaller limit than the route's. Responds when Content-Length
 * passes it already. */
void request_limit_body(Request *request, size_t limit);
/* What Content-Length announces; -1 when it does not. */
int64_t request_content_length(const Request *request);
/* Where it comes from: the peer's address, or what a trusted proxy says of it. */
const char *request_client(Request *request);
/* Who asks, and never NULL once its route begins. (transfer none) */
Principal *request_principal(const Request *request);
/* Whether who asks may do that to @repository (NULL: to what is of none), for handlers whose route
 * is ON_WHAT_ONE_MAY, and for what a request names beside its route's repository. */
bool request_may(const Request *request, Verb verb, const char *repository);
/* Whether who asks may that on all repositories (@space NULL), or all of a namespace: then a list
 * need not be looked through. */
bool request_may_all(const Request *request, Verb verb, const char *space);
/* Whether anybody may, also who is not logged in. */
bool request_anybody_may(const Request *request, Verb verb, const char *repository);
/* The handler's own state between the phases, freed with the request. */
void request_set_state(Request *request, void *state, GDestroyNotify free_state);
void *request_state(const Request *request);

/* Instead of a response, in begin, or in the finish of a blocking route: the same runs again when
 * something has changed since it began (http_server_wake()), or @seconds after the request came;
 * meanwhile no thread waits. False when that time is over or the server stops: respond now. */
bool request_wait(Request *request, uint32_t seconds);
/* Ends @holder, which is in the way of @request, with its connection; what still comes of its body
 * is dropped. Not one that came later, nor one whose body is all there: that ends by itself. False:
 * @request is the one that must give way. From any thread that keeps @holder from being freed. */
bool request_displace(const Request *request, Request *holder, const char *reason);

/* --- the response: one of these, once --- */
void respond_empty(Request *request, unsigned status);
void respond_bytes(Request *request, unsigned status, const char *content_type, GBytes *bytes);
/* 304, to a client that has the @size bytes that 200 would bring (RFC 9110, section 8.6). */
void respond_not_modified(Request *request, uint64_t size);
void respond_text(Request *request, unsigned status, const char *content_type, const char *text);
void respond_json(Request *request, unsigned status, const json_t *value);
/* A file, honouring the request's Range header (RFC 9110 section 14). Takes over @fd. */
void respond_file(Request *request, const char *content_type, int fd, uint64_t size);
/* The error table: REGISTRY_ERROR and ASSAY_ERROR to a status and a code, and a body as below. */
void respond_error(Request *request, const GError *error);
/* An error with its code. The body is a problem (problem.h) where the request is of the API, and
 * elsewhere as the distribution specification has it; there @detail (or NULL) is what programs may
 * want and the message does not say; not taken over. */
void respond_oci_error(Request *request, unsigned status, const char *code, const char *message,
                       const json_t *detail);
/* The response holds what is shown once, a secret: nobody keeps it. Before or after respond_*(). */
void response_shown_once(Request *request);
bool request_has_response(const Request *request);
/* A header of the response, set before or after respond_*(). Values with control characters are
 * dropped. */
void response_header(Request *request, const char *name, const char *value);
void response_header_format(Request *request, const char *name, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* --- what /metrics prints of the HTTP side --- */
void http_server_write_metrics(HttpServer *server, GString *out);
