/* Sending records to a server of syslog as they are written: RFC 5424 over TCP (RFC 6587, section
 * 3.4.1: each message after its length) or TLS (RFC 5425). How far it came is a row, so that a
 * server that was away gets all once it is back. */
#include <gio/gio.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <unistd.h>

#include "access/audit/audit-private.h"
#include "access/audit/audit_format.h"
#include "base/error.h"
#include "base/json.h"

#define SENT_AT_ONCE    500
#define TIMEOUT_SECONDS 10

typedef struct {
  GSocketConnection *plain;
  gnutls_session_t tls; /* NULL: plain TCP */
  gnutls_certificate_credentials_t trust;
} Wire;

static void
wire_clear(Wire *wire)
{
  if (wire->tls != NULL) {
    gnutls_bye(wire->tls, GNUTLS_SHUT_WR);
    gnutls_deinit(wire->tls);
  }
  if (wire->trust != NULL)
    gnutls_certificate_free_credentials(wire->trust);
  g_clear_object(&wire->plain);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wire, wire_clear)

static bool
tls_failed(int code, const char *url, GError **error)
{
  return error_set(error, ASSAY_ERROR_NETWORK, "%s: %s", url, gnutls_strerror(code));
}

static bool
load_trust(Wire *wire, const AuditSettings *settings, GError **error)
{
  int code = gnutls_certificate_allocate_credentials(&wire->trust);
  if (code < 0)
    return tls_failed(code, settings->syslog, error);
  code = settings->syslog_ca != NULL ? gnutls_certificate_set_x509_trust_file(
                                           wire->trust, settings->syslog_ca, GNUTLS_X509_FMT_PEM)
                                     : gnutls_certificate_set_x509_system_trust(wire->trust);
  return code >= 0 || error_set(error, ASSAY_ERROR_INVALID, "%s: %s (audit.syslog_ca)",
                                settings->syslog_ca != NULL ? settings->syslog_ca : "the system",
                                gnutls_strerror(code));
}

static bool
shake_hands(Wire *wire, const AuditSettings *settings, const char *host, GError **error)
{
  int code;
  GSocket *socket = g_socket_connection_get_socket(wire->plain);
  if (!load_trust(wire, settings, error))
    return false;
  if ((code = gnutls_init(&wire->tls, GNUTLS_CLIENT)) < 0 ||
      (code = gnutls_set_default_priority(wire->tls)) < 0 ||
      (code = gnutls_credentials_set(wire->tls, GNUTLS_CRD_CERTIFICATE, wire->trust)) < 0)
    return tls_failed(code, settings->syslog, error);
  if (!g_hostname_is_ip_address(host))
    gnutls_server_name_set(wire->tls, GNUTLS_NAME_DNS, host, strlen(host));
  gnutls_session_set_verify_cert(wire->tls, host, 0);
  gnutls_handshake_set_timeout(wire->tls, TIMEOUT_SECONDS * 1000);
  gnutls_transport_set_int(wire->tls, g_socket_get_fd(socket));
  do
    code = gnutls_handshake(wire->tls);
  while (code < 0 && gnutls_error_is_fatal(code) == 0);
  return code >= 0 || tls_failed(code, settings->syslog, error);
}

static bool
connect_to(Wire *wire, const AuditSettings *settings, GCancellable *cancellable, GError **error)
{
  const char *address = strstr(settings->syslog, "://") + strlen("://");
  g_autofree char *host = g_strndup(address, (gsize)(strrchr(address, ':') - address));
  g_autoptr(GSocketClient) client = g_socket_client_new();
  g_autoptr(GError) failure = NULL;
  g_socket_client_set_timeout(client, TIMEOUT_SECONDS);
  wire->plain = g_socket_client_connect_to_host(client, address, 514, cancellable, &failure);
  if (wire->plain == NULL)
    return error_set(error, ASSAY_ERROR_NETWORK, "%s: %s (audit.syslog)", settings->syslog,
                     failure->message);
  if (!g_str_has_prefix(settings->syslog, "tls://"))
    return true;
  /* The library reads and writes by itself. */
  g_socket_set_blocking(g_socket_connection_get_socket(wire->plain), TRUE);
  if (*host == '[')
    memmove(host, host + 1, strlen(host));
  char *bracket = strchr(host, ']');
  if (bracket != NULL)
    *bracket = '\0';
  return shake_hands(wire, settings, host, error);
}

static bool
send_all(Wire *wire, const AuditSettings *settings, const GString *bytes, GError **error)
{
  gsize sent = 0;
  if (wire->tls == NULL)
    return g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(wire->plain)),
                                     bytes->str, bytes->len, &sent, NULL, error);
  while (sent < bytes->len) {
    ssize_t size = gnutls_record_send(wire->tls, bytes->str + sent, bytes->len - sent);
    if (size < 0 && gnutls_error_is_fatal((int)size) != 0)
      return tls_failed((int)size, settings->syslog, error);
    sent += size > 0 ? (gsize)size : 0;
  }
  return true;
}

static void
append_message(GString *out, const json_t *record)
{
  g_autofree char *message = audit_syslog_message(record, g_get_host_name());
  g_string_append_printf(out, "%zu %s", strlen(message), message);
}

/* How far it came; what was before the first time is not sent. */
static bool
read_sent(SqlPool *sql, int64_t *sent, GError **error)
{
  g_autoptr(SqlConnection) db = sql_acquire(sql, error);
  g_autoptr(SqlRows) rows = NULL;
  if (db == NULL)
    return false;
  rows = sql_query(db, error, "SELECT sent FROM audit_head WHERE id = 1", SQL_END);
  *sent = -1;
  return sql_number(rows, sent, error);
}

static bool
write_sent(SqlPool *sql, int64_t sent, GError **error)
{
  return sql_write(sql, NULL, error, "UPDATE audit_head SET sent = $1 WHERE id = 1",
                   SQL_INTEGER(sent), SQL_END);
}

static bool
send_page(Audit *audit, Job *job, int64_t *sent, bool *more, GError **error)
{
  const AuditFilter all = {.who = NULL};
  g_auto(Wire) wire = {.plain = NULL};
  g_autoptr(GString) bytes = g_string_new(NULL);
  g_autoptr(json_t) records = audit_records(audit->sql, &all, *sent, SENT_AT_ONCE, more, error);
  size_t index, count = json_array_size(records);
  json_t *record;
  if (records == NULL || count == 0)
    return records != NULL;
  json_array_foreach(records, index, record)
    append_message(bytes, record);
  if (!connect_to(&wire, audit->settings, job_cancellable(job), error) ||
      !send_all(&wire, audit->settings, bytes, error))
    return false;
  *sent = json_get_integer(json_array_get(records, count - 1), "number", *sent);
  return write_sent(audit->sql, *sent, error);
}

static JobOutcome
send_records(Job *job, void *room, GError **error)
{
  Audit *audit = room;
  int64_t sent = -1, number;
  char hash[AUDIT_HASH_SIZE];
  bool more = true;
  if (!read_sent(audit->sql, &sent, error))
    return JOB_AGAIN;
  if (sent < 0)
    return audit_head(audit->sql, &number, hash, error) && write_sent(audit->sql, number, error)
               ? JOB_DONE
               : JOB_AGAIN;
  while (more && !job_cancelled(job))
    if (!send_page(audit, job, &sent, &more, error))
      return JOB_AGAIN;
  return JOB_DONE;
}

static uint32_t
every_second(const void *room)
{
  return ((const Audit *)room)->settings->syslog != NULL ? 1 : 0;
}

const JobKind audit_syslog_kind = {.kind = "audit-syslog",
                                   .at_once = 1,
                                   .back_off = 5,
                                   .every = every_second,
                                   .run = send_records};
