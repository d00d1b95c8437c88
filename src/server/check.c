/* Looking for what is wrong before it matters; see the header. */
#include "server/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fd.h"
#include "cage/cage.h"
#include "server/http/listen.h"
#include "server/http/tls.h"
#include "verdict/policy.h"

#define PEM_MAX ((size_t)16 * 1024 * 1024)

static void add(GPtrArray *list, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void
add(GPtrArray *list, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_ptr_array_add(list, g_strdup_vprintf(format, args));
  va_end(args);
}

static void
add_lines(GPtrArray *list, const char *text)
{
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    add(list, "%s", *line);
}

static void
check_policy(const Config *config, GPtrArray *problems, GPtrArray *warnings)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(PolicySet) policy = policy_set_load(config->policy, &error);
  if (policy == NULL) {
    add_lines(problems, error->message);
    return;
  }
  g_autoptr(GPtrArray) told = policy_set_warnings(policy);
  for (guint i = 0; i < told->len; i++)
    add(warnings, "%s", (const char *)g_ptr_array_index(told, i));
}

static void
check_certificate(const Config *config, GPtrArray *problems, GPtrArray *warnings)
{
  g_autoptr(GError) error = NULL;
  if (config->tls.certificate == NULL || config->tls.key == NULL)
    return;
  TlsCredentials *credentials = tls_credentials_new(&config->tls, &error);
  if (credentials == NULL) {
    add(problems, "%s", error->message);
    return;
  }
  g_autofree char *trouble =
      certificate_problem(tls_credentials_times(credentials), g_get_real_time() / G_USEC_PER_SEC);
  if (trouble != NULL)
    add(warnings, "%s: %s", config->tls.certificate, trouble);
  tls_credentials_free(credentials);
}

static void
check_readable(const char *path, const char *what, GPtrArray *problems)
{
  if (path != NULL && access(path, R_OK) < 0)
    add(problems, "%s: %s: %s", what, path, g_strerror(errno));
}

static void
check_files(const Config *config, GPtrArray *problems)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) authorities =
      config->ca_file == NULL ? NULL : file_read(AT_FDCWD, config->ca_file, PEM_MAX, &error);
  if (error != NULL)
    add(problems, "ca_file: %s", error->message);
  else if (authorities != NULL && memmem(g_bytes_get_data(authorities, NULL),
                                         g_bytes_get_size(authorities), "-----BEGIN ", 11) == NULL)
    add(problems, "ca_file: %s: there is no certificate (PEM) in it", config->ca_file);
  for (unsigned i = 0; i < config->feeds_count; i++) {
    g_autofree char *what = g_strdup_printf("feed \"%s\"", config->feeds[i].name);
    check_readable(config->feeds[i].disabled ? NULL : config->feeds[i].path, what, problems);
    check_readable(config->feeds[i].disabled ? NULL : config->feeds[i].keyring, what, problems);
  }
}

/* What is there must be ours to change: files of another user, as root leaves them, are not. */
static void
check_member(const char *folder, const char *name, GPtrArray *problems)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  if (access(path, F_OK) == 0 && access(path, R_OK | W_OK) < 0)
    add(problems, "%s: %s: it must belong to the user who serves (uid %u)", path, g_strerror(errno),
        (unsigned)geteuid());
}

/* The nearest folder above that is there must let us make the rest. */
static void
check_absent_folder(const char *folder, GPtrArray *problems)
{
  g_autofree char *above = g_path_get_dirname(folder);
  while (access(above, F_OK) < 0 && errno == ENOENT && strlen(above) > 1) {
    char *next = g_path_get_dirname(above);
    g_free(above);
    above = next;
  }
  if (access(above, W_OK | X_OK) < 0)
    add(problems, "%s: it is not there, and cannot be made in %s: %s", folder, above,
        g_strerror(errno));
}

/* *served: another process has the folder. */
static void
check_data(const char *folder, bool *served, GPtrArray *problems, GPtrArray *warnings)
{
  static const char *const members[] = {"metadata.db", "lock",         "blobs",        "uploads",
                                        "feeds",       "blobs/sha256", "advisories.db"};
  *served = false;
  if (access(folder, F_OK) < 0 && errno == ENOENT) {
    check_absent_folder(folder, problems);
    return;
  }
  auto_fd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0 && access(folder, W_OK) < 0 && errno == EROFS) {
    add(warnings, "%s: read-only: pulls would be served, pushes and deletions refused", folder);
    return;
  }
  if (fd < 0 || access(folder, R_OK | W_OK | X_OK) < 0) {
    add(problems, "%s: %s: it must be a folder of the user who serves (uid %u)", folder,
        g_strerror(errno), (unsigned)geteuid());
    return;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
    check_member(folder, members[i], problems);
  auto_fd int lock = openat(fd, "lock", O_RDWR | O_CLOEXEC);
  *served = lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) < 0;
}

static void
check_address(const Config *config, const ConfigListen *listen, bool served, GPtrArray *problems)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *actual = NULL;
  bool loopback = false, plain = config->tls.certificate == NULL || listen->plain_http;
  if (served)
    return;
  auto_fd int fd = listen_open(listen->address, &actual, &loopback, &error);
  if (fd < 0)
    add(problems, "%s", error->message);
  else if (plain && !loopback && !listen->plain_http)
    add(problems, LISTEN_NEEDS_TLS, listen->address);
}

void
server_check(const Config *config, const char *data_folder, GPtrArray *problems,
             GPtrArray *warnings)
{
  bool served = false;
  g_autofree char *missing = NULL;
  check_policy(config, problems, warnings);
  check_certificate(config, problems, warnings);
  check_files(config, problems);
  check_data(data_folder, &served, problems, warnings);
  if (!cage_available(&missing))
    add(config->allow_uncaged ? warnings : problems,
        "the kernel lacks %s, which cages the inspection of images%s", missing,
        config->allow_uncaged ? "" : "; to inspect without, set `allow_uncaged: true`");
  for (unsigned i = 0; i < config->listen_count; i++)
    if (config->listen[i].address != NULL)
      check_address(config, &config->listen[i], served, problems);
  if (served)
    add(warnings, "%s is served now; the addresses were not tried", data_folder);
}
