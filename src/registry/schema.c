/* What the registry keeps, as the steps that made it. Times are microseconds since 1970.
 * SQL_BYTE_ORDER was added to steps that were released: to SQLite it is a comment. */
#include "registry/schema.h"

#include <glib.h>

#include "storage/sql.h"

static const char *const steps[] = {
    /* 1: what the registry holds. A manifest's bytes are here and not in the blob store: they are
     * small, and one read answers a pull. Blobs are files; `blobs` says that a file is whole and
     * how big it is, `repository_blobs` who may see it. */
    "CREATE TABLE repositories ("
    "  name TEXT " SQL_BYTE_ORDER " PRIMARY KEY,"
    "  created BIGINT NOT NULL);"

    "CREATE TABLE blobs ("
    "  digest TEXT PRIMARY KEY,"
    "  size BIGINT NOT NULL,"
    "  created BIGINT NOT NULL);"

    "CREATE TABLE repository_blobs ("
    "  repository TEXT " SQL_BYTE_ORDER " NOT NULL REFERENCES repositories (name),"
    "  digest TEXT NOT NULL REFERENCES blobs (digest),"
    "  PRIMARY KEY (repository, digest));"
    "CREATE INDEX repository_blobs_by_digest ON repository_blobs (digest);"

    "CREATE TABLE manifests ("
    "  repository TEXT " SQL_BYTE_ORDER " NOT NULL REFERENCES repositories (name),"
    "  digest TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  media_type TEXT NOT NULL,"
    "  artifact_type TEXT,"
    "  subject TEXT,"
    "  annotations TEXT," /* JSON, for the referrers list */
    "  content BYTEA NOT NULL,"
    "  pushed BIGINT NOT NULL,"
    "  PRIMARY KEY (repository, digest));"
    "CREATE INDEX manifests_by_subject ON manifests (repository, subject);"
    "CREATE INDEX manifests_by_digest ON manifests (digest);"
    "CREATE INDEX manifests_by_age ON manifests (repository, pushed DESC, digest);"

    "CREATE TABLE tags ("
    "  repository TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  name TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  digest TEXT NOT NULL,"
    "  updated BIGINT NOT NULL,"
    "  PRIMARY KEY (repository, name),"
    "  FOREIGN KEY (repository, digest) REFERENCES manifests (repository, digest));"
    "CREATE INDEX tags_by_digest ON tags (repository, digest);"

    "CREATE TABLE uploads ("
    "  id TEXT PRIMARY KEY,"
    "  repository TEXT NOT NULL,"
    "  created BIGINT NOT NULL);",

    /* 2: what of a repository is needed, and by which manifest: as "config", "layer", "foreign" (a
     * layer that may be elsewhere) or "member" (of an index: a manifest, or a blob). What is needed
     * is not deleted, except what is "listed" in an index of referrers. Of manifests that were
     * pushed before, the text is read for it by and by (registry/references.c): they are
     * `unrecorded_manifests` until then. There are a dozen rows an image, so one index has to do:
     * what a manifest needs is in its text, and no foreign key asks for it. */
    "CREATE TABLE manifest_references ("
    "  repository TEXT NOT NULL,"
    "  digest TEXT NOT NULL,"
    "  manifest TEXT NOT NULL,"
    "  kind TEXT NOT NULL,"
    "  PRIMARY KEY (repository, digest, manifest));"
    "CREATE TABLE unrecorded_manifests ("
    "  repository TEXT NOT NULL,"
    "  digest TEXT NOT NULL,"
    "  PRIMARY KEY (repository, digest));"
    "INSERT INTO unrecorded_manifests (repository, digest) SELECT repository, digest FROM "
    "manifests;",

    /* 3: what is set for a namespace (registry/namespaces.c), as the members that were set. */
    "CREATE TABLE namespaces ("
    "  name TEXT " SQL_BYTE_ORDER " PRIMARY KEY,"
    "  settings TEXT NOT NULL," /* JSON */
    "  version BIGINT NOT NULL,"
    "  changed BIGINT NOT NULL);",

    /* 4: what collection goes by (registry/collect.c). `pinned`: when a client was last told that
     * the repository has the blob, or a manifest that needed it went; of what is there already, as
     * late as can be. `generation` of a blob is one more than that of the same blob which is still
     * to be removed: `blob_trash` has blobs that nobody has any more, until their bytes are gone.
     */
    "ALTER TABLE repository_blobs ADD COLUMN pinned BIGINT NOT NULL DEFAULT 0;"
    "UPDATE repository_blobs SET pinned = COALESCE((SELECT max(created) FROM blobs), 0);"
    "ALTER TABLE blobs ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;"
    "CREATE TABLE blob_trash ("
    "  digest TEXT NOT NULL,"
    "  generation BIGINT NOT NULL,"
    "  size BIGINT NOT NULL,"
    "  PRIMARY KEY (digest, generation));",

    /* 5: manifests that were deleted and can be brought back (registry/deleted.c), each with the
     * `tags` that it had, as JSON. What they need stays in manifest_references until they are
     * purged. */
    "CREATE TABLE deleted_manifests ("
    "  repository TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  digest TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  media_type TEXT NOT NULL,"
    "  artifact_type TEXT,"
    "  subject TEXT,"
    "  annotations TEXT,"
    "  content BYTEA NOT NULL,"
    "  pushed BIGINT NOT NULL,"
    "  deleted BIGINT NOT NULL,"
    "  tags TEXT NOT NULL,"
    "  PRIMARY KEY (repository, digest));"
    "CREATE INDEX deleted_manifests_by_time ON deleted_manifests (deleted);",

    /* 6: manifests that are gone for good, and whose referrers are still to be looked for
     * (registry/gone.c). */
    "CREATE TABLE gone_manifests ("
    "  repository TEXT NOT NULL,"
    "  digest TEXT NOT NULL,"
    "  gone BIGINT NOT NULL,"
    "  PRIMARY KEY (repository, digest));",

    /* 7: what each namespace holds (registry/quota.c). What was there before is counted in the
     * background. */
    "CREATE TABLE namespace_usage ("
    "  namespace TEXT PRIMARY KEY,"
    "  bytes BIGINT NOT NULL,"
    "  images BIGINT NOT NULL,"
    "  tags BIGINT NOT NULL);"
    "CREATE INDEX repository_blobs_by_blob ON repository_blobs (digest, repository);"
    "DROP INDEX repository_blobs_by_digest;",

    /* 8: what nobody pulls (registry/quarantine.c). `until`: 0 is no end. */
    "CREATE TABLE quarantine ("
    "  target TEXT " SQL_BYTE_ORDER " PRIMARY KEY,"
    "  reason TEXT NOT NULL,"
    "  author TEXT NOT NULL,"
    "  since BIGINT NOT NULL,"
    "  until BIGINT NOT NULL);",

    /* 9: how images are used (registry/pulls.c): when each was last pulled and how often, and when
     * it was pushed again or brought back (0: never); and by whom in which hour. */
    "CREATE TABLE image_use ("
    "  repository TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  digest TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  pulled BIGINT NOT NULL,"
    "  pulls BIGINT NOT NULL,"
    "  pushed BIGINT NOT NULL,"
    "  PRIMARY KEY (repository, digest));"
    "CREATE TABLE pull_counts ("
    "  repository TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  hour BIGINT NOT NULL,"
    "  digest TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  who TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  pulls BIGINT NOT NULL,"
    "  PRIMARY KEY (repository, hour, digest, who));"
    "CREATE INDEX pull_counts_by_hour ON pull_counts (hour);",

    /* 10: the rules of retention (registry/retention_rules.c), as JSON, and what its last run did.
     */
    "CREATE TABLE retention ("
    "  namespace TEXT " SQL_BYTE_ORDER " PRIMARY KEY,"
    "  rules TEXT NOT NULL,"
    "  version BIGINT NOT NULL,"
    "  changed BIGINT NOT NULL,"
    "  runs BIGINT NOT NULL,"
    "  ran BIGINT NOT NULL,"
    "  deleted BIGINT NOT NULL,"
    "  error TEXT);",

    /* 11: names that repositories had before they were moved (registry/move.h), which answer pulls
     * until then. */
    "CREATE TABLE moved_names ("
    "  name TEXT " SQL_BYTE_ORDER " PRIMARY KEY,"
    "  target TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  until BIGINT NOT NULL);",

    /* 12: those of a repository, for each of a namespace that is renamed. */
    "CREATE INDEX moved_names_by_target ON moved_names (target);",

    /* 13: blobs whose files are not on the disk yet (registry/small_blobs.h). */
    "CREATE TABLE small_blobs ("
    "  digest TEXT " SQL_BYTE_ORDER " PRIMARY KEY,"
    "  mark BIGINT NOT NULL,"
    "  bytes BYTEA NOT NULL);",

    /* 14: which manifests a tag named before (registry/known_names.h), the last of them. */
    "CREATE TABLE former_tags ("
    "  repository TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  name TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  digest TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  until BIGINT NOT NULL,"
    "  PRIMARY KEY (repository, name, digest));"
    "CREATE INDEX former_tags_by_digest ON former_tags (repository, digest);",

    /* 15: what is not set for a namespace is what the configuration says; before, each had all
     * settings once one was set. */
    "UPDATE namespaces SET settings = replace(replace(settings, '\"without\":[]', "
    "'\"without\":null'), '\"scan\":\"push\"', '\"scan\":null');",

    /* 16: which images run where (registry/running.h). */
    "CREATE TABLE running_images ("
    "  cluster TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  namespace TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  kind TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  name TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  image TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  digest TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  repository TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  since BIGINT NOT NULL,"
    "  seen BIGINT NOT NULL,"
    "  ended BIGINT NOT NULL,"
    "  PRIMARY KEY (cluster, namespace, kind, name, image, digest));"
    "CREATE INDEX running_images_by_digest ON running_images (digest);"
    "CREATE INDEX running_images_by_repository ON running_images (repository, digest);",
};

static const unsigned former[] = {1, 4, 0};

const Schema registry_schema = {"registry", steps, G_N_ELEMENTS(steps), former};
