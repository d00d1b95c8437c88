/* Checks of what COPY and ADD bring. */
#include <string.h>

#include "inspect/configuration/check.h"

static bool
is_url(const char *word)
{
  return g_ascii_strncasecmp(word, "http://", 7) == 0 ||
         g_ascii_strncasecmp(word, "https://", 8) == 0 ||
         g_ascii_strncasecmp(word, "ftp://", 6) == 0;
}

static bool
is_repository(const char *word)
{
  return g_str_has_prefix(word, "git@") || g_str_has_prefix(word, "git://") ||
         g_str_has_prefix(word, "ssh://") || (is_url(word) && strstr(word, ".git") != NULL);
}

/* Those that ADD unpacks. Of a pattern nobody knows. */
static bool
may_be_archive(const char *word)
{
  static const char *const suffixes[] = {
      ".tar",  ".tar.gz",   ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz", ".tar.zst",
      ".tzst", ".tar.lzma", ".tlz", ".gz",      ".bz2", ".xz",   ".zst",    "*",    NULL};
  for (size_t i = 0; suffixes[i] != NULL; i++)
    if (g_str_has_suffix(word, suffixes[i]))
      return true;
  return strchr(word, '?') != NULL || strchr(word, '[') != NULL;
}

/* How the histories of the classic builder and of buildah name what was sent: by its digest. What
 * it was is not known. */
static bool
is_digest(const char *word)
{
  return g_str_has_prefix(word, "file:") || g_str_has_prefix(word, "dir:") ||
         g_str_has_prefix(word, "multi:");
}

/* The sources of a COPY or ADD are all words but the last. */
static guint
sources_of(const BuildStep *step)
{
  bool copies = step_is(step, "COPY") || step_is(step, "ADD");
  return copies && step->words->len > 1 ? step->words->len - 1 : 0;
}

static const char *
source_at(const BuildStep *step, guint at)
{
  const char *word = g_ptr_array_index(step->words, at);
  return word == NULL || g_str_has_prefix(word, "<<") ? "" : word;
}

static bool
brings_url(const BuildStep *step)
{
  for (guint i = 0; step_is(step, "ADD") && i < sources_of(step); i++)
    if (is_url(source_at(step, i)) && !is_repository(source_at(step, i)))
      return true;
  return false;
}

static bool
adds_url(const Build *build, const BuildStep *step)
{
  return step->flags_known && build_step_flag(step, "checksum") == NULL && brings_url(step);
}

/* BuildKit writes --chown, --chmod and --parents into the history, and no --checksum. */
static bool
adds_url_somehow(const Build *build, const BuildStep *step)
{
  return !step->flags_known && brings_url(step);
}

static bool
adds_file(const Build *build, const BuildStep *step)
{
  for (guint i = 0; step_is(step, "ADD") && i < sources_of(step); i++) {
    const char *source = source_at(step, i);
    if (*source != '\0' && !is_url(source) && !is_repository(source) && !may_be_archive(source) &&
        !is_digest(source))
      return true;
  }
  return false;
}

/* The last part of a path, without a "/" at its end. (transfer full) */
static char *
last_part(const char *path)
{
  g_autofree char *plain = g_strdup(path);
  for (size_t size = strlen(plain); size > 1 && plain[size - 1] == '/'; size--)
    plain[size - 1] = '\0';
  return g_path_get_basename(plain);
}

static bool
is_secret_name(const char *name)
{
  static const char *const whole[] = {".env",
                                      ".netrc",
                                      ".npmrc",
                                      ".pypirc",
                                      ".git-credentials",
                                      ".htpasswd",
                                      ".pgpass",
                                      ".my.cnf",
                                      ".dockercfg",
                                      ".aws",
                                      ".azure",
                                      ".ssh",
                                      ".gnupg",
                                      ".kube",
                                      "kubeconfig",
                                      "id_rsa",
                                      "id_dsa",
                                      "id_ecdsa",
                                      "id_ed25519",
                                      "credentials.json",
                                      "service-account.json",
                                      ".vault-token",
                                      "secrets.yml",
                                      "secrets.yaml",
                                      "secrets.json",
                                      "master.key",
                                      "shadow",
                                      NULL};
  static const char *const suffixes[] = {".pfx", ".p12", ".jks",     ".keystore", ".kdbx",
                                         ".ppk", "_rsa", "-key.pem", ".key",      NULL};
  for (size_t i = 0; whole[i] != NULL; i++)
    if (g_ascii_strcasecmp(name, whole[i]) == 0)
      return true;
  for (size_t i = 0; suffixes[i] != NULL; i++)
    if (g_str_has_suffix(name, suffixes[i]))
      return true;
  return g_str_has_prefix(name, ".env.") && strstr(name, "example") == NULL &&
         strstr(name, "sample") == NULL && strstr(name, "template") == NULL &&
         strstr(name, "dist") == NULL;
}

static bool
copies_secret(const Build *build, const BuildStep *step)
{
  if (build_step_flag(step, "from") != NULL)
    return false;
  for (guint i = 0; i < sources_of(step); i++) {
    const char *source = source_at(step, i);
    /* BuildKit's history has no --from; what is of the context has rarely a whole path. */
    if (!step->flags_known && *source == '/')
      continue;
    g_autofree char *name = last_part(source);
    if (is_secret_name(name) || strstr(source, ".aws/") != NULL ||
        strstr(source, ".ssh/id_") != NULL)
      return true;
  }
  return false;
}

static bool
copies_repository(const Build *build, const BuildStep *step)
{
  for (guint i = 0; i < sources_of(step); i++) {
    g_autofree char *name = last_part(source_at(step, i));
    if (strcmp(name, ".git") == 0 || strcmp(name, ".svn") == 0 || strcmp(name, ".hg") == 0)
      return true;
  }
  return false;
}

/* Several sources need a folder. */
static bool
copies_several_to_file(const Build *build, const BuildStep *step)
{
  const char *target = sources_of(step) > 1 ? build_step_last_word(step) : NULL;
  return target != NULL && !g_str_has_suffix(target, "/") && strcmp(target, ".") != 0 &&
         strcmp(target, "..") != 0 && !g_str_has_suffix(target, "/.");
}

static bool
is_open_mode(const char *mode)
{
  size_t size = strlen(mode);
  return size >= 3 && strspn(mode, "01234567") == size && strchr("2367", mode[size - 1]) != NULL &&
         (size < 4 || (mode[size - 4] & 1) == 0);
}

static bool
copies_open(const Build *build, const BuildStep *step)
{
  const char *mode = build_step_flag(step, "chmod");
  return mode != NULL && is_open_mode(mode);
}

#define BOTH (CHECK_DOCKERFILES | CHECK_HISTORIES)
#define ALL  CHECK_ALL_STAGES
const ConfigurationCheck configuration_file_checks[] = {
    {"add-url", BOTH | ALL, .step = adds_url},
    {"add-url-unknown", CHECK_HISTORIES, .step = adds_url_somehow},
    {"add-file", CHECK_DOCKERFILES | ALL, .step = adds_file},
    {"secret-copied", BOTH | ALL, .step = copies_secret},
    {"repository-copied", BOTH, .step = copies_repository},
    {"copy-several", CHECK_DOCKERFILES | ALL, .step = copies_several_to_file},
    {"world-writable", BOTH, .step = copies_open},
    {NULL},
};
