/* `assay status`: one screen: the state of a registry, and what in it needs a person. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/server_client.h"
#include "report/report.h"

#define HOUR ((json_int_t)3600)
#define DAY  (24 * HOUR)
/* A feed is stale that was not taken so often as the server tries, and at least so long. */
#define STALE_LEAST  (2 * DAY)
#define STALE_BYHAND (7 * DAY)
/* Free space that lasts a while. */
#define DISK_LEAST   ((json_int_t)1 << 30)
#define DISK_PERCENT 5

static char *format_option;

static const GOptionEntry options[] = {SERVER_OPTIONS(""), FORMAT_OPTION("table"), {NULL}};

static json_int_t
number(const json_t *object, const char *name)
{
  return json_get_integer(object, name, 0);
}

/* --- what needs a person --- */

static void G_GNUC_PRINTF(2, 3) add_need(json_t *needs, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  json_array_append_new(needs, json_string(text));
}

static void
look_at_advisories(const json_t *advisories, json_t *needs)
{
  const char *state = json_get_string(advisories, "state");
  json_int_t interval = number(advisories, "interval_seconds");
  json_int_t most = interval == 0 ? STALE_BYHAND : MAX(2 * interval, STALE_LEAST);
  if (g_strcmp0(state, "ok") != 0)
    add_need(needs, "advisories: %s", state);
  size_t index;
  json_t *feed;
  json_array_foreach(json_get_array(advisories, "feeds"), index, feed) {
    json_int_t age = number(feed, "age_seconds");
    g_autofree char *words = command_time_in_words(age);
    if (age > most)
      add_need(needs, "the feed %s was last taken %s ago: look in the server's log for why",
               json_get_string(feed, "name"), words);
  }
}

static void
look_at_clamav(const json_t *clamav, json_t *needs)
{
  const char *state = json_get_string(clamav, "state");
  if (state != NULL && strcmp(state, "ok") != 0)
    add_need(needs, "ClamAV: %s", state);
}

static void
look_at_images(const json_t *overview, json_t *needs)
{
  const json_t *images = json_get_object(overview, "images");
  json_int_t failed = number(json_get_object(overview, "not_known"), "failed_scans");
  json_int_t unscanned = number(images, "unscanned");
  if (failed > 0)
    add_need(needs, "the scan of %lld image%s failed: `assay images` shows which",
             (long long)failed, failed == 1 ? "" : "s");
  if (unscanned > failed)
    add_need(needs,
             "of %lld image%s something is not known, so that %s as unscanned: `assay images` "
             "shows which",
             (long long)unscanned, unscanned == 1 ? "" : "s",
             unscanned == 1 ? "it counts" : "they count");
}

static void
look_at_server(const json_t *server, json_t *needs)
{
  json_int_t size = number(server, "disk_bytes"), left = number(server, "disk_free_bytes");
  const char *certificate = json_get_string(server, "certificate");
  const char *signing = json_get_string(server, "signing_certificates");
  const char *policy = json_get_string(server, "policy");
  if (left < DISK_LEAST || left < size / 100 * DISK_PERCENT)
    add_need(needs, "the disk is nearly full: pushes fail without space; delete images, or make "
                    "the disk larger");
  if (certificate != NULL && strcmp(certificate, "ok") != 0)
    add_need(needs, "certificate: %s", certificate);
  if (signing != NULL)
    add_need(needs, "%s", signing);
  if (policy != NULL && strcmp(policy, "ok") != 0)
    add_need(needs, "the policy could not be read again, the former one is in force: %s", policy);
  if (json_get_boolean(server, "read_only", false))
    add_need(needs, "the data folder is read-only: pulls are served, nothing is stored");
}

/* (transfer full): an array of sentences */
static json_t *
find_needs(const json_t *overview)
{
  json_t *needs = json_array();
  look_at_server(json_get_object(overview, "server"), needs);
  look_at_advisories(json_get_object(overview, "advisories"), needs);
  look_at_clamav(json_get_object(overview, "clamav"), needs);
  look_at_images(overview, needs);
  return needs;
}

/* --- the screen --- */

static void G_GNUC_PRINTF(2, 3) print_line(const char *title, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_autofree char *clean = report_clean_text(text);
  printf("%-12s%s\n", title, clean);
}

static void
print_server(const json_t *server, const char *url)
{
  g_autofree char *up = command_time_in_words(number(server, "up_seconds"));
  print_line("server", "%s, assay %s, up %s", url, json_get_string(server, "version"), up);
  if (g_strcmp0(json_get_string(server, "access"), "open") == 0)
    print_line("access", "open: no log-ins, everybody who reaches it may do all");
}

static void
print_advisories(const json_t *advisories)
{
  const json_t *feeds = json_get_array(advisories, "feeds");
  json_int_t oldest = 0;
  size_t index;
  json_t *feed;
  json_array_foreach(feeds, index, feed) {
    oldest = MAX(oldest, number(feed, "age_seconds"));
  }
  g_autofree char *age = command_time_in_words(oldest);
  size_t count = json_array_size(feeds);
  if (count == 0)
    print_line("advisories", "none");
  else
    print_line("advisories", "%zu feed%s, the oldest taken %s ago", count, count == 1 ? "" : "s",
               age);
}

static void
print_clamav(const json_t *clamav)
{
  const char *version = json_get_string(clamav, "version");
  json_int_t unjudged = number(clamav, "unjudged_layers");
  json_int_t older = number(clamav, "layers_of_older_signatures");
  if (clamav == NULL)
    return;
  print_line("clamav", "%s", version != NULL ? version : "away");
  if (unjudged > 0)
    print_line("", "%lld layer%s not judged whole", (long long)unjudged, unjudged == 1 ? "" : "s");
  if (older > 0)
    print_line("",
               "%lld layer%s to be judged by these signatures; what older ones found is in force",
               (long long)older, older == 1 ? "" : "s");
}

static void
print_images(const json_t *overview)
{
  const json_t *images = json_get_object(overview, "images");
  const json_t *gate = json_get_object(images, "gate"), *findings, *unknown;
  findings = json_get_object(overview, "findings");
  unknown = json_get_object(overview, "not_known");
  json_int_t working = number(unknown, "pending_scans") + number(unknown, "unjudged_images");
  print_line("images", "%lld: %lld allowed, %lld with a warning, %lld refused",
             (long long)number(images, "total"), (long long)number(gate, "allowed"),
             (long long)number(gate, "warns"), (long long)number(gate, "refused"));
  print_line("findings",
             "%lld critical, %lld high, %lld medium, %lld low, %lld others; "
             "%lld image%s can be repaired",
             (long long)number(findings, "critical"), (long long)number(findings, "high"),
             (long long)number(findings, "medium"), (long long)number(findings, "low"),
             (long long)(number(findings, "negligible") + number(findings, "unknown")),
             (long long)number(images, "fixable"), number(images, "fixable") == 1 ? "" : "s");
  if (working > 0 || number(unknown, "unmatched_packages") > 0)
    print_line("at work",
               "%lld images to be scanned or judged, %lld packages to be matched: the "
               "figures above are not whole yet",
               (long long)working, (long long)number(unknown, "unmatched_packages"));
  json_int_t older = number(images, "older_detectors");
  if (older > 0)
    print_line("rules",
               "%lld image%s to be inspected by newer detectors or rules; what the older ones "
               "found is in force",
               (long long)older, older == 1 ? " is" : "s are");
}

static void
print_disk(const json_t *server)
{
  g_autofree char *left = command_size_in_words((uint64_t)number(server, "disk_free_bytes"));
  g_autofree char *size = command_size_in_words((uint64_t)number(server, "disk_bytes"));
  print_line("disk", "%s of %s free", left, size);
}

static void
print_screen(const json_t *overview, const json_t *needs, const char *url)
{
  const json_t *server = json_get_object(overview, "server");
  print_server(server, url);
  print_advisories(json_get_object(overview, "advisories"));
  print_clamav(json_get_object(overview, "clamav"));
  print_images(overview);
  print_disk(server);
  size_t index;
  json_t *need;
  json_array_foreach(needs, index, need) {
    print_line(index == 0 ? "needs you" : "", "%s", json_string_value(need));
  }
  if (json_array_size(needs) == 0)
    print_line("needs you", "nothing");
}

static int
run(char **arguments)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(ServerClient) client = server_client_new(NULL, &error);
  bool as_json;
  if (!command_wants_json(format_option, "table", &as_json))
    return EXIT_ERROR;
  g_autoptr(json_t) overview =
      client == NULL ? NULL : server_get(client, "/api/v1/overview?days=1", &error);
  if (overview == NULL)
    return command_fail(error);
  g_autoptr(json_t) needs = find_needs(overview);
  if (as_json) {
    json_object_set(overview, "needs", needs);
    command_print_json(overview);
  } else {
    print_screen(overview, needs, server_client_url(client));
  }
  return command_end_output(json_array_size(needs) == 0 ? EXIT_FINE : EXIT_REFUSED);
}

const Command status_command = {
    .name = "status",
    .summary = "Show the state of a registry, and what in it needs a person",
    .arguments = "",
    .help = "The exit code is 1 when something needs a person: stale advisories, ClamAV that is\n"
            "away or has old signatures, images that could not be scanned, a certificate that "
            "expires, a disk that is nearly full.\n"
            "\n"
            "Examples:\n"
            "  assay status\n"
            "  assay status --server https://registry.example.com\n"
            "  assay status --format json",
    .options = options,
    .run = run,
};
