/* Breaking the glass: somebody who may lets images run that the policy refuses, for a time, with a
 * reason that is told.
 *
 * It is asked for by two annotations of an object: BREAK_GLASS_ANNOTATION has the reason,
 * BREAK_GLASS_UNTIL when it ends (RFC 3339; without, after `longest`). It counts where the user
 * that the API server names is among `users` or `groups`. What is let through then is remembered:
 * these images may run in that namespace of the cluster until the end, whoever makes an object of
 * them; for a Deployment's Pods are made by a controller, long after. */
#pragma once

#include "admission/decision.h"
#include "storage/sql.h"

/* What an object asks for. */
typedef struct {
  const char *reason; /* borrowed from the review */
  int64_t until;      /* microseconds since 1970 */
} BreakGlass;

/* FOUND: it asks, and may. ABSENT: it does not ask. FAILED with *error: it asks, and may not, or
 * not so: the message is for its author. Pure. */
Found break_glass_asked(const AdmissionSettings *settings, const Review *review, int64_t now,
                        BreakGlass *asked, GError **error);

/* An image that is let through in a namespace of a cluster. */
typedef struct {
  char *cluster, *namespace, *image; /* its whole name, with the digest where it is known */
  char *user, *reason;
  int64_t since, until;
} BrokenGlass;
void broken_glass_free(BrokenGlass *glass);
extern const JsonTable broken_glass_table;

/* Remembers each of @images (char *), and tells an event of it. Blocks. */
bool break_glass(SqlPool *sql, const char *cluster, const Review *review, const BreakGlass *asked,
                 const GPtrArray *images, GError **error);
/* FOUND: the image may run there now; *glass (transfer full). Blocks. */
Found glass_is_broken(SqlPool *sql, const char *cluster, const char *namespace, const char *image,
                      BrokenGlass **glass, GError **error);
/* Those that have not ended, by cluster, namespace and image. (transfer full): BrokenGlass */
GPtrArray *broken_glasses(SqlPool *sql, GError **error);
