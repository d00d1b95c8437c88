/* The tables of access, as the steps that made them. Times are microseconds since 1970. No secret
 * is here in clear: passwords are argon2id strings, secrets and tokens are hashes, and what must be
 * read again is sealed by the key file (`secrets.key_file`). */
#include "access/schema.h"

#include <glib.h>

#include "storage/sql.h"

static const char *const steps[] = {
    /* 1: `principals` are people and robots; they share one space of names, for a client sends only
     * a name. `source`: "local", or the directory that knows them by `external`. A robot has up to
     * two secrets (`slot` 1 and 2). A team has members that were named here, and those that a
     * directory names, by the groups of `team_groups`. `tokens` are what people make for programs;
     * `scopes` is JSON. `access_generation` rises with each change of what may be done: what is
     * remembered is read again then. */
    "CREATE TABLE principals ("
    "  id BIGINT PRIMARY KEY,"
    "  kind TEXT NOT NULL,"
    "  name TEXT " SQL_BYTE_ORDER " NOT NULL UNIQUE,"
    "  display TEXT,"
    "  mail TEXT,"
    "  source TEXT NOT NULL,"
    "  external TEXT,"
    "  password TEXT,"
    "  totp BYTEA,"
    "  totp_last BIGINT NOT NULL DEFAULT 0,"
    "  description TEXT,"
    "  disabled BIGINT,"
    "  expires BIGINT,"
    "  created BIGINT NOT NULL,"
    "  created_by TEXT NOT NULL,"
    "  last_used BIGINT);"
    "CREATE INDEX principals_by_external ON principals (source, external);"

    "CREATE TABLE robot_secrets ("
    "  robot BIGINT NOT NULL REFERENCES principals (id),"
    "  slot INTEGER NOT NULL,"
    "  hash BYTEA NOT NULL,"
    "  created BIGINT NOT NULL,"
    "  expires BIGINT,"
    "  last_used BIGINT,"
    "  PRIMARY KEY (robot, slot));"

    "CREATE TABLE teams ("
    "  id BIGINT PRIMARY KEY,"
    "  name TEXT " SQL_BYTE_ORDER " NOT NULL UNIQUE,"
    "  description TEXT,"
    "  created BIGINT NOT NULL,"
    "  created_by TEXT NOT NULL);"

    "CREATE TABLE team_members ("
    "  team BIGINT NOT NULL REFERENCES teams (id),"
    "  principal BIGINT NOT NULL REFERENCES principals (id),"
    "  source TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  PRIMARY KEY (team, principal, source));"
    "CREATE INDEX team_members_by_principal ON team_members (principal);"

    "CREATE TABLE team_groups ("
    "  team BIGINT NOT NULL REFERENCES teams (id),"
    "  source TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  PRIMARY KEY (source, name, team));"

    "CREATE TABLE tokens ("
    "  id TEXT " SQL_BYTE_ORDER " PRIMARY KEY,"
    "  principal BIGINT NOT NULL REFERENCES principals (id),"
    "  name TEXT NOT NULL,"
    "  hash BYTEA NOT NULL,"
    "  scopes TEXT,"
    "  created BIGINT NOT NULL,"
    "  expires BIGINT,"
    "  last_used BIGINT,"
    "  last_address TEXT,"
    "  UNIQUE (principal, name));"

    "CREATE TABLE roles ("
    "  name TEXT " SQL_BYTE_ORDER " PRIMARY KEY,"
    "  verbs TEXT NOT NULL,"
    "  description TEXT,"
    "  created BIGINT NOT NULL,"
    "  created_by TEXT NOT NULL);"

    "CREATE TABLE bindings ("
    "  id BIGINT PRIMARY KEY,"
    "  kind TEXT NOT NULL,"
    "  subject BIGINT NOT NULL DEFAULT 0,"
    "  role TEXT NOT NULL,"
    "  effect TEXT NOT NULL,"
    "  pattern TEXT NOT NULL,"
    "  tags TEXT,"
    "  ends BIGINT,"
    "  created BIGINT NOT NULL,"
    "  created_by TEXT NOT NULL);"
    "CREATE INDEX bindings_by_subject ON bindings (kind, subject);"

    "CREATE TABLE sessions ("
    "  hash BYTEA PRIMARY KEY,"
    "  principal BIGINT NOT NULL REFERENCES principals (id),"
    "  csrf TEXT NOT NULL,"
    "  created BIGINT NOT NULL,"
    "  expires BIGINT NOT NULL,"
    "  last_used BIGINT NOT NULL,"
    "  address TEXT,"
    "  agent TEXT);"
    "CREATE INDEX sessions_by_principal ON sessions (principal);"

    "CREATE TABLE access_generation ("
    "  id INTEGER PRIMARY KEY,"
    "  value BIGINT NOT NULL);"
    "INSERT INTO access_generation (id, value) VALUES (1, 1);",

    /* The keys that sign tokens (keys.h): `sealed` is the private part, and the next signs from its
     * `signs_from` on. */
    "CREATE TABLE token_keys ("
    "  kid TEXT PRIMARY KEY,"
    "  sealed BYTEA NOT NULL,"
    "  certificate TEXT NOT NULL,"
    "  created BIGINT NOT NULL,"
    "  signs_from BIGINT NOT NULL UNIQUE);",

    /* Endpoints that the API made (endpoint_store.h): `definition` is JSON. */
    "CREATE TABLE endpoints ("
    "  name TEXT " SQL_BYTE_ORDER " PRIMARY KEY,"
    "  definition TEXT NOT NULL,"
    "  version BIGINT NOT NULL,"
    "  changed BIGINT NOT NULL);",
    /* A robot may go by itself once it has expired. `totp_last`: -1 until the first code. */
    "ALTER TABLE principals ADD COLUMN remove_expired INTEGER NOT NULL DEFAULT 0;",

    /* When the directory of a person last stood for it, and since when it is gone there (0: it is
     * not). */
    "CREATE TABLE directory_people ("
    "  principal BIGINT PRIMARY KEY,"
    "  confirmed BIGINT NOT NULL,"
    "  gone BIGINT NOT NULL);",

    /* The audit (audit.h): its chain of records, whose columns are what lists ask by; the head,
     * with the last event that is recorded, the last record that is signed, and the last that was
     * sent by syslog; and what is counted by the hour. */
    "CREATE TABLE audit ("
    "  number BIGINT PRIMARY KEY,"
    "  time BIGINT NOT NULL,"
    "  type TEXT NOT NULL,"
    "  who TEXT NOT NULL,"
    "  object TEXT NOT NULL,"
    "  record TEXT NOT NULL," /* JSON */
    "  hash TEXT NOT NULL);"
    "CREATE INDEX audit_by_who ON audit (who, number);"
    "CREATE INDEX audit_by_object ON audit (object, number);"
    "CREATE TABLE audit_head ("
    "  id INTEGER PRIMARY KEY,"
    "  number BIGINT NOT NULL,"
    "  hash TEXT NOT NULL,"
    "  event BIGINT NOT NULL,"
    "  signed BIGINT NOT NULL,"
    "  sent BIGINT);"
    "INSERT INTO audit_head (id, number, hash, event, signed) VALUES (1, 0, "
    "'0000000000000000000000000000000000000000000000000000000000000000', 0, 0);"
    "CREATE TABLE audit_counts ("
    "  hour BIGINT NOT NULL,"
    "  type TEXT NOT NULL,"
    "  who TEXT NOT NULL,"
    "  address TEXT NOT NULL,"
    "  object TEXT NOT NULL,"
    "  count BIGINT NOT NULL,"
    "  first BIGINT NOT NULL,"
    "  last BIGINT NOT NULL,"
    "  about TEXT NOT NULL,"
    "  actor TEXT NOT NULL," /* JSON */
    "  more TEXT NOT NULL,"  /* JSON */
    "  PRIMARY KEY (hour, type, who, address, object));",

    /* What helps who has lost the second factor (second_factor.h). */
    "CREATE TABLE recovery_codes ("
    "  principal BIGINT NOT NULL REFERENCES principals (id),"
    "  hash BYTEA NOT NULL,"
    "  PRIMARY KEY (principal, hash));",
    /* What people of providers can be asked for again by, sealed, and when that was last done; and
     * what came back from log-ins, which counts once. */
    "CREATE TABLE oidc_people ("
    "  principal BIGINT PRIMARY KEY,"
    "  refresh BYTEA NOT NULL,"
    "  asked BIGINT NOT NULL);"
    "CREATE TABLE oidc_used ("
    "  hash BYTEA PRIMARY KEY,"
    "  ends BIGINT NOT NULL);"
    "CREATE INDEX oidc_used_by_end ON oidc_used (ends);",

    /* Whom a robot trusts (trusts.h): `claims` is JSON. */
    "CREATE TABLE robot_trusts ("
    "  id BIGINT PRIMARY KEY,"
    "  robot BIGINT NOT NULL REFERENCES principals (id),"
    "  issuer TEXT NOT NULL,"
    "  audience TEXT NOT NULL,"
    "  claims TEXT NOT NULL,"
    "  created BIGINT NOT NULL,"
    "  created_by TEXT NOT NULL,"
    "  last_used BIGINT);"
    "CREATE INDEX robot_trusts_by_issuer ON robot_trusts (issuer);"
    "CREATE INDEX robot_trusts_by_robot ON robot_trusts (robot);",

    /* Whose client certificates are (certificate_names.h). */
    "CREATE TABLE certificate_names ("
    "  id BIGINT PRIMARY KEY,"
    "  kind TEXT NOT NULL,"
    "  value TEXT NOT NULL,"
    "  principal BIGINT NOT NULL REFERENCES principals (id),"
    "  created BIGINT NOT NULL,"
    "  created_by TEXT NOT NULL,"
    "  UNIQUE (kind, value));",
    /* Requests that are not to be done twice (idempotency.h). */
    "CREATE TABLE idempotency_keys ("
    "  who TEXT NOT NULL,"
    "  key TEXT NOT NULL,"
    "  fingerprint TEXT NOT NULL,"
    "  attempt TEXT NOT NULL,"
    "  status INTEGER NOT NULL,"
    "  location TEXT,"
    "  answer TEXT,"
    "  ends BIGINT NOT NULL,"
    "  PRIMARY KEY (who, key));"
    "CREATE INDEX idempotency_keys_by_end ON idempotency_keys (ends);",

    /* Which signing rule may use which key (key_grants.h). */
    "CREATE TABLE key_grants ("
    "  id BIGINT PRIMARY KEY,"
    "  rule TEXT NOT NULL,"
    "  key TEXT NOT NULL,"
    "  verb TEXT NOT NULL,"
    "  pattern TEXT NOT NULL,"
    "  ends BIGINT,"
    "  created BIGINT NOT NULL,"
    "  created_by TEXT NOT NULL);"
    "CREATE INDEX key_grants_by_key ON key_grants (rule, key);",
};

const Schema access_schema = {"access", steps, G_N_ELEMENTS(steps), NULL};
