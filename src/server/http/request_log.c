/* The last phase of a request: its line in the log, and its counts. */
#include <string.h>

#include "server/http/authorise.h"
#include "server/http/http-private.h"
#include "server/http/rate.h"
#include "server/http/request_log.h"

void
request_log(Request *request, enum MHD_RequestTerminationCode how)
{
  int64_t taken = g_get_monotonic_time() - request->started;
  unsigned status = how == MHD_REQUEST_TERMINATED_COMPLETED_OK ? request->status : 499;
  /* How much of an answer went out that was broken off, libmicrohttpd does not tell. */
  bool sent = how == MHD_REQUEST_TERMINATED_COMPLETED_OK && strcmp(request->method, "HEAD") != 0;
  uint64_t sent_bytes = sent ? request->response_bytes : 0;
  const HttpCount count = {status, (double)taken / G_USEC_PER_SEC, request->received_bytes,
                           sent_bytes};
  rate_spend(request, request->received_bytes + (how == MHD_REQUEST_TERMINATED_COMPLETED_OK
                                                     ? sent_bytes
                                                     : request->response_bytes));
  http_metrics_count(request->server->metrics, &request->match, request->method, &count);
  bool probe = route_is_probe(request->match.route);
  LogLevel level = status >= 500 ? LOG_WARNING_LEVEL : probe ? LOG_DEBUG_LEVEL : LOG_INFO_LEVEL;
  if (!log_is_on(level))
    return;
  g_autofree char *agent = request_agent(request);
  char status_text[8], duration_text[32], received_text[24], sent_text[24];
  g_snprintf(status_text, sizeof status_text, "%u", status);
  g_snprintf(duration_text, sizeof duration_text, "%" G_GINT64_FORMAT ".%06d",
             taken / G_USEC_PER_SEC, (int)(taken % G_USEC_PER_SEC));
  g_snprintf(received_text, sizeof received_text, "%" G_GUINT64_FORMAT, request->received_bytes);
  g_snprintf(sent_text, sizeof sent_text, "%" G_GUINT64_FORMAT, sent_bytes);
  log_set_request_id(request->id);
  log_event(level, "request", "method", request->method, "path", request_path_shown(request),
            "route", route_label(request->match.route), "status", status_text, "client",
            request_client(request), "user", request_user(request), "user_agent", agent, "reason",
            connection_end_reason(request->connection), "received", received_text, "sent",
            sent_text, "seconds", duration_text, NULL);
  log_set_request_id(NULL);
}
