/* Issuers of tokens: a small provider that says what it is told to (issuer-server.py), lies among
 * it, and tokens by it, by others and by nobody. */
#include <glib/gstdio.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "access/directory/issuer.h"
#include "access/keys/jwt.h"
#include "base/error.h"
#include "base/fd.h"
#include "sign/keys/jwks.h"
#include "text/base64url.h"

#include <fcntl.h>

#define AUDIENCE "assay"

typedef struct {
  char *folder, *url;
  GPid server; /* 0: none */
  int end;     /* its standard input: it ends when this is closed */
  gnutls_privkey_t key, other;
  Issuers *issuers;
  IssuerSettings settings;
} Fixture;

/* --- the provider --- */

static gnutls_privkey_t
new_key(void)
{
  gnutls_privkey_t key;
  g_assert_cmpint(gnutls_privkey_init(&key), >=, 0);
  g_assert_cmpint(gnutls_privkey_generate(key, GNUTLS_PK_ECDSA,
                                          GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                  >=, 0);
  return key;
}

static void
publish(const Fixture *fixture, const char *name, const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
  g_file_set_contents(path, text, -1, &error);
  g_assert_no_error(error);
}

static void
publish_keys(const Fixture *fixture, const char *kid, gnutls_privkey_t key)
{
  g_autoptr(GError) error = NULL;
  gnutls_pubkey_t handle;
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func((GDestroyNotify)public_key_free);
  g_assert_cmpint(gnutls_pubkey_init(&handle), >=, 0);
  g_assert_cmpint(gnutls_pubkey_import_privkey(handle, key, 0, 0), >=, 0);
  g_ptr_array_add(keys, public_key_new(kid, handle, ALGORITHM_COUNT, &error));
  g_assert_no_error(error);
  g_autoptr(json_t) set = jwks_write(keys);
  g_autofree char *text = json_to_text(set);
  publish(fixture, "keys", text);
}

static void
publish_document(const Fixture *fixture, const char *issuer)
{
  g_autofree char *text =
      g_strdup_printf("{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\"}", issuer, fixture->url);
  publish(fixture, "openid-configuration", text);
}

static unsigned
count_asked(const Fixture *fixture, const char *path)
{
  g_autofree char *name = g_build_filename(fixture->folder, "asked", NULL), *text = NULL;
  unsigned count = 0;
  if (!g_file_get_contents(name, &text, NULL, NULL))
    return 0;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    count += strcmp(*line, path) == 0;
  return count;
}

static void
start_server(Fixture *fixture)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *script = g_test_build_filename(G_TEST_DIST, "issuer-server.py", NULL);
  char python[] = "python3", *arguments[] = {python, script, fixture->folder, NULL};
  int output, port;
  g_spawn_async_with_pipes(NULL, arguments, NULL,
                           G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_CLOEXEC_PIPES,
                           NULL, NULL, &fixture->server, &fixture->end, &output, NULL, &error);
  g_assert_no_error(error);
  FILE *said = fdopen(output, "r");
  g_assert_cmpint(fscanf(said, "%d", &port), ==, 1);
  fclose(said);
  fixture->url = g_strdup_printf("http://127.0.0.1:%d", port);
}

static void
stop_server(Fixture *fixture)
{
  if (fixture->server == 0)
    return;
  close(fixture->end);
  waitpid(fixture->server, NULL, 0);
  fixture->server = 0;
}

static void
set_up(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  fixture->folder = g_dir_make_tmp("assay-issuer-XXXXXX", &error);
  g_assert_no_error(error);
  start_server(fixture);
  fixture->key = new_key();
  fixture->other = new_key();
  publish_document(fixture, fixture->url);
  publish_keys(fixture, "one", fixture->key);
  fixture->issuers = issuers_new();
  fixture->settings = (IssuerSettings){.issuer = fixture->url, .plain_http = true, .timeout = 5};
}

static void
tear_down(Fixture *fixture, gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  stop_server(fixture);
  issuers_free(fixture->issuers);
  gnutls_privkey_deinit(fixture->key);
  gnutls_privkey_deinit(fixture->other);
  g_assert_true(directory_remove(AT_FDCWD, fixture->folder, &error));
  g_free(fixture->folder);
  g_free(fixture->url);
}

/* --- tokens --- */

static int64_t
now(void)
{
  return g_get_real_time() / G_USEC_PER_SEC;
}

/* What is right, except what @changes say: JSON whose nulls are left out. */
static json_t *
claims_with(const Fixture *fixture, const char *changes)
{
  json_t *claims =
      json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", fixture->url, "sub", "alice", "aud", AUDIENCE,
                "iat", (json_int_t)now(), "exp", (json_int_t)now() + 300);
  g_autoptr(json_t) more = json_loads(changes, 0, NULL);
  const char *name;
  json_t *value;
  json_object_foreach(more, name, value) {
    if (json_is_null(value))
      json_object_del(claims, name);
    else if (json_is_integer(value))
      json_object_set_new(claims, name, json_integer(now() + json_integer_value(value)));
    else
      json_object_set(claims, name, value);
  }
  return claims;
}

static char *
sign(const json_t *claims, const char *kid, gnutls_privkey_t key)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *header = jwt_header(kid);
  char *token = jwt_sign(header, claims, key, &error);
  g_assert_no_error(error);
  return token;
}

static void
assert_refused(Issuer *issuer, const char *name, const char *token, int code, const char *why)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) claims = issuer_verify(issuer, token, AUDIENCE, &error);
  if (claims != NULL)
    g_error("%s: it was taken", name);
  if (!g_error_matches(error, ASSAY_ERROR, code) || strstr(error->message, why) == NULL)
    g_error("%s: %s", name, error->message);
}

static void
assert_taken(Issuer *issuer, const char *token)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) claims = issuer_verify(issuer, token, AUDIENCE, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(json_get_string(claims, "sub"), ==, "alice");
}

/* Numbers are seconds from now. */
static void
test_claims(Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *name, *changes, *why; /* NULL: it is taken */
  } cases[] = {
      {"right", "{}", NULL},
      {"one of several audiences", "{\"aud\": [\"other\", \"assay\"]}", NULL},
      {"a clock that is a little late", "{\"exp\": -30}", NULL},
      {"another issuer", "{\"iss\": \"https://evil.example.com\"}", "evil.example.com"},
      {"the issuer with a slash", "{\"iss\": \"http://127.0.0.1/\"}", "not by"},
      {"no issuer", "{\"iss\": null}", "nobody"},
      {"another audience", "{\"aud\": \"other\"}", "audience"},
      {"the audience as part of a word", "{\"aud\": \"assay2\"}", "audience"},
      {"no audience", "{\"aud\": null}", "audience"},
      {"nobody", "{\"sub\": null}", "sub"},
      {"an empty subject", "{\"sub\": \"\"}", "sub"},
      {"a subject that is no text", "{\"sub\": [\"alice\"]}", "sub"},
      {"ended", "{\"exp\": -61}", "ended"},
      {"without end", "{\"exp\": null}", "ends"},
      {"an end that is no number", "{\"exp\": \"never\"}", "ends"},
      {"not yet", "{\"nbf\": 120}", "not valid yet"},
      {"made tomorrow", "{\"iat\": 86400}", "not valid yet"},
  };
  Issuer *issuer = issuers_find(fixture->issuers, &fixture->settings);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(json_t) claims = claims_with(fixture, cases[i].changes);
    g_autofree char *token = sign(claims, "one", fixture->key);
    g_test_message("case: %s", cases[i].name);
    if (cases[i].why == NULL)
      assert_taken(issuer, token);
    else
      assert_refused(issuer, cases[i].name, token, ASSAY_ERROR_DENIED, cases[i].why);
  }
  g_assert_cmpuint(count_asked(fixture, "/keys"), ==, 1);
}

/* HS256 with what everybody knows as the secret: the public key, as PEM. */
static char *
sign_by_public_key(const Fixture *fixture, const json_t *claims)
{
  gnutls_pubkey_t handle;
  gnutls_datum_t pem;
  uint8_t mac[32];
  g_assert_cmpint(gnutls_pubkey_init(&handle), >=, 0);
  g_assert_cmpint(gnutls_pubkey_import_privkey(handle, fixture->key, 0, 0), >=, 0);
  g_assert_cmpint(gnutls_pubkey_export2(handle, GNUTLS_X509_FMT_PEM, &pem), >=, 0);
  g_autofree char *text = json_to_text(claims);
  g_autofree char *header =
      base64url_encode(SLICE_LITERAL("{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"one\"}"));
  g_autofree char *payload = base64url_encode(slice_from_string(text));
  g_autofree char *signed_part = g_strconcat(header, ".", payload, NULL);
  g_assert_cmpint(gnutls_hmac_fast(GNUTLS_MAC_SHA256, pem.data, pem.size, signed_part,
                                   strlen(signed_part), mac),
                  >=, 0);
  g_autofree char *signature = base64url_encode(slice_new(mac, sizeof mac));
  gnutls_free(pem.data);
  gnutls_pubkey_deinit(handle);
  return g_strconcat(signed_part, ".", signature, NULL);
}

static char *
with_header(const json_t *claims, Slice header, const char *signature)
{
  g_autofree char *text = json_to_text(claims), *head = base64url_encode(header);
  g_autofree char *payload = base64url_encode(slice_from_string(text));
  return g_strconcat(head, ".", payload, ".", signature, NULL);
}

static void
test_signatures(Fixture *fixture, gconstpointer data)
{
  Issuer *issuer = issuers_find(fixture->issuers, &fixture->settings);
  g_autoptr(json_t) claims = claims_with(fixture, "{}");
  g_autofree char *right = sign(claims, "one", fixture->key);
  g_autofree char *foreign = sign(claims, "one", fixture->other);
  g_autofree char *nameless = sign(claims, NULL, fixture->other);
  g_autofree char *unknown = sign(claims, "two", fixture->other);
  g_autofree char *confused = sign_by_public_key(fixture, claims);
  g_autofree char *none = with_header(claims, SLICE_LITERAL("{\"alg\":\"none\"}"), "");
  g_autofree char *shouted =
      with_header(claims, SLICE_LITERAL("{\"alg\":\"nOnE\",\"kid\":\"one\"}"), "AAAA");
  g_autofree char *rsa = with_header(claims, SLICE_LITERAL("{\"alg\":\"RS256\",\"kid\":\"one\"}"),
                                     strrchr(right, '.') + 1);
  g_autofree char *logout = with_header(
      claims, SLICE_LITERAL("{\"alg\":\"ES256\",\"kid\":\"one\",\"typ\":\"logout+jwt\"}"), "AAAA");
  g_autofree char *embedded = with_header(
      claims,
      SLICE_LITERAL("{\"alg\":\"ES256\",\"kid\":\"one\",\"jku\":\"http://127.0.0.1/keys\"}"),
      "AAAA");
  const struct {
    const char *name, *token, *why;
  } cases[] = {
      {"another's key of that name", foreign, "signature"},
      {"another's key without a name", nameless, "signature"},
      {"an unknown key", unknown, "unknown key"},
      {"HS256 with the public key", confused, "algorithm"},
      {"alg none", none, "three parts"},
      {"alg none in other letters", shouted, "algorithm"},
      {"RS256 with a key of ES256", rsa, "signature"},
      {"a token for log-out", logout, "type"},
      {"keys of its own", embedded, "signature"},
      {"no token", "abc", "three parts"},
      {"nothing", "", "three parts"},
  };
  assert_taken(issuer, right);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
    assert_refused(issuer, cases[i].name, cases[i].token, ASSAY_ERROR_DENIED, cases[i].why);
  /* The unknown key had the keys read again: once, not for each. */
  g_assert_cmpuint(count_asked(fixture, "/keys"), ==, 2);
}

static void
test_keys_turn_over(Fixture *fixture, gconstpointer data)
{
  Issuer *issuer = issuers_find(fixture->issuers, &fixture->settings);
  g_autoptr(json_t) claims = claims_with(fixture, "{}");
  g_autofree char *first = sign(claims, "one", fixture->key);
  g_autofree char *second = sign(claims, "two", fixture->other);
  assert_taken(issuer, first);
  publish_keys(fixture, "two", fixture->other);
  assert_taken(issuer, second);
  assert_refused(issuer, "the former key", first, ASSAY_ERROR_DENIED, "unknown key");
  /* What is at hand counts while it is gone. */
  stop_server(fixture);
  assert_taken(issuer, second);
}

static void
test_gone(Fixture *fixture, gconstpointer data)
{
  Issuer *issuer = issuers_find(fixture->issuers, &fixture->settings);
  g_autoptr(json_t) claims = claims_with(fixture, "{}");
  g_autofree char *token = sign(claims, "one", fixture->key);
  stop_server(fixture);
  assert_refused(issuer, "gone", token, ASSAY_ERROR_NETWORK, "openid-configuration");
}

static void
test_keys_of_a_file(Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = g_build_filename(fixture->folder, "keys", NULL);
  IssuerSettings settings = fixture->settings;
  settings.keys_file = file;
  Issuer *issuer = issuers_find(fixture->issuers, &settings);
  g_assert_true(issuer != issuers_find(fixture->issuers, &fixture->settings));
  g_assert_true(issuer == issuers_find(fixture->issuers, &settings));
  g_autoptr(json_t) claims = claims_with(fixture, "{}");
  g_autofree char *token = sign(claims, "one", fixture->key);
  stop_server(fixture);
  assert_taken(issuer, token);
}

/* A document that must not be believed. */
static void
test_documents(Fixture *fixture, gconstpointer data)
{
  static const struct {
    const char *name, *text; /* %s: the provider's address */
    int code;
  } cases[] = {
      {"another issuer", "{\"issuer\":\"https://evil.example.com\",\"jwks_uri\":\"%s/keys\"}",
       ASSAY_ERROR_MISMATCH},
      {"a slash more", "{\"issuer\":\"%s/\",\"jwks_uri\":\"%s/keys\"}", ASSAY_ERROR_MISMATCH},
      {"no keys", "{\"issuer\":\"%s\"}", ASSAY_ERROR_INVALID},
      {"keys elsewhere in clear",
       "{\"issuer\":\"%s\",\"jwks_uri\":\"http://keys.example.com/keys\"}", ASSAY_ERROR_INVALID},
      {"keys of a file", "{\"issuer\":\"%s\",\"jwks_uri\":\"file:///etc/passwd\"}",
       ASSAY_ERROR_INVALID},
      {"tokens to a user's server",
       "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\",\"token_endpoint\":\"https://a:b@c/\"}",
       ASSAY_ERROR_INVALID},
      {"an address with a line's end",
       "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\",\"token_endpoint\":\"https://a/\\r\\nX: y\"}",
       ASSAY_ERROR_INVALID},
      {"no object", "[]", ASSAY_ERROR_INVALID},
      {"no JSON", "<html>", ASSAY_ERROR_INVALID},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) parts = g_strsplit(cases[i].text, "%s", -1);
    g_autofree char *text = g_strjoinv(fixture->url, parts);
    g_autoptr(IssuerDocument) document =
        issuer_document_read(slice_from_string(text), fixture->url, true, &error);
    g_test_message("case: %s", cases[i].name);
    g_assert_null(document);
    g_assert_error(error, ASSAY_ERROR, cases[i].code);
  }
}

/* What a redirect leads to is not asked: it is another's word. */
static void
test_redirect(Fixture *fixture, gconstpointer data)
{
  Issuer *issuer = issuers_find(fixture->issuers, &fixture->settings);
  g_autofree char *there = g_strconcat(fixture->url, "/elsewhere", NULL);
  g_autoptr(json_t) claims = claims_with(fixture, "{}");
  g_autofree char *token = sign(claims, "one", fixture->key);
  publish(fixture, "keys.to", there);
  assert_refused(issuer, "redirected", token, ASSAY_ERROR_NETWORK, "302");
  g_assert_cmpuint(count_asked(fixture, "/elsewhere"), ==, 0);
}

typedef struct {
  Issuer *issuer;
  const char *url;
  int busy, answered; /* atomic */
} Crowd;

static void *
ask_in_crowd(void *data)
{
  Crowd *crowd = data;
  g_autoptr(GError) error = NULL;
  g_autofree char *url = g_strconcat(crowd->url, "/keys", NULL);
  g_autoptr(HttpResponse) response = issuer_ask(crowd->issuer, url, NULL, NULL, &error);
  if (g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_BUSY))
    g_atomic_int_inc(&crowd->busy);
  else if (response != NULL)
    g_atomic_int_inc(&crowd->answered);
  return NULL;
}

/* One that is slow keeps so many threads waiting, and no more. */
static void
test_slow(Fixture *fixture, gconstpointer data)
{
  enum { MORE = 5 };
  GThread *threads[ISSUER_AT_ONCE + MORE];
  g_autofree char *slow = g_build_filename(fixture->folder, "keys.slow", NULL);
  Crowd crowd = {.issuer = issuers_find(fixture->issuers, &fixture->settings), .url = fixture->url};
  publish(fixture, "keys.slow", "");
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("crowd", ask_in_crowd, &crowd);
  for (unsigned waited = 0; g_atomic_int_get(&crowd.busy) < MORE && waited < 400; waited++)
    g_usleep(10000);
  g_assert_cmpint(g_unlink(slow), ==, 0);
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
  g_assert_cmpint(crowd.busy, ==, MORE);
  g_assert_cmpint(crowd.answered, ==, ISSUER_AT_ONCE);
  g_assert_null(ask_in_crowd(&crowd));
  g_assert_cmpint(crowd.answered, ==, ISSUER_AT_ONCE + 1);
}

static void
test_addresses(void)
{
  static const struct {
    const char *url;
    bool plain_http, right;
  } cases[] = {
      {"https://login.example.com", false, true},
      {"https://login.example.com:8443/realms/a?x=y", false, true},
      {"http://127.0.0.1:8080/realms/a", true, true},
      {"http://[::1]:8080", true, true},
      {"http://localhost", true, true},
      {"http://127.0.0.1:8080", false, false},
      {"http://login.example.com", true, false},
      {"http://127.0.0.1.example.com", true, false},
      {"ftp://login.example.com", true, false},
      {"https://", false, false},
      {"https://u@login.example.com", false, false},
      {"https://login.example.com/#a", false, false},
      {"https://login.example.com/a b", false, false},
      {"login.example.com", false, false},
      {"", false, false},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_test_message("case: %s", cases[i].url);
    g_assert_cmpint(issuer_url_check("it", cases[i].url, cases[i].plain_http, NULL), ==,
                    cases[i].right);
  }
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
#define CASE(name, function)                                                                       \
  g_test_add("/access/issuer/" name, Fixture, NULL, set_up, function, tear_down)
  CASE("claims", test_claims);
  CASE("signatures", test_signatures);
  CASE("keys-turn-over", test_keys_turn_over);
  CASE("gone", test_gone);
  CASE("keys-of-a-file", test_keys_of_a_file);
  CASE("documents", test_documents);
  CASE("redirect", test_redirect);
  CASE("slow", test_slow);
  g_test_add_func("/access/issuer/addresses", test_addresses);
  return g_test_run();
}
