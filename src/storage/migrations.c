/* The steps of the schema; see the header. Times are microseconds since 1970. */
#include "storage/migrations.h"

const char *const migrations[] = {
    /* 1: what the registry holds. A manifest's bytes stand here and not in the blob store: they are
     * small, and one read answers a pull. Blobs are files; `blobs` says that a file is whole and
     * how big it is, `repository_blobs` who may see it. */
    "CREATE TABLE repositories ("
    "  name TEXT PRIMARY KEY,"
    "  created BIGINT NOT NULL);"

    "CREATE TABLE blobs ("
    "  digest TEXT PRIMARY KEY,"
    "  size BIGINT NOT NULL,"
    "  created BIGINT NOT NULL);"

    "CREATE TABLE repository_blobs ("
    "  repository TEXT NOT NULL REFERENCES repositories (name),"
    "  digest TEXT NOT NULL REFERENCES blobs (digest),"
    "  PRIMARY KEY (repository, digest));"
    "CREATE INDEX repository_blobs_by_digest ON repository_blobs (digest);"

    "CREATE TABLE manifests ("
    "  repository TEXT NOT NULL REFERENCES repositories (name),"
    "  digest TEXT NOT NULL,"
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
    "  repository TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  digest TEXT NOT NULL,"
    "  updated BIGINT NOT NULL,"
    "  PRIMARY KEY (repository, name),"
    "  FOREIGN KEY (repository, digest) REFERENCES manifests (repository, digest));"
    "CREATE INDEX tags_by_digest ON tags (repository, digest);"

    "CREATE TABLE uploads ("
    "  id TEXT PRIMARY KEY,"
    "  repository TEXT NOT NULL,"
    "  created BIGINT NOT NULL);",

    /* 2: what the pipeline knows. A layer is inspected once for a version of the detectors:
     * `content` is its inventory, or `error` says why there is none. The packages of all images are
     * rows that images share, so that a new advisory database is matched with each of them once.
     * `counts` and `fixable` are six numbers by severity, unknown first. Images and packages have
     * ids of 63 bits of a hash, for which nobody need ask; `image_packages` has some hundred rows
     * an image, so it is narrow, and its one index is in the order in which images come. Its
     * packages are no foreign key: to drop one would mean to look through all rows. */
    "CREATE TABLE layer_inventories ("
    "  layer TEXT NOT NULL,"
    "  detector_version INTEGER NOT NULL,"
    "  content TEXT,"
    "  error TEXT,"
    "  created BIGINT NOT NULL,"
    "  PRIMARY KEY (layer, detector_version));"

    "CREATE TABLE images ("
    "  id BIGINT PRIMARY KEY,"
    "  manifest TEXT NOT NULL UNIQUE,"
    "  state INTEGER NOT NULL,"
    "  error TEXT,"
    "  scanned BIGINT NOT NULL,"
    "  advisories TEXT,"
    "  os TEXT,"
    "  package_count BIGINT NOT NULL,"
    "  counts TEXT NOT NULL,"
    "  fixable TEXT NOT NULL);"
    "CREATE INDEX images_by_state ON images (state);"

    "CREATE TABLE packages ("
    "  id BIGINT PRIMARY KEY,"
    "  ecosystem TEXT NOT NULL,"
    "  type TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  version TEXT NOT NULL,"
    "  architecture TEXT,"
    "  source_name TEXT NOT NULL,"
    "  source_version TEXT NOT NULL,"
    "  module TEXT);"

    "CREATE TABLE image_packages ("
    "  image BIGINT NOT NULL REFERENCES images (id),"
    "  package BIGINT NOT NULL,"
    "  layer INTEGER NOT NULL,"
    "  PRIMARY KEY (image, package));",

    /* 3: how many of an image's packages are of distributions without advisories: none of its
     * findings are known, and zero of them is no good news. */
    "ALTER TABLE images ADD COLUMN uncovered BIGINT NOT NULL DEFAULT 0;"
    "UPDATE images SET uncovered = package_count, advisories = NULL;",

    /* 4: what of a repository is needed, and by which manifest: as "config", "layer", "foreign" (a
     * layer that may be elsewhere) or "member" (of an index: a manifest, or a blob). What is needed
     * is not deleted, but for what is "listed" in an index of referrers. Of manifests that were
     * pushed before, the text is read for it by and by (registry/references.c): they are
     * `unrecorded_manifests` until then. There are a dozen rows an image, so one index has to do:
     * what a manifest needs stands in its text, and no foreign key asks for it. */
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

    /* 5: what failed for a reason that may pass is tried again: `retry_at` says when (NULL: the
     * failure is final), `attempts` how often it was tried in vain. Earlier versions did not tell
     * the two kinds apart: what they condemned is tried once more. */
    "ALTER TABLE layer_inventories ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE layer_inventories ADD COLUMN retry_at BIGINT;"
    "CREATE INDEX layer_inventories_by_retry ON layer_inventories (retry_at) "
    "  WHERE retry_at IS NOT NULL;"
    "ALTER TABLE images ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE images ADD COLUMN retry_at BIGINT;"
    "DROP INDEX images_by_state;"
    "CREATE INDEX images_by_state ON images (state, retry_at);"
    "UPDATE layer_inventories SET retry_at = 0 WHERE error IS NOT NULL;"
    "UPDATE images SET state = 1 WHERE state = 3;",

    /* 6: who made a package, for the distribution's advisories do not speak of what others made;
     * how many of an image's packages those are; and until when there are advisories for its
     * distribution at all ("2022-06-30", NULL: no end is known). */
    "ALTER TABLE packages ADD COLUMN vendor TEXT;"
    "ALTER TABLE images ADD COLUMN third_party BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE images ADD COLUMN end_of_life TEXT;",

    /* 7: what of a scanned image is not known, whatever the advisories: sentences, a line each. */
    "ALTER TABLE images ADD COLUMN gaps TEXT;",

    /* 8: what comes of inspecting a layer once more for links that other layers of an image have
     * (`links`: a hash of them). */
    "CREATE TABLE layer_looks ("
    "  layer TEXT NOT NULL,"
    "  detector_version INTEGER NOT NULL,"
    "  links TEXT NOT NULL,"
    "  content TEXT NOT NULL,"
    "  PRIMARY KEY (layer, detector_version, links));",

    /* 9: the looks of a layer are dropped by age, when there are many. */
    "ALTER TABLE layer_looks ADD COLUMN created BIGINT NOT NULL DEFAULT 0;"
    "CREATE INDEX layer_looks_by_age ON layer_looks (layer, detector_version, created);",
};

const size_t migration_count = sizeof migrations / sizeof *migrations;
