/* The client of other registries (OCI distribution-spec; pushing is in push.h): one repository of
 * one registry, with the credentials, the trust and the token that it asks for.
 *
 * A Remote may be used by several threads at once; each call makes a connection of its own and
 * blocks. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "base/cancellable.h"
#include "base/http_client.h"
#include "base/progress.h"
#include "oci/digest.h"
#include "oci/reference.h"

typedef struct Remote Remote;

typedef struct {
  const char *name; /* how messages call it: "docker://host/repository:tag" */
  const char
      *credentials;     /* "USER:PASSWORD" or a file of it (credentials_take()); NULL: looked for */
  const char *authfile; /* where they are looked for first; or NULL */
  /* What an Authorization header has, "Basic ..." or "Bearer ...", from somebody who asks us to
   * pull; "": nobody. Then no file is looked into. NULL: as the two before say. */
  const char *authorization;
  const char *ca_file, *cert_dir; /* or NULL: the system's */
  bool insecure;                  /* plain HTTP, and certificates that nobody signed */
  bool unattended;   /* nobody is there whom errors could advise to log in, or of other options */
  bool not_loopback; /* a host that is this machine is not asked: ASSAY_ERROR_DENIED */
  bool push;         /* a token shall be good for pushing, too */
  unsigned seconds;  /* that all requests take together: what is not there by then is
                      * ASSAY_ERROR_TIMEOUT; 0: as long as they take */
} RemoteOptions;

/* Takes @reference over. Reads files, asks nobody yet. (transfer full), or NULL with *error. */
Remote *remote_new(Reference *reference, const RemoteOptions *options, Cancellable *cancellable,
                   GError **error);
void remote_free(Remote *remote);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Remote, remote_free)
/* "docker://HOST/REPOSITORY:TAG", as its options call it; and what it is one of. (transfer none) */
const char *remote_name(const Remote *remote);
const Reference *remote_reference(const Remote *remote);

typedef struct {
  const char *kind, *name; /* "manifests" and a tag or digest, "blobs" and a digest */
  uint64_t from;           /* first byte that is wanted; a registry without ranges sends all */
  HttpSink sink;           /* NULL: the body is kept in memory */
  void *sink_data;
  uint64_t limit; /* of the body, in bytes */
  bool head;      /* only the headers are wanted */
} RemoteRequest;

/* Answers the registry's challenge once, waits where it asks to (429, 503), but not for ever. The
 * status is 200 or 206, or NULL comes back: ASSAY_ERROR_NOT_FOUND, _DENIED, _NETWORK with what the
 * registry says of it. (transfer full) */
HttpResponse *remote_get(Remote *remote, const RemoteRequest *request, const Progress *progress,
                         Cancellable *cancellable, GError **error);

/* Whether the repository has that blob, and gives it to who asks. False with *error: as above. */
bool remote_has_blob(Remote *remote, const Digest *digest, bool *has, Cancellable *cancellable,
                     GError **error);

/* The manifest that the reference names, and by it which scheme the registry speaks: https first,
 * and http where it is `insecure`; for a loopback host the other way round. Called once, before
 * others. */
HttpResponse *remote_get_first(Remote *remote, uint64_t limit, const Progress *progress,
                               Cancellable *cancellable, GError **error);
/* The digest of that manifest, and its media type (NULL: not said; transfer full), without asking
 * for the manifest itself, which a registry may keep back that tells it is there. Instead of the
 * former. */
bool remote_resolve(Remote *remote, Digest *digest, char **media_type, uint64_t limit,
                    Cancellable *cancellable, GError **error);
