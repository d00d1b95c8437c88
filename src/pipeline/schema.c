/* What the pipeline keeps, as the steps that made it. Times are microseconds since 1970.
 * SQL_BYTE_ORDER was added to a step that was released: to SQLite it is a comment. */
#include "pipeline/schema.h"

#include <glib.h>

#include "storage/sql.h"

static const char *const steps[] = {
    /* 1: what the pipeline knows. A layer is inspected once for a version of the detectors:
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
    "  manifest TEXT " SQL_BYTE_ORDER " NOT NULL UNIQUE,"
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

    /* 2: how many of an image's packages are of distributions without advisories: none of its
     * findings are known, and zero of them is no good news. */
    "ALTER TABLE images ADD COLUMN uncovered BIGINT NOT NULL DEFAULT 0;"
    "UPDATE images SET uncovered = package_count, advisories = NULL;",

    /* 3: what failed for a reason that may pass is tried again: `retry_at` says when (NULL: the
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

    /* 4: who made a package, for the distribution's advisories do not speak of what others made;
     * how many of an image's packages those are; and until when there are advisories for its
     * distribution at all ("2022-06-30", NULL: no end is known). */
    "ALTER TABLE packages ADD COLUMN vendor TEXT;"
    "ALTER TABLE images ADD COLUMN third_party BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE images ADD COLUMN end_of_life TEXT;",

    /* 5: what of a scanned image is not known, whatever the advisories: sentences, a line each. */
    "ALTER TABLE images ADD COLUMN gaps TEXT;",

    /* 6: what comes of inspecting a layer once more for links that other layers of an image have
     * (`links`: a hash of them). */
    "CREATE TABLE layer_looks ("
    "  layer TEXT NOT NULL,"
    "  detector_version INTEGER NOT NULL,"
    "  links TEXT NOT NULL,"
    "  content TEXT NOT NULL,"
    "  PRIMARY KEY (layer, detector_version, links));",

    /* 7: the looks of a layer are dropped by age, when there are many. */
    "ALTER TABLE layer_looks ADD COLUMN created BIGINT NOT NULL DEFAULT 0;"
    "CREATE INDEX layer_looks_by_age ON layer_looks (layer, detector_version, created);",

    /* 8: images share sets of packages (pipeline/packages.c), so that an image is some rows and
     * what has a package is found. `digest` is of all that a set is, for its id is a part of it.
     * `facts` is what findings name besides packages, in JSON: layers and distribution. NULL: of an
     * image that was scanned before there were sets; its packages are taken from its layers'
     * inventories in the background, and its rows of image_packages go then. */
    "CREATE TABLE package_sets ("
    "  id BIGINT PRIMARY KEY,"
    "  digest TEXT NOT NULL);"
    "CREATE TABLE package_set_members ("
    "  package_set BIGINT NOT NULL,"
    "  package BIGINT NOT NULL,"
    "  location TEXT NOT NULL,"
    "  PRIMARY KEY (package_set, package));"
    "CREATE INDEX package_set_members_by_package ON package_set_members (package, package_set);"
    "CREATE TABLE image_sets ("
    "  image BIGINT NOT NULL REFERENCES images (id),"
    "  package_set BIGINT NOT NULL,"
    "  layer INTEGER NOT NULL,"
    "  PRIMARY KEY (image, package_set));"
    "CREATE INDEX image_sets_by_set ON image_sets (package_set, image);"
    "ALTER TABLE images ADD COLUMN facts TEXT;",

    /* 9: what the advisories say of each package (pipeline/package_findings.c), and sums of it.
     * `matched` is a hash of what names these advisories; 0: none were asked yet. */
    "CREATE TABLE package_findings ("
    "  vulnerability TEXT NOT NULL,"
    "  package BIGINT NOT NULL,"
    "  severity INTEGER NOT NULL,"
    "  state INTEGER NOT NULL,"
    "  fixed_version TEXT,"
    "  known_exploited INTEGER NOT NULL,"
    "  first_seen BIGINT NOT NULL,"
    "  PRIMARY KEY (vulnerability, package));"
    "CREATE INDEX package_findings_by_package ON package_findings (package);"
    "ALTER TABLE packages ADD COLUMN matched BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE packages ADD COLUMN counts TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE packages ADD COLUMN fixable TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE packages ADD COLUMN uncovered INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE packages ADD COLUMN third_party INTEGER NOT NULL DEFAULT 0;",

    /* 10: by which detectors an image was scanned, whose inventories (`detector_version`) are in
     * force until newer detectors have inspected its layers. */
    "ALTER TABLE images ADD COLUMN detectors BIGINT NOT NULL DEFAULT 10;",

    /* 11: how each image stands in each of its repositories (pipeline/standings.h), by which
     * advisories and rules (`stamp`: a hash of both); what changed of it; and sums by day. */
    "CREATE INDEX packages_by_match ON packages (matched);"
    "CREATE INDEX packages_by_name ON packages (name);"
    "CREATE INDEX packages_by_source ON packages (source_name);"
    "CREATE TABLE standings ("
    "  repository TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  manifest TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  namespace TEXT NOT NULL,"
    "  gate INTEGER NOT NULL,"
    "  worst INTEGER NOT NULL," /* Severity; -1: no findings */
    "  unscanned INTEGER NOT NULL,"
    "  state INTEGER NOT NULL,"
    "  unknown BIGINT NOT NULL,"
    "  negligible BIGINT NOT NULL,"
    "  low BIGINT NOT NULL,"
    "  medium BIGINT NOT NULL,"
    "  high BIGINT NOT NULL,"
    "  critical BIGINT NOT NULL,"
    "  fixable_unknown BIGINT NOT NULL,"
    "  fixable_negligible BIGINT NOT NULL,"
    "  fixable_low BIGINT NOT NULL,"
    "  fixable_medium BIGINT NOT NULL,"
    "  fixable_high BIGINT NOT NULL,"
    "  fixable_critical BIGINT NOT NULL,"
    "  blocking BIGINT NOT NULL,"
    "  size BIGINT NOT NULL,"
    "  pushed BIGINT NOT NULL,"
    "  stamp BIGINT NOT NULL,"
    "  expires BIGINT NOT NULL," /* 0: never */
    "  advisories TEXT,"
    "  rules TEXT NOT NULL,"
    "  policy TEXT NOT NULL,"
    "  reason TEXT,"
    "  PRIMARY KEY (repository, manifest));"
    "CREATE INDEX standings_by_manifest ON standings (manifest);"
    "CREATE INDEX standings_by_age ON standings (pushed DESC, repository, manifest);"
    "CREATE INDEX standings_by_stamp ON standings (stamp);"
    "CREATE INDEX standings_by_expiry ON standings (expires);"
    "CREATE TABLE standing_changes ("
    "  id BIGINT PRIMARY KEY,"
    "  repository TEXT NOT NULL,"
    "  manifest TEXT NOT NULL,"
    "  gate_before INTEGER NOT NULL,"
    "  gate INTEGER NOT NULL,"
    "  counts_before TEXT NOT NULL,"
    "  counts TEXT NOT NULL,"
    "  why TEXT NOT NULL,"
    "  reason TEXT);"
    "CREATE TABLE day_counts ("
    "  day TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  namespace TEXT NOT NULL,"
    "  images BIGINT NOT NULL,"
    "  allowed BIGINT NOT NULL,"
    "  warned BIGINT NOT NULL,"
    "  refused BIGINT NOT NULL,"
    "  unscanned BIGINT NOT NULL,"
    "  unknown BIGINT NOT NULL,"
    "  negligible BIGINT NOT NULL,"
    "  low BIGINT NOT NULL,"
    "  medium BIGINT NOT NULL,"
    "  high BIGINT NOT NULL,"
    "  critical BIGINT NOT NULL,"
    "  fixable BIGINT NOT NULL,"
    "  PRIMARY KEY (day, namespace));",

    /* 12: which images have a package or a vulnerability is found by their narrow ids, and what a
     * list is ordered by is in the same index. */
    "ALTER TABLE standings ADD COLUMN image BIGINT;"
    "UPDATE standings SET image = (SELECT id FROM images WHERE images.manifest = "
    "standings.manifest);"
    "CREATE INDEX standings_by_image ON standings (image, pushed, repository, manifest);",

    /* 13: why newer detectors, and which, could not inspect an image again, and since when: what
     * older ones found is in force meanwhile. */
    "ALTER TABLE images ADD COLUMN renewal_error TEXT;"
    "ALTER TABLE images ADD COLUMN renewal_failed BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE images ADD COLUMN renewal_detectors BIGINT NOT NULL DEFAULT 0;",

    /* 14: what changed of a repository's images goes along when it is moved, and there are 90 days
     * of it. */
    "CREATE INDEX standing_changes_by_repository ON standing_changes (repository);",

    /* 15: what findings say of a package of an application: the distribution's package that owns
     * its file, the other files that show it, a line each, and whether it is only declared. Images
     * of before have such packages once the detectors that find them have inspected them. */
    "ALTER TABLE package_set_members ADD COLUMN owner TEXT;"
    "ALTER TABLE package_set_members ADD COLUMN places TEXT;"
    "ALTER TABLE package_set_members ADD COLUMN declared INTEGER NOT NULL DEFAULT 0;",

    /* 16: the bills of materials that are kept beside images: of which detectors, and the manifest
     * of each. `referrer`: NULL where nothing of the manifest is unpacked, and so nothing listed.
     */
    "CREATE TABLE image_sboms ("
    "  repository TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  manifest TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  format TEXT NOT NULL,"
    "  detectors BIGINT NOT NULL,"
    "  referrer TEXT " SQL_BYTE_ORDER ","
    "  PRIMARY KEY (repository, manifest));"
    "CREATE INDEX image_sboms_by_manifest ON image_sboms (manifest);"
    "CREATE INDEX image_sboms_by_referrer ON image_sboms (referrer);",

    /* 17: which functions of a module are linked into programs (inventory/go_symbols.h): a package
     * of which others are linked is another one. */
    "ALTER TABLE packages ADD COLUMN symbols TEXT;"
    /* And whether an application is only built or tested with it. */
    "ALTER TABLE package_set_members ADD COLUMN development INTEGER NOT NULL DEFAULT 0;",

    /* 18: how much was observed besides packages, by kind and severity (observed_counts_to_text());
     * what it is, is in `facts`. */
    "ALTER TABLE images ADD COLUMN observed TEXT NOT NULL DEFAULT '';",

    /* 19: layers of which ClamAV could not judge all: when it is to be asked again, in microseconds
     * since 1970; 0: once it is back. */
    "CREATE TABLE unjudged_layers ("
    "  layer TEXT " SQL_BYTE_ORDER " PRIMARY KEY,"
    "  due BIGINT NOT NULL);",

    /* 20: what the unpacked layers of an image are called together, and what it runs on: an image
     * is the base of those that have its layers and more (pipeline/bases.h). `chain` is "" where
     * its layers are not all known to be what its config says. Of images of before, it is filled in
     * in the background. */
    "CREATE TABLE image_chains ("
    "  manifest TEXT " SQL_BYTE_ORDER " PRIMARY KEY,"
    "  chain TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  platform TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  noted BIGINT NOT NULL);"
    "CREATE INDEX image_chains_by_chain ON image_chains (chain, platform, noted);",

    /* 21: what ClamAV made of each layer in which something was for it to judge (unjudged_rows.c).
     * `due`: when it is to be looked at again, in microseconds since 1970; 0: once clamd is there;
     * the most: not before something changes. Which signatures judged what of before is not known,
     * nor what ClamAV refused. */
    "CREATE TABLE clamav_layers ("
    "  layer TEXT " SQL_BYTE_ORDER " PRIMARY KEY,"
    "  state INTEGER NOT NULL,"
    "  signatures TEXT " SQL_BYTE_ORDER " NOT NULL,"
    "  due BIGINT NOT NULL,"
    "  attempts INTEGER NOT NULL,"
    "  too_large BIGINT NOT NULL);" /* size of the smallest file that it refused for that; 0: none
                                     */
    "CREATE INDEX clamav_layers_by_due ON clamav_layers (due);"
    "CREATE INDEX clamav_layers_by_signatures ON clamav_layers (signatures);"
    "INSERT INTO clamav_layers (layer, state, signatures, due, attempts, too_large) "
    "SELECT layer, 1, '', due, 0, 0 FROM unjudged_layers;"
    "INSERT INTO clamav_layers (layer, state, signatures, due, attempts, too_large) "
    "SELECT DISTINCT layer, 0, '', 9223372036854775807, 0, 0 FROM layer_inventories "
    "WHERE error IS NULL ON CONFLICT (layer) DO NOTHING;"
    "DROP TABLE unjudged_layers;",
};

static const unsigned former[] = {2, 3, 5, 6, 7, 8, 9, 0};

const Schema pipeline_schema = {"pipeline", steps, G_N_ELEMENTS(steps), former};
