-- The metadata database as version 9 of its schema left it, the last of the one list of steps, for tests of the upgrade.
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
  created BIGINT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, retry_at BIGINT,
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
  fixable TEXT NOT NULL, uncovered BIGINT NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, retry_at BIGINT, third_party BIGINT NOT NULL DEFAULT 0, end_of_life TEXT, gaps TEXT);
CREATE TABLE packages (
  id BIGINT PRIMARY KEY,
  ecosystem TEXT NOT NULL,
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  architecture TEXT,
  source_name TEXT NOT NULL,
  source_version TEXT NOT NULL,
  module TEXT, vendor TEXT);
CREATE TABLE image_packages (
  image BIGINT NOT NULL REFERENCES images (id),
  package BIGINT NOT NULL,
  layer INTEGER NOT NULL,
  PRIMARY KEY (image, package));
CREATE TABLE manifest_references (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  manifest TEXT NOT NULL,
  kind TEXT NOT NULL,
  PRIMARY KEY (repository, digest, manifest));
CREATE TABLE unrecorded_manifests (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (repository, digest));
CREATE INDEX layer_inventories_by_retry ON layer_inventories (retry_at)   WHERE retry_at IS NOT NULL;
CREATE INDEX images_by_state ON images (state, retry_at);
CREATE TABLE layer_looks (
  layer TEXT NOT NULL,
  detector_version INTEGER NOT NULL,
  links TEXT NOT NULL,
  content TEXT NOT NULL, created BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (layer, detector_version, links));
CREATE INDEX layer_looks_by_age ON layer_looks (layer, detector_version, created);
INSERT INTO schema_migrations (version) VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9);
