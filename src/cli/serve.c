/* `assay serve`: the registry, until SIGTERM or SIGINT. */
#include <glib-unix.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/serve_options.h"
#include "server/server.h"

static char *log_level_option, *log_format_option;

static const GOptionEntry options[] = {SERVE_OPTIONS,
                                       {"log-level", 0, 0, G_OPTION_ARG_STRING, &log_level_option,
                                        "From which level on to log", "debug|info|warning|error"},
                                       {"log-format", 0, 0, G_OPTION_ARG_STRING, &log_format_option,
                                        "How to log (default: auto)", "auto|text|json"},
                                       {NULL}};

/* *value stays without @text. */
static bool
read_option(const char *option, const char *text, const char *const *names, unsigned *value,
            GError **error)
{
  if (text == NULL || enum_parse(names, text, value, error))
    return true;
  g_prefix_error(error, "--%s: \"%s\" ", option, text);
  return false;
}

static bool
start_log(const Config *config, GError **error)
{
  unsigned level = config->log_level, format = config->log_format;
  if (!read_option("log-level", log_level_option, log_level_names, &level, error) ||
      !read_option("log-format", log_format_option, log_format_names, &format, error))
    return false;
  log_start((LogLevel)level, (LogFormat)format);
  return true;
}

/* sd_notify(3): one datagram to the socket that systemd names; nothing without one. */
static void
notify_service_manager(const char *state)
{
  const char *path = g_getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (path == NULL || strlen(path) >= sizeof address.sun_path)
    return;
  memcpy(address.sun_path, path, strlen(path));
  if (*path == '@')
    address.sun_path[0] = '\0';
  auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
  if (fd < 0 ||
      sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size) < 0)
    log_warning("the service manager could not be told", "state", state, NULL);
}

/* Each connection and open upload is a descriptor, and each pull one more: the soft limit of 1024
 * that shells and service managers set for programs that use select() is too low. */
static void
raise_file_limit(const Config *config)
{
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  uint64_t wanted = 2 * (uint64_t)config->limits.http.connections * config->http.listen_count +
                    config->limits.registry.concurrent_uploads + 1024;
  if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_max >= wanted)
    return;
  g_autofree char *have = g_strdup_printf("%" G_GUINT64_FORMAT, (uint64_t)limit.rlim_max);
  g_autofree char *need = g_strdup_printf("%" G_GUINT64_FORMAT, wanted);
  log_warning("the limit of open files is too low for limits.connections", "limit", have, "needed",
              need, NULL);
}

static gboolean
on_stop(void *data)
{
  g_main_loop_quit(data);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_reload(void *data)
{
  Server **server = data;
  g_autoptr(GError) error = NULL;
  if (server_reload(*server, &error))
    log_info("certificate, policy and rules of YARA were read again", NULL);
  else
    log_error("reload failed; what was in force stays", "error", error->message, NULL);
  return G_SOURCE_CONTINUE;
}

static void
tell_addresses(const Server *server)
{
  g_auto(GStrv) urls = server_urls(server);
  for (char **url = urls; *url != NULL; url++)
    log_info("serving", "address", *url, NULL);
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Config) config = config_open(serve_option_config, &error);
  if (config == NULL)
    return command_fail(error);
  serve_options_apply(config);
  if (!start_log(config, &error))
    return command_fail(error);
  raise_file_limit(config);
  /* Before the server answers: whoever finds it ready may stop it, or have it read its certificate.
   * What arrives earlier waits for the loop; only Ctrl-C ends a start that hangs. */
  g_autoptr(Server) server = NULL;
  g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
  g_unix_signal_add(SIGTERM, on_stop, loop);
  g_unix_signal_add(SIGHUP, on_reload, &server);
  server = server_start(config, config->data, &error);
  if (server == NULL)
    return command_fail(error);

  guint interrupt = g_unix_signal_add(SIGINT, on_stop, loop);
  tell_addresses(server);
  notify_service_manager("READY=1");
  g_main_loop_run(loop);
  /* A person who presses Ctrl-C again does not want to wait: nothing acknowledged is lost. SIGTERM
   * may come twice from service managers, and changes nothing then. */
  g_source_remove(interrupt);
  notify_service_manager("STOPPING=1");
  log_info("stopping", NULL);
  server_stop(server);
  log_info("stopped", NULL);
  return EXIT_FINE;
}

const Command serve_command = {
    .name = "serve",
    .summary = "Run the registry",
    .arguments = "",
    .help =
        "Without options it serves on http://127.0.0.1:5000 and keeps its data in /var/lib/assay\n"
        "(root) or $XDG_DATA_HOME/assay. SIGTERM and SIGINT stop it gracefully (a second SIGINT at "
        "once),\n"
        "SIGHUP makes it read certificates, policy and rules of YARA again. FOLDER/address holds "
        "the\n"
        "address that it listens on.\n"
        "\n"
        "Examples:\n"
        "  assay serve\n"
        "  assay serve --data /srv/assay --listen 127.0.0.1:5001 --policy strict\n"
        "  assay serve --config /etc/assay/assay.yaml\n"
        "  assay check && systemctl reload assay",
    .options = options,
    .run = run,
};
