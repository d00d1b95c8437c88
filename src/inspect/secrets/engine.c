/* Rules made ready to look by; see the header. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "inspect/secrets/engine.h"

#include <pcre2.h>

#include "inspect/secrets/database-private.h"

/* What one look may cost, in steps of PCRE2, and what it may remember, in KiB. */
#define MATCH_LIMIT 200000u
#define HEAP_LIMIT  2048u
/* Of a match: longer ones are no secrets. */
#define MATCH_BYTES      1024u
#define MATCH_BYTES_LONG (16u * 1024)

struct SecretEngine {
  Patterns *triggers;
  GPtrArray *rules;   /* SecretRule, of others */
  pcre2_code **codes; /* each made when it is first needed */
  pcre2_match_context *limits;
  pcre2_match_data *data;
};

static void
add_rules(GPtrArray *rules)
{
  for (size_t set = 0; secret_rule_sets[set] != NULL; set++)
    for (size_t i = 0; i < secret_rule_sets[set]->count; i++)
      g_ptr_array_add(rules, (gpointer)(uintptr_t)&secret_rule_sets[set]->rules[i]);
}

static SecretEngine *
engine_new(const PatternData *data)
{
  Patterns *triggers = patterns_load(data);
  if (triggers == NULL)
    return NULL;
  SecretEngine *engine = g_new0(SecretEngine, 1);
  engine->triggers = triggers;
  engine->rules = g_ptr_array_new();
  add_rules(engine->rules);
  engine->codes = g_new0(pcre2_code *, engine->rules->len);
  engine->limits = pcre2_match_context_create(NULL);
  pcre2_set_match_limit(engine->limits, MATCH_LIMIT);
  pcre2_set_heap_limit(engine->limits, HEAP_LIMIT);
  engine->data = pcre2_match_data_create(3, NULL);
  return engine;
}

SecretEngine *
secret_engine_default(void)
{
  static SecretEngine *engine; /* for good: workers share it by being forked */
  static bool made;
  if (!made)
    engine = engine_new(&secret_database);
  made = true;
  return engine;
}

/* --- looking --- */

bool
secret_engine_scan(SecretEngine *engine, Slice text, PatternHit hit, void *data)
{
  return patterns_scan(engine->triggers, text, hit, data);
}

unsigned
secret_engine_count(const SecretEngine *engine)
{
  return engine->rules->len;
}

const SecretRule *
secret_engine_rule(const SecretEngine *engine, unsigned number)
{
  return g_ptr_array_index(engine->rules, number);
}

static const pcre2_code *
code_of(SecretEngine *engine, unsigned number)
{
  if (engine->codes[number] == NULL) {
    int wrong;
    PCRE2_SIZE where;
    const SecretRule *rule = secret_engine_rule(engine, number);
    engine->codes[number] =
        pcre2_compile((PCRE2_SPTR)rule->pattern, PCRE2_ZERO_TERMINATED,
                      PCRE2_NEVER_UTF | PCRE2_USE_OFFSET_LIMIT, &wrong, &where, NULL);
    if (engine->codes[number] == NULL)
      g_error("the rule %s: PCRE2 refuses its pattern at %zu", rule->id, (size_t)where);
  }
  return engine->codes[number];
}

Found
secret_engine_match(SecretEngine *engine, unsigned rule, Slice text, size_t from, size_t until,
                    SecretMatch *match)
{
  const SecretRule *row = secret_engine_rule(engine, rule);
  size_t most = (row->flags & SECRET_RULE_LONG) != 0 ? MATCH_BYTES_LONG : MATCH_BYTES;
  size_t end = MIN(text.size, until + most);
  pcre2_set_offset_limit(engine->limits, until - 1);
  int found = pcre2_match(code_of(engine, rule), text.data, end, from, PCRE2_NO_UTF_CHECK,
                          engine->data, engine->limits);
  if (found <= 0)
    return found == PCRE2_ERROR_NOMATCH ? ABSENT : FAILED;
  const PCRE2_SIZE *at = pcre2_get_ovector_pointer(engine->data);
  unsigned group = found > 1 && at[2] != PCRE2_UNSET ? 1 : 0;
  *match = (SecretMatch){row, at[0], at[1], at[2 * group], at[2 * group + 1] - at[2 * group]};
  return at[0] < until ? FOUND : ABSENT;
}
