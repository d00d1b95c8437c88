/* Sending records to a server of syslog as they are written: RFC 5424 over TCP (RFC 6587, section
 * 3.4.1: each message after its length) or TLS (RFC 5425). How far it came is a row, so that a
 * server that was away gets all once it is back. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "access/audit/audit-private.h"
#include "access/audit/audit_format.h"
#include "base/cancellable.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/gnutls_library.h"
#include "base/json.h"
#include "base/resolve.h"

#define SENT_AT_ONCE    500
#define TIMEOUT_SECONDS 10

typedef struct {
  int plain;            /* a socket, whose reads and writes end after TIMEOUT_SECONDS */
  gnutls_session_t tls; /* NULL: plain TCP */
  gnutls_certificate_credentials_t trust;
} Wire;

static void
wire_clear(Wire *wire)
{
  if (wire->tls != NULL) {
    gnutls()->bye(wire->tls, GNUTLS_SHUT_WR);
    gnutls()->deinit(wire->tls);
  }
  if (wire->trust != NULL)
    gnutls()->certificate_free_credentials(wire->trust);
  fd_clear(&wire->plain);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Wire, wire_clear)

static bool
tls_failed(int code, const char *url, GError **error)
{
  return error_set(error, ASSAY_ERROR_NETWORK, "%s: %s", url, gnutls()->strerror(code));
}

static bool
load_trust(Wire *wire, const AuditSettings *settings, GError **error)
{
  int code = gnutls()->certificate_allocate_credentials(&wire->trust);
  if (code < 0)
    return tls_failed(code, settings->syslog, error);
  code = settings->syslog_ca != NULL ? gnutls()->certificate_set_x509_trust_file(
                                           wire->trust, settings->syslog_ca, GNUTLS_X509_FMT_PEM)
                                     : gnutls()->certificate_set_x509_system_trust(wire->trust);
  return code >= 0 || error_set(error, ASSAY_ERROR_INVALID, "%s: %s (audit.syslog_ca)",
                                settings->syslog_ca != NULL ? settings->syslog_ca : "the system",
                                gnutls()->strerror(code));
}

static bool
shake_hands(Wire *wire, const AuditSettings *settings, const char *host, GError **error)
{
  int code;
  if (!load_trust(wire, settings, error))
    return false;
  if ((code = gnutls()->init(&wire->tls, GNUTLS_CLIENT)) < 0 ||
      (code = gnutls()->set_default_priority(wire->tls)) < 0 ||
      (code = gnutls()->credentials_set(wire->tls, GNUTLS_CRD_CERTIFICATE, wire->trust)) < 0)
    return tls_failed(code, settings->syslog, error);
  if (!g_hostname_is_ip_address(host))
    gnutls()->server_name_set(wire->tls, GNUTLS_NAME_DNS, host, strlen(host));
  gnutls()->session_set_verify_cert(wire->tls, host, 0);
  gnutls()->handshake_set_timeout(wire->tls, TIMEOUT_SECONDS * 1000);
  gnutls()->transport_set_int2(wire->tls, wire->plain, wire->plain);
  do
    code = gnutls()->handshake(wire->tls);
  while (code < 0 && gnutls()->error_is_fatal(code) == 0);
  return code >= 0 || tls_failed(code, settings->syslog, error);
}

/* -1 with errno; ECANCELED: it was cancelled. */
static int
connect_to_one(const struct addrinfo *found, Cancellable *cancellable)
{
  const struct timeval timeout = {.tv_sec = TIMEOUT_SECONDS};
  int failure = 0;
  socklen_t size = sizeof failure;
  auto_fd int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || (connect(fd, found->ai_addr, found->ai_addrlen) < 0 && errno != EINPROGRESS))
    return -1;
  struct pollfd polled[] = {{.fd = fd, .events = POLLOUT},
                            {.fd = cancellable_descriptor(cancellable), .events = POLLIN}};
  int ready = TEMP_FAILURE_RETRY(poll(polled, G_N_ELEMENTS(polled), TIMEOUT_SECONDS * 1000));
  if (ready >= 0)
    errno = ready == 0 ? ETIMEDOUT : polled[1].revents != 0 ? ECANCELED : 0;
  if (errno == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) == 0)
    errno = failure;
  if (errno != 0 || fcntl(fd, F_SETFL, 0) < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0)
    return -1;
  return fd_steal(&fd);
}

static bool
connect_to(Wire *wire, const AuditSettings *settings, Cancellable *cancellable, GError **error)
{
  const char *address = strstr(settings->syslog, "://") + strlen("://");
  const char *port = strrchr(address, ':');
  bool bracketed = *address == '[' && port[-1] == ']';
  g_autofree char *host = g_strndup(address + bracketed, (gsize)(port - address - 2 * bracketed));
  const char *why = NULL;
  int64_t end = g_get_monotonic_time() + TIMEOUT_SECONDS * G_USEC_PER_SEC;
  struct addrinfo *found = resolve_host(host, port + 1, end, cancellable, &why);
  if (found == NULL)
    return error_set(error, ASSAY_ERROR_NETWORK, "%s: %s (audit.syslog)", settings->syslog, why);
  for (const struct addrinfo *one = found;
       one != NULL && wire->plain < 0 && !cancellable_is_cancelled(cancellable); one = one->ai_next)
    wire->plain = connect_to_one(one, cancellable);
  int failure = cancellable_is_cancelled(cancellable) ? ECANCELED : errno;
  freeaddrinfo(found);
  if (wire->plain < 0)
    return error_set(error, ASSAY_ERROR_NETWORK, "%s: %s (audit.syslog)", settings->syslog,
                     g_strerror(failure));
  return !g_str_has_prefix(settings->syslog, "tls://") || shake_hands(wire, settings, host, error);
}

static bool
send_all(Wire *wire, const AuditSettings *settings, const GString *bytes, GError **error)
{
  for (gsize sent = 0; sent < bytes->len;) {
    const char *rest = bytes->str + sent;
    ssize_t size = wire->tls != NULL ? gnutls()->record_send(wire->tls, rest, bytes->len - sent)
                                     : send(wire->plain, rest, bytes->len - sent, MSG_NOSIGNAL);
    if (wire->tls == NULL && size < 0 && errno != EINTR)
      return error_set(error, ASSAY_ERROR_NETWORK, "%s: %s", settings->syslog, g_strerror(errno));
    if (wire->tls != NULL && size < 0 && size != GNUTLS_E_INTERRUPTED)
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
  g_auto(Wire) wire = {.plain = -1};
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
