/* Which signatures this server has made: a row for each, told as an event in the same transaction
 * ("signature.created"), so that the audit's chain has it (access/audit/audit.h). The signature
 * itself lies beside its image. Any thread; blocks on the database. */
#pragma once

#include "base/json_table.h"
#include "oci/digest.h"
#include "storage/sql.h"

typedef struct {
  int64_t number; /* rises */
  char *repository;
  Digest image;    /* what is signed */
  Digest manifest; /* where the signature lies; of a tag, as it was then */
  char *format;    /* "cosign", "bundle", "notation" */
  char *attests;   /* the type of its predicate; NULL: it signs the image */
  /* Of several of that type, which one; of Notation, the digest of the key's certificate; NULL:
   * there are no several. */
  char *content;
  char *rule, *attestor;
  char *key, *version, *fingerprint; /* the signing key's name; which key it was */
  int64_t made;                      /* microseconds since 1970 */
  int64_t restored;                  /* so often it was put back, after others had overwritten it */
} MadeSignature;
void made_signature_free(MadeSignature *signature);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MadeSignature, made_signature_free)

extern const JsonTable made_signature_table;

/* One of a key, format, content and image of a repository is written once. @anew: it was made now;
 * one that has its row already was lost since, and is put back ("signature.restored"). @renews: its
 * rule makes it anew by age: a later one that says the same takes the row of the
 * former ("signature.renewed"), and of those of another content none is due any more. */
bool journal_add(SqlPool *sql, const MadeSignature *signature, bool renews, bool anew,
                 GError **error);
/* Those of @rule that were made before @until, the oldest first, at most @limit, and that nobody
 * asked for yet. (transfer full): MadeSignature, of which only `repository` and `image` are set */
GPtrArray *journal_due(SqlPool *sql, const char *rule, int64_t until, unsigned limit,
                       GError **error);
/* They (of journal_due()) are asked for: not due until they are made. */
bool journal_asked(SqlPool *sql, const char *rule, int64_t until, const GPtrArray *due,
                   GError **error);
/* With a number above @after, at most @limit; of @repository and of @image alone, where they are
 * not NULL. (transfer full): MadeSignature */
GPtrArray *journal_after(SqlPool *sql, const char *repository, const char *image, int64_t after,
                         unsigned limit, GError **error);
