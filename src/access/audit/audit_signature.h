/* Signatures of the audit's head: records of the type AUDIT_SIGNED, whose `data` has the `number`
 * and `hash` of the record before, a JSON Web Signature over both (`signature`), and the public key
 * (`key`) that it is by, so that it can be checked when that key signs no more. Pure.
 *
 * The key in a record says only that the record is whole: whoever makes a chain anew can put in one
 * of their own. That it is one of the registry's is what the published keys say. */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef enum {
  HEAD_UNSIGNED,    /* a record of another type */
  HEAD_PUBLISHED,   /* by one of the published keys */
  HEAD_BY_ITSELF,   /* by the key that the record brings, which is not published */
  HEAD_UNKNOWN_KEY, /* by a key that is neither published nor there */
  HEAD_WRONG,       /* it does not hold, or is of another head */
} HeadSignature;

/* @published: PublicKey. *kid (or NULL): the name of the key (transfer full). */
HeadSignature audit_signature_check(const json_t *record, const GPtrArray *published, char **kid);
