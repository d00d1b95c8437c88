/* The server and the request, for the files of the HTTP side that work on them. */
#pragma once

#include <stdatomic.h>

#include "access/credentials/client_trust.h"
#include "access/endpoint/allowance.h"
#include "base/log.h"
#include "jobs/actor.h"
#include "server/http/client.h"
#include "server/http/connections.h"
#include "server/http/door.h"
#include "server/http/http.h"
#include "server/http/identify.h"
#include "server/http/identities.h"
#include "server/http/metrics.h"
#include "server/http/router.h"
#include "server/http/waiting.h"

struct HttpServer {
  const Config *config;
  Router *router;
  void *context;
  struct MHD_Daemon *daemons[2]; /* of plain HTTP and of TLS; NULL: none was needed yet */
  Identities *identities;        /* of endpoints that have their own */
  GMutex endpoints_lock;         /* guards the next two, and the daemons */
  GPtrArray *endpoints;          /* Endpoint */
  GPtrArray *entrances;          /* Entrance: those that they need */
  /* Threads that wait for the disk on behalf of suspended connections: for GET; for the rest, whose
   * turns at the one writer of the metadata may take long; for what is heavy; and for probes, which
   * must be answered whatever the others are at. */
  GThreadPool *reading, *writing, *heavy, *probes;
  GThreadPool *identifying; /* who asks, where that is not remembered */
  Access *access;
  WaitingRoom *waiting;
  ConnectionWatch *connections;
  Door *door;
  ClientTrust *client_trust; /* NULL: no client certificate counts */
  TlsCredentials *tls;       /* of endpoints without their own; NULL: plain HTTP */
  HttpMetrics *metrics;
  Allowances *allowances; /* of the limits of endpoints */
  atomic_uint in_flight;
  atomic_size_t buffered; /* bytes of bodies in memory, of all requests */
  atomic_bool stopping;
  GMutex hand_over; /* guards closed, and that nothing is handed over once it is set */
  atomic_bool closed;
};

typedef struct {
  char *name, *value;
} Header;

/* From the first to one of the others, once. */
typedef enum {
  STAGE_BODY,
  STAGE_FINISH,    /* the body is all there */
  STAGE_DISPLACED, /* by another request: nothing of it is taken any more */
} RequestStage;

struct Request {
  HttpServer *server;
  struct MHD_Connection *handle;
  Connection *connection;
  char id[REQUEST_ID_MAX + 1];
  char *method, *path;
  char *cut;          /* the path with a NUL after each part that the match names */
  Endpoint *endpoint; /* NULL: none admits who asks */
  bool address_counted, principal_counted; /* see rate.h */
  Actor actor;                             /* as request_act() has set it */
  char *client;                            /* see request_client(); NULL: nobody asked yet */
  RouteMatch match;
  char *moved_to;     /* what the repository of the path is called now; NULL: as there */
  size_t body_limit;  /* of a body that is kept: the route's, or a smaller one */
  GByteArray *buffer; /* of one */
  GBytes *body;
  size_t buffered; /* its part in the server's sum */
  bool drop_body;  /* responded before the body ended */
  bool begun;
  _Atomic RequestStage stage;
  int64_t waits_until; /* set by request_wait(); 0: does not wait */
  /* Who asks, and by which rules, from the phase that identifies on (identify.h). */
  Credentials credentials;
  Principal *principal;
  AccessRules *rules; /* NULL where access is open */
  GError *unidentified;
  bool identifying; /* a thread is to look: like waits_until, for the phases run again */
  void *state;
  GDestroyNotify free_state;
  struct MHD_Response *response;
  unsigned status;
  uint64_t response_bytes, received_bytes;
  GArray *headers; /* Header */
  char *answer;    /* of a POST of the API: the JSON; or NULL */
  bool shown_once; /* see response_shown_once() */
  bool looked_at;  /* nobody has sent it: see conditions.c */
  int64_t started; /* g_get_monotonic_time() */
};

/* Whether its path is one of /api/, whose errors are problems. */
bool request_is_of_api(const Request *request);
/* ... or is what Harbor asks a scanner (server/harbor/harbor.h). */
bool request_is_of_harbor(const Request *request);
/* For Request.headers. (transfer full): Header */
GArray *request_headers_new(void);
/* Of the response; NULL: none. (transfer none) */
const char *request_answered_header(const Request *request, const char *name);
/* The parts of its path as strings of C, once it has a match. */
void request_cut_parts(Request *request);
/* For logs: its path, or the pattern of one that holds a secret. */
const char *request_path_shown(const Request *request);
/* 503, to who would have to wait while the server stops. */
void respond_stopping(Request *request);
/* Sets the response; owned by the request. */
void request_take_response(Request *request, unsigned status, struct MHD_Response *response,
                           uint64_t bytes);

/* --- http.c: what libmicrohttpd calls; @data is the HttpServer --- */
enum MHD_Result http_on_request(void *data, struct MHD_Connection *connection, const char *path,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_size, void **state);
void http_on_completed(void *data, struct MHD_Connection *connection, void **state,
                       enum MHD_RequestTerminationCode how);
/* Runs the finish of a Request (@data); for the thread pools. */
void http_finish_on_worker(void *data, void *user_data);
/* Gives a Request (@data) that waited to its pool again; for the waiting room. */
void http_hand_over_again(void *data, void *user_data);

/* --- act.c --- */

/* What the present thread does, it does for @request from now on: its lines in the log and its
 * events say so. NULL ends it. Once more when it is known who asks. */
void request_act(Request *request);
