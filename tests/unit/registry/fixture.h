/* What the tests of the registry share: one on a folder of its own, and short ways to push. */
#pragma once

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "jobs/schema.h"
#include "oci/media_type.h"
#include "registry/registry.h"
#include "registry/schema.h"

typedef struct {
  char *folder;
  const Schema *const *schemas;
  RegistryLimits limits;
  RegistrySettings settings;
  BlobStore *blobs;
  SqlPool *sql;
  Registry *registry;
} Fixture;

static inline void
open_all(Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *url = g_strdup_printf("sqlite:%s/metadata.db", fixture->folder);
  fixture->blobs = blob_store_open(fixture->folder, true, &error);
  g_assert_no_error(error);
  fixture->sql = sql_pool_open(url, fixture->schemas, true, &error);
  g_assert_no_error(error);
  fixture->registry =
      registry_new(fixture->blobs, fixture->sql, &fixture->limits, &fixture->settings);
}

static inline void
close_all(Fixture *fixture)
{
  registry_free(fixture->registry);
  sql_pool_close(fixture->sql);
  blob_store_close(fixture->blobs);
}

/* @data: the schemas of all rooms under test, ended by NULL; or NULL: the registry's. */
static inline void
set_up(Fixture *fixture, gconstpointer data)
{
  static const Schema *const registry_only[] = {&registry_schema, &jobs_schema, NULL};
  fixture->schemas = data != NULL ? data : registry_only;
  fixture->folder = g_dir_make_tmp("assay-registry-XXXXXX", NULL);
  settings_defaults(&registry_limits_section, &fixture->limits);
  open_all(fixture);
}

static inline void
tear_down(Fixture *fixture, gconstpointer data)
{
  close_all(fixture);
  g_assert_true(directory_remove(AT_FDCWD, fixture->folder, NULL));
  g_free(fixture->folder);
}

static inline Digest
push_blob(Registry *registry, const char *repository, const char *text)
{
  g_autoptr(GError) error = NULL;
  Digest digest = digest_of(DIGEST_SHA256, slice_from_string(text));
  g_autoptr(RegistryUpload) upload =
      registry_upload_start(registry, repository, DIGEST_SHA256, &error);
  g_assert_no_error(error);
  g_assert_true(registry_upload_append(upload, slice_from_string(text), &error));
  g_assert_true(registry_upload_finish(upload, &digest, &error));
  g_assert_no_error(error);
  return digest;
}

/* A manifest with @config as its config and no layers; @subject and @annotation may be NULL. */
static inline char *
manifest_text(const Digest *config, const char *type, const Digest *subject)
{
  g_autofree char *extra =
      subject == NULL ? g_strdup("")
                      : g_strdup_printf(",\"subject\":{\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST
                                        "\",\"digest\":\"%s\",\"size\":1}",
                                        subject->text);
  return g_strdup_printf("{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_TYPE_OCI_MANIFEST
                         "\",\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":1},"
                         "\"layers\":[],\"annotations\":{\"k\":\"v\"}%s}",
                         type, config->text, extra);
}

static inline bool
put_text(Registry *registry, const char *repository, const char *reference, const char *media_type,
         const char *text, Digest *digest, GError **error)
{
  g_autoptr(GBytes) bytes = g_bytes_new(text, strlen(text));
  g_auto(PushedManifest) pushed = {{{0}}, NULL, NULL};
  bool put = registry_manifest_put(registry, repository, reference, NULL, media_type, bytes,
                                   &pushed, error);
  *digest = pushed.digest;
  return put;
}

static inline Digest
push_image(Registry *registry, const char *repository, const char *tag)
{
  g_autoptr(GError) error = NULL;
  Digest config = push_blob(registry, repository, tag), digest;
  g_autofree char *text = manifest_text(&config, MEDIA_TYPE_OCI_CONFIG, NULL);
  g_assert_true(
      put_text(registry, repository, tag, MEDIA_TYPE_OCI_MANIFEST, text, &digest, &error));
  g_assert_no_error(error);
  return digest;
}
