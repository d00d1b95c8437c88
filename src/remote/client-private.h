/* What the halves of the client share: a Remote, and one request of any kind to its registry. */
#pragma once

#include "remote/client.h"
#include "remote/credentials.h"
#include "remote/trust.h"

struct Remote {
  Reference *reference;
  char *name;
  const char *scheme; /* "https", or "http" */
  bool insecure, push;
  bool by_others;   /* the credentials are of somebody who asks us: advice to us is none to them */
  bool advises;     /* a person who runs a command reads the errors */
  int64_t deadline; /* g_get_monotonic_time(); 0: none */
  Credentials credentials;
  RegistryTrust trust;
  GMutex lock;         /* guards the next */
  char *authorization; /* a header line, once the registry asked for it */
};

/* A request; its answer is kept in memory, unless there is a sink. */
typedef struct {
  const char *method;
  const char *url;
  const char *headers[3];   /* "Name: value" or NULL, where they are wanted */
  Slice body;               /* of the request */
  const HttpUpload *upload; /* instead of it; or NULL */
  HttpSink sink;            /* of a GET; or NULL */
  void *sink_data;
  uint64_t limit;  /* of the answer */
  bool is_foreign; /* another host's address: it gets no credentials of ours */
} RemoteCall;

/* Answers the registry's challenge once, waits where it asks to, but not for ever. Any status that
 * is left is a success. (transfer full) */
HttpResponse *remote_call(Remote *remote, const RemoteCall *call, const Progress *progress,
                          Cancellable *cancellable, GError **error);
/* What the registry says of its refusal, as an error: ASSAY_ERROR_NOT_FOUND, _DENIED, _NETWORK. */
bool remote_set_refused(const Remote *remote, const HttpResponse *response, GError **error);
