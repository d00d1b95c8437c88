/* InRelease: signature, dates, and the hashes of the suite's indices. */
#include "advisory/feeds/debian_release.h"

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/program.h"
#include "inventory/ecosystem.h"
#include "text/deb822.h"

#define GPGV_STATUS_MAX ((size_t)1024 * 1024)
#define KEYRINGS        "/usr/share/keyrings/"

static const struct {
  const char *origin, *keyring, *package;
} default_keyrings[] = {
    {"Debian", KEYRINGS "debian-archive-keyring.gpg", "debian-archive-keyring"},
    {"Debian", KEYRINGS "debian-archive-keyring.pgp", "debian-archive-keyring"},
    {"Ubuntu", KEYRINGS "ubuntu-archive-keyring.gpg", "ubuntu-keyring"},
};

/* The keyring of the distribution that the file, not yet verified, says it is from: a wrong name
 * there only chooses a keyring that its signature does not hold with. */
static const char *
choose_keyring(const char *path, GError **error)
{
  g_autoptr(GBytes) bytes = file_read(AT_FDCWD, path, DEBIAN_RELEASE_MAX, error);
  if (bytes == NULL)
    return NULL;
  g_autofree char *origin = deb822_get_text(slice_from_bytes(bytes), "Origin");
  const char *package = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(default_keyrings); i++) {
    if (g_strcmp0(origin, default_keyrings[i].origin) != 0)
      continue;
    package = default_keyrings[i].package;
    if (g_file_test(default_keyrings[i].keyring, G_FILE_TEST_EXISTS))
      return default_keyrings[i].keyring;
  }
  if (package != NULL)
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "the keyring of %s is missing (install %s, or name one with `keyring`)", origin,
              package);
  else
    error_set(error, ASSAY_ERROR_NOT_FOUND,
              "the suite's origin \"%s\" has no keyring that we know (name one with `keyring`)",
              origin != NULL ? origin : "");
  return NULL;
}

/* The field number @wanted of a status line, from 0. */
static Slice
status_field(Slice line, unsigned wanted)
{
  Slice field = SLICE_EMPTY;
  for (unsigned i = 0; i <= wanted; i++)
    if (!slice_next_field(&line, ' ', &field))
      return SLICE_EMPTY;
  return field;
}

bool
debian_release_signature_is_good(Slice status, char **reason)
{
  /* OpenPGP's numbers of digests that no signature should rest on (RFC 4880, 9.4). */
  static const char *const weak[] = {"1" /* MD5 */, "2" /* SHA-1 */, "3" /* RIPEMD-160 */};
  const char *problem = "no signature by a key of the keyring";
  Slice line;
  bool good_key = false, good = false;
  while (slice_next_line(&status, &line)) {
    Slice word = status_field(line, 1);
    if (slice_equal_string(word, "BADSIG")) {
      *reason = g_strdup("a signature does not hold: the file was changed");
      return false;
    }
    if (slice_equal_string(word, "EXPKEYSIG"))
      problem = "its signing key has expired (update the keyring)";
    if (slice_equal_string(word, "REVKEYSIG"))
      problem = "its signing key is revoked";
    if (slice_equal_string(word, "EXPSIG"))
      problem = "its signature has expired";
    if (slice_equal_string(word, "NEWSIG"))
      good_key = false;
    if (slice_equal_string(word, "GOODSIG"))
      good_key = true;
    if (slice_equal_string(word, "VALIDSIG") && good_key) {
      Slice digest = status_field(line, 9);
      bool is_weak = digest.size == 0;
      for (size_t i = 0; i < G_N_ELEMENTS(weak); i++)
        is_weak |= slice_equal_string(digest, weak[i]);
      good |= !is_weak;
      if (is_weak)
        problem = "its signature rests on a broken digest";
    }
  }
  if (!good)
    *reason = g_strdup(problem);
  return good;
}

bool
debian_release_verify(const char *path, const char *keyring, const char *output,
                      Cancellable *cancellable, GError **error)
{
  g_autoptr(GError) failure = NULL;
  if (keyring == NULL && (keyring = choose_keyring(path, error)) == NULL)
    return false;
  if (access(keyring, R_OK) < 0)
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "keyring %s cannot be read", keyring);
  g_autofree char *absolute = g_canonicalize_filename(keyring, NULL);
  g_autofree char *home = g_path_get_dirname(output);
  unlink(output); /* gpgv does not overwrite */
  const char *const arguments[] = {"gpgv",   "--homedir", home,   "--status-fd", "1", "--keyring",
                                   absolute, "--output",  output, path,          NULL};
  const Program gpgv = {.arguments = arguments, .quiet = true, .most = GPGV_STATUS_MAX};
  bool succeeded; /* the status tells more */
  g_autoptr(GBytes) status = program_run(&gpgv, cancellable, &succeeded, &failure);
  if (status == NULL && g_error_matches(failure, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
    return error_set(error, ASSAY_ERROR_NOT_FOUND, "gpgv cannot be run (install gpgv): %s",
                     failure->message);
  if (status == NULL)
    return error_set(error, ASSAY_ERROR_FAILED, "gpgv: %s", failure->message);
  g_autofree char *reason = NULL;
  if (!debian_release_signature_is_good(slice_from_bytes(status), &reason))
    return error_set(error, ASSAY_ERROR_MISMATCH, "the suite's InRelease is not trusted: %s (%s)",
                     reason, keyring);
  return true;
}

bool
debian_date_parse(const char *text, int64_t *seconds)
{
  struct tm time = {0};
  const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S", &time);
  if (end == NULL)
    return false;
  while (*end == ' ')
    end++;
  if (strcmp(end, "UTC") != 0 && strcmp(end, "GMT") != 0 && strcmp(end, "+0000") != 0)
    return false;
  *seconds = timegm(&time);
  return true;
}

/* "bookworm-security" is it by codename or by suite; "buster/updates" has the codename "buster". */
static bool
is_suite(const char *name, const char *suite)
{
  if (name == NULL)
    return false;
  size_t length = strlen(name);
  return strncmp(suite, name, length) == 0 && (suite[length] == '\0' || suite[length] == '/');
}

bool
debian_release_check(Slice release, const char *suite, int64_t now, GError **error)
{
  g_autofree char *codename = deb822_get_text(release, "Codename");
  g_autofree char *name = deb822_get_text(release, "Suite");
  g_autofree char *valid_until = deb822_get_text(release, "Valid-Until");
  int64_t end;
  if (!is_suite(codename, suite) && !is_suite(name, suite))
    return error_set(error, ASSAY_ERROR_MISMATCH,
                     "the mirror gave suite %s (%s) where %s was asked for",
                     codename != NULL ? codename : "?", name != NULL ? name : "?", suite);
  if (valid_until == NULL)
    return true;
  if (!debian_date_parse(valid_until, &end))
    return error_set(error, ASSAY_ERROR_INVALID, "Valid-Until \"%s\" is not a date", valid_until);
  return now <= end || error_set(error, ASSAY_ERROR_MISMATCH,
                                 "the suite's InRelease was valid until %s: the mirror is not kept "
                                 "up to date, or this machine's clock is wrong",
                                 valid_until);
}

char *
debian_release_ecosystem(Slice release, GError **error)
{
  g_autofree char *origin = deb822_get_text(release, "Origin");
  g_autofree char *version = deb822_get_text(release, "Version");
  g_autofree char *codename = deb822_get_text(release, "Codename");
  char *ecosystem = codename != NULL ? ecosystem_from_codename(codename) : NULL;
  if (ecosystem != NULL)
    return ecosystem;
  if (g_strcmp0(origin, "Ubuntu") == 0 && version != NULL)
    return g_strconcat("ubuntu:", version, NULL);
  if (g_strcmp0(origin, "Debian") == 0 && version != NULL)
    return g_strdup_printf("debian:%.*s", (int)strcspn(version, "."), version);
  error_set(error, ASSAY_ERROR_UNSUPPORTED,
            "origin \"%s\", codename \"%s\" is no release that we know (set `ecosystem`)",
            origin != NULL ? origin : "", codename != NULL ? codename : "");
  return NULL;
}

void
debian_index_free(DebianIndex *index)
{
  g_free(index->path);
  g_free(index->sha256);
  g_free(index);
}

static void
free_index(gpointer index)
{
  debian_index_free(index);
}

bool
debian_path_is_safe(const char *path)
{
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "+-.~_:/%";
  return path[0] != '\0' && path[0] != '/' && path[strspn(path, allowed)] == '\0' &&
         strstr(path, "..") == NULL;
}

/* 3 for .xz, 2 for .gz, 1 for the plain file, 0 for what is not @base at all. */
static unsigned
rate_form(const char *path, const char *base)
{
  if (g_str_has_suffix(path, base))
    return 1;
  g_autofree char *xz = g_strconcat(base, ".xz", NULL), *gz = g_strconcat(base, ".gz", NULL);
  return g_str_has_suffix(path, xz) ? 3 : g_str_has_suffix(path, gz) ? 2 : 0;
}

static size_t
stem_length(const char *path)
{
  const char *dot = strrchr(path, '.');
  return dot != NULL && strchr(dot, '/') == NULL ? (size_t)(dot - path) : strlen(path);
}

/* Keeps @path when its stem has no better form among @indices yet. */
static void
keep_best(GPtrArray *indices, char *path, Slice hash, uint64_t size, unsigned rating,
          const char *base)
{
  for (guint i = 0; i < indices->len; i++) {
    DebianIndex *other = indices->pdata[i];
    size_t stem = stem_length(path);
    if (stem != stem_length(other->path) || strncmp(path, other->path, stem) != 0)
      continue;
    if (rate_form(other->path, base) >= rating)
      return;
    g_ptr_array_remove_index(indices, i);
    break;
  }
  DebianIndex *index = g_new0(DebianIndex, 1);
  *index = (DebianIndex){g_strdup(path), slice_to_string(hash), size};
  g_ptr_array_add(indices, index);
}

GPtrArray *
debian_release_indices(Slice release, const char *architecture)
{
  g_autoptr(GPtrArray) indices = g_ptr_array_new_with_free_func(free_index);
  g_autofree char *packages = g_strdup_printf("/binary-%s/Packages", architecture);
  const char *const bases[] = {"/source/Sources", packages};
  Slice list, hash, name;
  uint64_t size;
  if (!deb822_get(release, "SHA256", &list))
    return g_steal_pointer(&indices);
  while (deb822_next_file(&list, &hash, &size, &name)) {
    g_autofree char *path = slice_to_string(name);
    if (hash.size != 64 || !debian_path_is_safe(path) || strstr(path, "debian-installer") != NULL)
      continue;
    for (size_t i = 0; i < G_N_ELEMENTS(bases); i++) {
      unsigned rating = rate_form(path, bases[i]);
      if (rating > 0)
        keep_best(indices, path, hash, size, rating, bases[i]);
    }
  }
  return g_steal_pointer(&indices);
}
