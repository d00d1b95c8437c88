/* The chain of the audit; see the header. */
#include "access/audit/audit_chain.h"

#include <string.h>

#include "base/json.h"

void
audit_hash(const char *text, char hash[AUDIT_HASH_SIZE])
{
  g_autofree char *hex = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
  g_strlcpy(hash, hex, AUDIT_HASH_SIZE);
}

/* The hash that @record should have. */
static void
hash_of(const json_t *record, char hash[AUDIT_HASH_SIZE])
{
  g_autoptr(json_t) rest = json_copy((json_t *)(uintptr_t)record);
  json_object_del(rest, "hash");
  g_autofree char *text = json_to_text(rest);
  audit_hash(text, hash);
}

static char *
wrong(AuditChain *chain, int64_t number, const char *what)
{
  chain->wrong = MAX(number, 1);
  return g_strdup_printf("record %" G_GINT64_FORMAT " %s", chain->wrong, what);
}

static void
begin(AuditChain *chain, int64_t number, const char *previous)
{
  chain->first = number;
  g_strlcpy(chain->before, previous, sizeof chain->before);
  chain->founded = number == 1 && strcmp(previous, AUDIT_CHAIN_START) == 0;
}

static void
note_cut(AuditChain *chain, const json_t *record)
{
  const json_t *data = json_get_object(record, "data");
  if (g_strcmp0(json_get_string(record, "type"), AUDIT_CUT) == 0 &&
      json_get_integer(data, "first", 0) == chain->first &&
      g_strcmp0(json_get_string(data, "hash"), chain->before) == 0)
    chain->founded = true;
}

char *
audit_chain_next(AuditChain *chain, const json_t *record)
{
  char hash[AUDIT_HASH_SIZE];
  int64_t number = json_get_integer(record, "number", 0);
  const char *previous = json_get_string(record, "previous"),
             *given = json_get_string(record, "hash");
  if (number < 1 || previous == NULL || given == NULL)
    return wrong(chain, chain->last + 1, "is no record of the audit");
  if (chain->records > 0 && number > chain->last + 1)
    return wrong(chain, chain->last + 1, "is missing: it was removed");
  if (chain->records > 0 && number <= chain->last)
    return wrong(chain, number, "is out of its order, or there twice");
  hash_of(record, hash);
  if (strcmp(hash, given) != 0)
    return wrong(chain, number, "was changed: its hash is another");
  if (chain->records == 0)
    begin(chain, number, previous);
  else if (strcmp(previous, chain->hash) != 0)
    return wrong(chain, number,
                 "does not continue the record before it: one of them was put in, "
                 "replaced, or moved");
  chain->records++;
  chain->last = number;
  g_strlcpy(chain->hash, hash, sizeof chain->hash);
  note_cut(chain, record);
  return NULL;
}

char *
audit_chain_end(AuditChain *chain, int64_t number, const char *hash)
{
  if (number > chain->last)
    return wrong(chain, chain->last + 1, "is missing: the end of the record was cut off");
  if (hash != NULL && number < chain->last)
    return wrong(chain, number + 1, "is not known to the head: it was put in");
  if (hash != NULL && g_strcmp0(hash, chain->records > 0 ? chain->hash : AUDIT_CHAIN_START) != 0)
    return wrong(chain, number, "is not the one that the head names: it was replaced");
  if (chain->records > 0 && !chain->founded)
    return wrong(chain, chain->first - 1, "is missing, and no cut accounts for it");
  return NULL;
}
