/* The steps that made the room's tables (storage/schema.h). */
#include "signing/schema.h"

#include <glib.h>

#include "storage/sql.h"

static const char *const steps[] = {
    /* 1: keys, attestors and rules are few and read whole, so each is a text (signing/signing.h).
     */
    "CREATE TABLE signing ("
    "  kind TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  name TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  content TEXT NOT NULL,"
    "  PRIMARY KEY (kind, name));",

    /* 2: signatures that this server has made (signing/journal.h). */
    "CREATE TABLE signatures ("
    "  number BIGINT PRIMARY KEY,"
    "  repository TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  image TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  manifest TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  format TEXT NOT NULL,"
    "  rule TEXT NOT NULL,"
    "  attestor TEXT NOT NULL,"
    "  key TEXT NOT NULL,"
    "  version TEXT,"
    "  fingerprint TEXT NOT NULL,"
    "  content TEXT NOT NULL," /* what an attestation says, as a digest; '' of a signature */
    "  made BIGINT NOT NULL,"
    "  UNIQUE (repository, image, fingerprint, format, content));"
    "CREATE INDEX signatures_by_image ON signatures (image);",

    /* 3: of attestations that are made anew by age, when the last was (`made`), until that is asked
     * for; NULL of all others. */
    "ALTER TABLE signatures ADD COLUMN due BIGINT;"
    "UPDATE signatures SET due = made"
    "  WHERE content LIKE 'https://cosign.sigstore.dev/attestation/vuln/v1 %';"
    "CREATE INDEX signatures_by_due ON signatures (rule, due) WHERE due IS NOT NULL;",

    /* 4: the last run of a rule over all images (signing/runs.h); where it is. */
    "CREATE TABLE signing_runs ("
    "  rule TEXT " SQL_BYTE_ORDER " PRIMARY KEY,"
    "  pattern TEXT,"
    "  state TEXT NOT NULL,"
    "  asked BIGINT NOT NULL,"
    "  asked_by TEXT NOT NULL,"
    "  ended BIGINT NOT NULL,"
    "  at_repository TEXT,"
    "  at_digest TEXT,"
    "  manifests BIGINT NOT NULL," /* -1: not counted yet */
    "  looked BIGINT NOT NULL,"
    "  made BIGINT NOT NULL,"
    "  present BIGINT NOT NULL,"
    "  refused BIGINT NOT NULL,"
    "  failed BIGINT NOT NULL,"
    "  error TEXT);",

    /* 5: how often a signature was put back that somebody else had overwritten. */
    "ALTER TABLE signatures ADD COLUMN restored BIGINT NOT NULL DEFAULT 0;",
};

const Schema signing_schema = {"signing", steps, G_N_ELEMENTS(steps), NULL};
