/* /setup/<secret>: the page of the one-time link (setup_link.h), by which a browser makes the first
 * administrator. It is one file without scripts, and the browser is told to load nothing else. */
#include "server/setup_page.h"

#include <string.h>

#include "access/credentials/secrets.h"
#include "base/error.h"
#include "server/http/http-private.h"
#include "server/server-private.h"
#include "server/setup_link.h"
#include "server/token/form.h"

#define FORM_BYTES_MAX ((size_t)8 * 1024)

static const char style[] =
    "body{font:16px/1.5 sans-serif;max-width:26em;margin:3em auto;padding:0 1em}"
    "label{display:block;margin:1em 0 0}input{font:inherit;width:100%;box-sizing:border-box}"
    "button{font:inherit;margin:1.5em 0 0;padding:.4em 1em}[role=alert]{color:#a00}";

static const char form[] =
    "<p>Nobody administers this registry yet. Who is made here may do all.</p>%s"
    "<form method=\"post\">"
    "<label>Name<input name=\"name\" required autocomplete=\"username\" value=\"%s\"></label>"
    "<label>Password, of at least 8 bytes<input name=\"password\" type=\"password\" required "
    "autocomplete=\"new-password\"></label>"
    "<label>Once more<input name=\"again\" type=\"password\" required "
    "autocomplete=\"new-password\"></label>"
    "<button>Make the administrator</button></form>";

/* "sha256-..." of the style, which alone is applied (CSP Level 3). (transfer full) */
static char *
style_source(void)
{
  uint8_t digest[32];
  gsize size = sizeof digest;
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(sum, (const guchar *)style, (gssize)strlen(style));
  g_checksum_get_digest(sum, digest, &size);
  g_autofree char *text = g_base64_encode(digest, size);
  return g_strconcat("sha256-", text, NULL);
}

static void
respond_page(Request *request, unsigned status, const char *content)
{
  g_autofree char *source = style_source();
  g_autofree char *page = g_strconcat(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Assay: the first "
      "administrator</title><style>",
      style, "</style></head><body><h1>The first administrator</h1>", content, "</body></html>\n",
      NULL);
  respond_text(request, status, "text/html; charset=utf-8", page);
  response_header_format(request, "Content-Security-Policy",
                         "default-src 'none'; style-src '%s'; form-action 'self'; base-uri 'none'; "
                         "frame-ancestors 'none'",
                         source);
  response_header(request, "Referrer-Policy", "no-referrer");
  response_header(request, "Cache-Control", "no-store");
}

static void
respond_problem(Request *request, unsigned status, const char *message)
{
  g_autofree char *content = g_markup_printf_escaped("<p role=\"alert\">%s</p>", message);
  respond_page(request, status, content);
}

static void
respond_form(Request *request, unsigned status, const char *name, const char *problem)
{
  g_autofree char *alert =
      problem == NULL ? g_strdup("") : g_markup_printf_escaped("<p role=\"alert\">%s</p>", problem);
  g_autofree char *value = g_markup_escape_text(name != NULL ? name : "", -1);
  g_autofree char *content = g_strdup_printf(form, alert, value);
  respond_page(request, status, content);
}

/* What passes, the server's own failures among it, is as everywhere. */
static void
respond_refused(Request *request, const char *name, const GError *error)
{
  if (g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND))
    respond_problem(request, MHD_HTTP_NOT_FOUND, error->message);
  else if (g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_INVALID))
    respond_form(request, MHD_HTTP_BAD_REQUEST, name, error->message);
  else if (g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_EXISTS))
    respond_form(request, MHD_HTTP_CONFLICT, name, error->message);
  else
    respond_error(request, error);
}

static void
show(Request *request)
{
  g_autoptr(GError) error = NULL;
  SetupLink *link = server_context(request)->setup;
  const char *secret = request_parameter(request, "secret");
  if (setup_link_check(link, secret, g_get_monotonic_time(), &error))
    respond_form(request, MHD_HTTP_OK, NULL, NULL);
  else
    respond_refused(request, NULL, error);
}

static bool
use(Request *request, const char *name, const char *password, const char *again, GError **error)
{
  SetupLink *link = server_context(request)->setup;
  const char *secret = request_parameter(request, "secret");
  int64_t now = g_get_monotonic_time();
  if (!setup_link_check(link, secret, now, error))
    return false;
  if (name == NULL || password == NULL || again == NULL)
    return error_set(error, ASSAY_ERROR_INVALID, "the name or a password is missing");
  if (strcmp(password, again) != 0)
    return error_set(error, ASSAY_ERROR_INVALID, "the two passwords differ");
  return setup_link_use(link, secret, name, password, now, error);
}

static void
take(Request *request)
{
  g_autoptr(GError) error = NULL;
  GBytes *body = request_body(request);
  Slice sent = body == NULL ? SLICE_EMPTY : slice_from_bytes(body);
  g_autofree char *name = form_value(sent, "name");
  g_autoptr(SecretText) password = form_value(sent, "password"), again = form_value(sent, "again");
  if (use(request, name, password, again, &error)) {
    g_autofree char *done =
        g_markup_printf_escaped("<p>%s is the administrator. This link works no more.</p>", name);
    respond_page(request, MHD_HTTP_CREATED, done);
  } else {
    respond_refused(request, name, error);
  }
}

const Route setup_page_routes[] = {
    {"GET", "/setup/<secret>", "setup", VERB_NONE, ON_NOTHING, WORK_WAITS, .finish = show},
    {"POST", "/setup/<secret>", "setup", VERB_NONE, ON_NOTHING, WORK_WAITS, .finish = take,
     .body_limit = FORM_BYTES_MAX},
    {NULL},
};
