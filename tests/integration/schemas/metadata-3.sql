-- The metadata database as version 3 of its schema left it, for tests of the upgrade.
CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY);
CREATE TABLE repositories (
  name TEXT PRIMARY KEY,
  created BIGINT NOT NULL);
CREATE TABLE blobs (
  digest TEXT PRIMARY KEY,
  size BIGINT NOT NULL,
  created BIGINT NOT NULL);
CREATE TABLE repository_blobs (
  repository TEXT NOT NULL REFERENCES repositories (name),
  digest TEXT NOT NULL REFERENCES blobs (digest),
  PRIMARY KEY (repository, digest));
CREATE INDEX repository_blobs_by_digest ON repository_blobs (digest);
CREATE TABLE manifests (
  repository TEXT NOT NULL REFERENCES repositories (name),
  digest TEXT NOT NULL,
  media_type TEXT NOT NULL,
  artifact_type TEXT,
  subject TEXT,
  annotations TEXT,
  content BYTEA NOT NULL,
  pushed BIGINT NOT NULL,
  PRIMARY KEY (repository, digest));
CREATE INDEX manifests_by_subject ON manifests (repository, subject);
CREATE INDEX manifests_by_digest ON manifests (digest);
CREATE INDEX manifests_by_age ON manifests (repository, pushed DESC, digest);
CREATE TABLE tags (
  repository TEXT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  updated BIGINT NOT NULL,
  PRIMARY KEY (repository, name),
  FOREIGN KEY (repository, digest) REFERENCES manifests (repository, digest));
CREATE INDEX tags_by_digest ON tags (repository, digest);
CREATE TABLE uploads (
  id TEXT PRIMARY KEY,
  repository TEXT NOT NULL,
  created BIGINT NOT NULL);
CREATE TABLE layer_inventories (
  layer TEXT NOT NULL,
  detector_version INTEGER NOT NULL,
  content TEXT,
  error TEXT,
  created BIGINT NOT NULL,
  PRIMARY KEY (layer, detector_version));
CREATE TABLE images (
  id BIGINT PRIMARY KEY,
  manifest TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,
  error TEXT,
  scanned BIGINT NOT NULL,
  advisories TEXT,
  os TEXT,
  package_count BIGINT NOT NULL,
  counts TEXT NOT NULL,
  fixable TEXT NOT NULL, uncovered BIGINT NOT NULL DEFAULT 0);
CREATE INDEX images_by_state ON images (state);
CREATE TABLE packages (
  id BIGINT PRIMARY KEY,
  ecosystem TEXT NOT NULL,
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  architecture TEXT,
  source_name TEXT NOT NULL,
  source_version TEXT NOT NULL,
  module TEXT);
CREATE TABLE image_packages (
  image BIGINT NOT NULL REFERENCES images (id),
  package BIGINT NOT NULL,
  layer INTEGER NOT NULL,
  PRIMARY KEY (image, package));
INSERT INTO schema_migrations (version) VALUES (1), (2), (3);
