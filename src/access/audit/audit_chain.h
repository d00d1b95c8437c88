/* The chain of the audit: each record names the hash of the one before, and its own hash is SHA-256
 * over all of it. So none can be changed, removed, put in or moved without all after it being made
 * anew. Whoever has the records can check them, the server's and a file of `assay audit export`
 * alike. Pure.
 *
 * A record is a JSON object that begins with `number` and `previous` and ends with `hash`; what is
 * hashed is the compact text of the object without `hash`. The first of all continues from
 * AUDIT_CHAIN_START. Where the oldest were cut off, a later record of the type AUDIT_CUT names the
 * number that is the first now (`data.first`) and the hash that it continues from (`data.hash`). */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define AUDIT_CHAIN_START "0000000000000000000000000000000000000000000000000000000000000000"
#define AUDIT_HASH_SIZE   65 /* with its NUL */
#define AUDIT_CUT         "audit.cut"
#define AUDIT_SIGNED      "audit.signed"

/* Of a record without `hash`. */
void audit_hash(const char *text, char hash[AUDIT_HASH_SIZE]);

typedef struct {
  int64_t records;
  int64_t first;                /* number of the first record; 0: none came */
  char before[AUDIT_HASH_SIZE]; /* what it continues from */
  bool founded;                 /* ... which is the start, or named by a cut */
  int64_t last;                 /* number of the last so far, and its hash: */
  char hash[AUDIT_HASH_SIZE];
  int64_t wrong; /* number of the first wrong record; 0: none so far */
} AuditChain;

/* Takes the next record of a walk in their order, which begins with zero bytes. NULL: it continues
 * those before. Else what is wrong with record chain->wrong, and the walk is over. (transfer full)
 */
char *audit_chain_next(AuditChain *chain, const json_t *record);
/* After the last: whether that is the one that the head names (@hash NULL: none is at hand), and
 * whether it is known what the first continues from. As above. */
char *audit_chain_end(AuditChain *chain, int64_t number, const char *hash);
