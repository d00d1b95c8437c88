/* Looking for what is wrong before it matters: a function for each subject; see the header. */
#include "server/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cage/cage.h"
#include "inspect/java_table.h"
#include "inspect/malware/clamav_state.h"
#include "inspect/malware/malware_settings.h"
#include "inspect/malware/team_rules.h"
#include "server/http/listen.h"
#include "server/http/tls.h"
#include "verdict/policy.h"

#define PEM_MAX ((size_t)16 * 1024 * 1024)

/* What one look at one subject has found. */
typedef struct {
  const Config *config;
  const char *data;
  bool served;         /* another process has the data folder */
  const char *subject; /* of the look that goes on */
  bool quiet;          /* it has found nothing wrong so far */
  GPtrArray *lines;
} Checking;

const char *
check_state_name(CheckState state)
{
  static const char *const names[] = {"ok", "warning", "problem"};
  return names[state];
}

void
check_line_free(CheckLine *line)
{
  g_free(line->text);
  g_free(line);
}

void
check_add_lines(GPtrArray *lines, CheckState state, const char *subject, const char *text)
{
  g_auto(GStrv) each = g_strsplit(text, "\n", -1);
  for (char **line = each; *line != NULL; line++) {
    CheckLine *added = g_new0(CheckLine, 1);
    *added = (CheckLine){.state = state, .subject = subject, .text = g_strdup(*line)};
    g_ptr_array_add(lines, added);
  }
}

static void tell(Checking *checking, CheckState state, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void
tell(Checking *checking, CheckState state, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  checking->quiet = checking->quiet && state == CHECK_OK;
  check_add_lines(checking->lines, state, checking->subject, text);
}

/* Files that decide what the server does must not be everybody's to change. */
static void
check_mode(Checking *checking, const char *path, mode_t forbidden, const char *remedy)
{
  struct stat about;
  if (path == NULL || stat(path, &about) < 0 || (about.st_mode & forbidden) == 0)
    return;
  tell(checking, CHECK_WARNING, "%s: its mode is %04o, so that others may %s it; run `chmod %s %s`",
       path, about.st_mode & 07777,
       (about.st_mode & forbidden & (S_IWGRP | S_IWOTH)) ? "change" : "read", remedy, path);
}

static void
check_policy(Checking *checking)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(PolicySet) policy = policy_set_load(checking->config->policy, &error);
  if (policy == NULL) {
    tell(checking, CHECK_PROBLEM, "%s", error->message);
    return;
  }
  check_mode(checking, checking->config->policy, S_IWOTH, "o-w");
  g_autoptr(GPtrArray) told = policy_set_warnings(policy);
  g_autoptr(GPtrArray) endings = policy_set_endings(policy, 0, g_get_real_time());
  g_ptr_array_extend_and_steal(told, g_steal_pointer(&endings));
  for (guint i = 0; i < told->len; i++)
    tell(checking, CHECK_WARNING, "%s", (const char *)g_ptr_array_index(told, i));
  PolicyOrigin origin = policy_set_origin(policy);
  if (checking->quiet)
    tell(checking, CHECK_OK, "%s: %u polic%s%s", origin.file, origin.policies,
         origin.policies == 1 ? "y" : "ies", origin.policies == 0 ? ", everything may leave" : "");
}

static void
check_java_archives(Checking *checking)
{
  g_autoptr(GError) error = NULL;
  if (!java_table_use(checking->config->java_archives, &error))
    tell(checking, CHECK_PROBLEM, "%s", error->message);
}

static void
check_team_rules(Checking *checking)
{
  g_autoptr(GError) error = NULL;
  const Config *config = checking->config;
  if (!team_rules_use(config->malware.rules, &config->limits.inspection.worker,
                      config->allow_uncaged, &error))
    tell(checking, CHECK_PROBLEM, "%s", error->message);
  else if (team_rules_count() > 0)
    tell(checking, CHECK_OK, "%u rules of YARA", team_rules_count());
}

/* Whom it asks is not asked now: only what is said of it. */
static void
check_time_stamps(Checking *checking)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(TimestampAuthority) authority = NULL;
  if (!signing_settings_authority(&checking->config->signing, &authority, &error))
    tell(checking, CHECK_PROBLEM, "%s", error->message);
  else if (authority != NULL)
    tell(checking, CHECK_OK, "%s", checking->config->signing.timestamp_url);
}

/* A server starts without it. */
static void
check_clamav(Checking *checking)
{
  malware_settings_use(&checking->config->malware);
  bool there = clamav_look();
  g_autofree char *problem = clamav_problem(), *version = clamav_in_words();
  if (problem == NULL)
    return;
  if (strcmp(problem, "ok") != 0)
    tell(checking, CHECK_WARNING, "%s: %s", malware_settings()->clamd, problem);
  else if (there)
    tell(checking, CHECK_OK, "%s", version);
}

static void
check_pair(Checking *checking, const TlsSettings *tls)
{
  g_autoptr(GError) error = NULL;
  check_mode(checking, tls->key, S_IROTH | S_IWOTH | S_IWGRP, "g-w,o-rwx");
  check_mode(checking, tls->certificate, S_IWOTH, "o-w");
  TlsCredentials *credentials = tls_credentials_new(tls, &error);
  if (credentials == NULL) {
    tell(checking, CHECK_PROBLEM, "%s", error->message);
    return;
  }
  g_autofree char *trouble =
      certificate_problem(tls_credentials_times(credentials), g_get_real_time() / G_USEC_PER_SEC);
  tls_credentials_free(credentials);
  if (trouble != NULL)
    tell(checking, CHECK_WARNING, "%s: %s; renew it, and run `systemctl reload assay`",
         tls->certificate, trouble);
  if (checking->quiet)
    tell(checking, CHECK_OK, "%s, with its key", tls->certificate);
}

static void
check_certificate(Checking *checking)
{
  const TlsSettings *tls = &checking->config->http.tls;
  if (tls->certificate == NULL || tls->key == NULL)
    tell(checking, CHECK_OK, "none: plain HTTP");
  else
    check_pair(checking, tls);
}

static void
check_readable(Checking *checking, const char *path, const char *feed)
{
  if (path != NULL && access(path, R_OK) < 0)
    tell(checking, CHECK_PROBLEM, "feed \"%s\": %s: %s; the user who serves (uid %u) must read it",
         feed, path, g_strerror(errno), (unsigned)geteuid());
}

static void
check_feeds(Checking *checking)
{
  const Config *config = checking->config;
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) authorities =
      config->advisories.ca_file == NULL
          ? NULL
          : file_read(AT_FDCWD, config->advisories.ca_file, PEM_MAX, &error);
  if (error != NULL)
    tell(checking, CHECK_PROBLEM, "ca_file: %s", error->message);
  else if (authorities != NULL && memmem(g_bytes_get_data(authorities, NULL),
                                         g_bytes_get_size(authorities), "-----BEGIN ", 11) == NULL)
    tell(checking, CHECK_PROBLEM, "ca_file: %s: there is no certificate (PEM) in it",
         config->advisories.ca_file);
  for (unsigned i = 0; i < config->advisories.feeds_count; i++) {
    const FeedSettings *feed = &config->advisories.feeds[i];
    check_readable(checking, feed->disabled ? NULL : feed->path, feed->name);
    check_readable(checking, feed->disabled ? NULL : feed->keyring, feed->name);
  }
  if (checking->quiet)
    tell(checking, CHECK_OK, "%u feeds", config->advisories.feeds_count);
}

/* What is there must be ours to change: files of another user, as root leaves them, are not. */
static void
check_member(Checking *checking, const char *name)
{
  g_autofree char *path = g_build_filename(checking->data, name, NULL);
  if (access(path, F_OK) == 0 && access(path, R_OK | W_OK) < 0)
    tell(checking, CHECK_PROBLEM,
         "%s: %s: it must belong to the user who serves (uid %u); run `chown -R` on %s", path,
         g_strerror(errno), (unsigned)geteuid(), checking->data);
}

/* The nearest folder above that is there must let us make the rest. */
static void
check_absent_folder(Checking *checking)
{
  g_autofree char *above = g_path_get_dirname(checking->data);
  while (access(above, F_OK) < 0 && errno == ENOENT && strlen(above) > 1) {
    char *next = g_path_get_dirname(above);
    g_free(above);
    above = next;
  }
  if (access(above, W_OK | X_OK) < 0)
    tell(checking, CHECK_PROBLEM, "%s: it is not there, and cannot be made in %s: %s",
         checking->data, above, g_strerror(errno));
  else
    tell(checking, CHECK_OK, "%s: it is not there yet, and can be made", checking->data);
}

static void
check_owner(Checking *checking, int fd)
{
  struct stat about;
  if (fstat(fd, &about) == 0 && about.st_uid != geteuid())
    tell(checking, CHECK_WARNING,
         "%s: it belongs to uid %u, and uid %u would serve it; check as the user who serves",
         checking->data, (unsigned)about.st_uid, (unsigned)geteuid());
}

static void
check_data(Checking *checking)
{
  static const char *const members[] = {"metadata.db", "lock",         "blobs",        "uploads",
                                        "feeds",       "blobs/sha256", "advisories.db"};
  const char *folder = checking->data;
  if (access(folder, F_OK) < 0 && errno == ENOENT) {
    check_absent_folder(checking);
    return;
  }
  auto_fd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0 && access(folder, W_OK) < 0 && errno == EROFS) {
    tell(checking, CHECK_WARNING,
         "%s: read-only: pulls would be served, pushes and deletions refused", folder);
    return;
  }
  if (fd < 0 || access(folder, R_OK | W_OK | X_OK) < 0) {
    tell(checking, CHECK_PROBLEM, "%s: %s: it must be a folder of the user who serves (uid %u)",
         folder, g_strerror(errno), (unsigned)geteuid());
    return;
  }
  check_owner(checking, fd);
  for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
    check_member(checking, members[i]);
  auto_fd int lock = openat(fd, "lock", O_RDWR | O_CLOEXEC);
  checking->served = lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0;
  if (checking->quiet)
    tell(checking, CHECK_OK, "%s%s", folder, checking->served ? ", which is served now" : "");
}

static void
check_cage(Checking *checking)
{
  g_autofree char *missing = NULL;
  bool allowed = checking->config->allow_uncaged;
  if (cage_available(&missing))
    tell(checking, CHECK_OK, "Landlock and seccomp");
  else
    tell(checking, allowed ? CHECK_WARNING : CHECK_PROBLEM,
         "the kernel lacks %s, which cages the inspection of images%s", missing,
         allowed ? "" : "; to inspect without, set `allow_uncaged: true`");
}

static void
check_address(Checking *checking, const ListenSettings *listen, bool certificate)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *actual = NULL;
  bool loopback = false;
  bool plain = !certificate || listen->plain_http;
  if (checking->served) {
    tell(checking, CHECK_OK, "%s: not tried, for the folder is served now", listen->address);
    return;
  }
  auto_fd int fd = listen_open(listen->address, &actual, &loopback, &error);
  if (fd < 0)
    tell(checking, CHECK_PROBLEM, "%s", error->message);
  else if (plain && !loopback && !listen->plain_http)
    tell(checking, CHECK_PROBLEM, LISTEN_NEEDS_TLS, listen->address);
  else
    tell(checking, CHECK_OK, "%s: free", listen->address);
}

static void
check_addresses(Checking *checking)
{
  const Config *config = checking->config;
  for (unsigned i = 0; i < config->http.listen_count; i++)
    if (config->http.listen[i].address != NULL)
      check_address(checking, &config->http.listen[i], config->http.tls.certificate != NULL);
}

/* Several may share an address: it is tried for the first. */
static void
check_endpoint(Checking *checking, const EndpointSettings *endpoint, GHashTable *tried)
{
  const TlsSettings own = {endpoint->certificate, endpoint->key};
  bool certificate = own.certificate != NULL || checking->config->http.tls.certificate != NULL;
  checking->quiet = true;
  if (*endpoint->allow == NULL)
    tell(checking, CHECK_WARNING, "%s: it is closed, for its `allow` is empty", endpoint->name);
  if (own.certificate != NULL && own.key != NULL)
    check_pair(checking, &own);
  for (char **address = endpoint->listen; *address != NULL; address++) {
    const ListenSettings listen = {*address, endpoint->plain_http};
    if (g_hash_table_add(tried, *address))
      check_address(checking, &listen, certificate);
  }
}

static void
check_endpoints(Checking *checking)
{
  const Config *config = checking->config;
  g_autoptr(GHashTable) tried = g_hash_table_new(g_str_hash, g_str_equal);
  for (unsigned i = 0; i < config->endpoints_count; i++)
    if (config->endpoints[i].name != NULL)
      check_endpoint(checking, &config->endpoints[i], tried);
}

void
server_check(const Config *config, const char *data_folder, GPtrArray *lines)
{
  /* The folder before the addresses: it tells whether they are taken by its own server. */
  static const struct {
    const char *subject;
    void (*look)(Checking *checking);
  } looks[] = {{"policy", check_policy},
               {"certificate", check_certificate},
               {"feeds", check_feeds},
               {"data", check_data},
               {"cage", check_cage},
               {"address", check_addresses},
               {"endpoint", check_endpoints},
               {"java_archives", check_java_archives},
               {"malware.rules", check_team_rules},
               {"signing.timestamp", check_time_stamps},
               {"malware.clamd", check_clamav}};
  Checking checking = {.config = config, .data = data_folder, .lines = lines};
  for (size_t i = 0; i < G_N_ELEMENTS(looks); i++) {
    checking.subject = looks[i].subject;
    checking.quiet = true;
    looks[i].look(&checking);
  }
}
