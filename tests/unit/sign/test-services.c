/* Keys of services: a server that checks their requests by the vendors' published algorithms signs
 * by openssl, and then errs; and the vendors' own examples of signed requests. */
#include "base/error.h"
#include "kms.h"
#include "sign/keys/alibaba_authorization.h"
#include "sign/keys/hmac_authorization.h"
#include "sign/signer.h"

static Kms kms;
static Signer *signer;

/* --- the vendors' examples --- */

/* "post-vanilla" and "post-header-key-sort" of AWS's Signature Version 4 test suite. */
static void
test_aws_example(void)
{
  const HmacScope scope = {.scheme = "AWS4-HMAC-SHA256",
                           .prefix = "AWS4",
                           .end = "aws4_request",
                           .when = "20150830T123600Z",
                           .day = "20150830",
                           .region = "us-east-1",
                           .service = "service",
                           .id = "AKIDEXAMPLE",
                           .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
  static const char *const headers[] = {"host:example.amazonaws.com", "x-amz-date:20150830T123600Z",
                                        NULL};
  g_autofree char *made = hmac_authorization(&scope, headers, SLICE_EMPTY);
  g_assert_cmpstr(made, ==,
                  "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,"
                  " SignedHeaders=host;x-amz-date, Signature="
                  "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  static const char *const more[] = {"host:example.amazonaws.com", "my-header1:value1",
                                     "x-amz-date:20150830T123600Z", NULL};
  g_autofree char *sorted = hmac_authorization(&scope, more, SLICE_EMPTY);
  g_assert_true(g_str_has_suffix(
      sorted, "Signature=c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"));
}

/* "Signature method v3" of Tencent Cloud's API, with the secret that stands there. */
static void
test_tencent_example(void)
{
  const HmacScope scope = {.scheme = "TC3-HMAC-SHA256",
                           .prefix = "TC3",
                           .end = "tc3_request",
                           .when = "1551113065",
                           .day = "2019-02-25",
                           .service = "cvm",
                           .id = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
                           .secret = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"};
  static const char body[] =
      "{\"Limit\": 1, \"Filters\": [{\"Values\": [\"\\u672a\\u547d\\u540d\"], "
      "\"Name\": \"instance-name\"}]}";
  static const char *const headers[] = {"content-type:application/json; charset=utf-8",
                                        "host:cvm.tencentcloudapi.com", NULL};
  g_autofree char *made = hmac_authorization(&scope, headers, slice_from_string(body));
  g_assert_true(g_str_has_suffix(
      made, "Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"));
}

/* "RPC API signature" of Alibaba Cloud, whose action is ECS's DescribeRegions. */
static void
test_alibaba_example(void)
{
  static const char *const pairs[][2] = {
      {"Timestamp", "2016-02-23T12:46:24Z"},
      {"Format", "XML"},
      {"AccessKeyId", "testid"},
      {"Action", "DescribeRegions"},
      {"SignatureMethod", "HMAC-SHA1"},
      {"SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"},
      {"Version", "2014-05-26"},
      {"SignatureVersion", "1.0"},
  };
  g_autoptr(GHashTable) parameters = g_hash_table_new(g_str_hash, g_str_equal);
  for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++)
    g_hash_table_insert(parameters, (void *)(uintptr_t)pairs[i][0], (void *)(uintptr_t)pairs[i][1]);
  g_autofree char *made = alibaba_signature("GET", parameters, "testsecret");
  g_assert_cmpstr(made, ==, "OLeaidS1JvxuMvnyHOwuJ+uX5qY=");
}

/* --- the services --- */

typedef struct {
  const char *kind, *uri; /* %s: the key */
  const char *token;      /* what is in the file */
  const char *version;
  bool ed25519, pss, sha384, sm2;
} Service;

#define BEARER "s.token\n"
static const Service services[] = {
    {"vault", "vault://%s", BEARER, "3", true, true, true},
    {"aws", "aws-kms://eu-west-1/%s",
     "[default]\naws_access_key_id = AKIDEXAMPLE\n"
     "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\n"
     "aws_session_token = session+token\n",
     "", false, true, true, true},
    {"alibaba", "alibaba-kms://cn-hangzhou/%s",
     "[default]\naccess_key_id=AKIDEXAMPLE\n"
     "access_key_secret=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\nsecurity_token=session+token\n",
     "v2", false, true, false, true},
    {"tencent", "tencent-kms://ap-guangzhou/%s",
     "[default]\nsecret_id=AKIDEXAMPLE\nsecret_key=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\n"
     "token=session+token\n",
     "", false, true, false, true},
    {"google", "gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/%s/cryptoKeyVersions/7",
     BEARER, "7", true, false, true},
    {"azure", "azure-kms://v.vault.azure.net/%s", BEARER, "abc123", false, true, true},
};

static char *
uri_of(const Service *service, const char *key)
{
  g_auto(GStrv) around = g_strsplit(service->uri, "%s", 2);
  return g_strdup_printf("%s%s%s?endpoint=%s", around[0], key, around[1], kms.endpoint);
}

/* A whole signature; or NULL with *error. */
static GBytes *
sign_once(Signer *by, const Service *service, const char *key, SignatureAlgorithm algorithm,
          const char *token, GError **error)
{
  g_autofree char *uri = uri_of(service, key), *file = kms_write(&kms, "token", token);
  const KeyOptions options = {.token_file = file, .seconds = 3};
  g_autoptr(Key) opened = signer_key(by, uri, &options, NULL, error);
  if (opened == NULL)
    return NULL;
  g_assert_cmpstr(key_version(opened), ==, service->version);
  return key_sign(opened, algorithm, SLICE_LITERAL("what is signed"), NULL, error);
}

static void
check_signs(const Service *service, const char *key, SignatureAlgorithm algorithm)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) signature = sign_once(signer, service, key, algorithm, service->token, &error);
  g_assert_no_error(error);
  g_assert_nonnull(signature);
}

static void
test_signs(gconstpointer data)
{
  const Service *service = data;
  check_signs(service, "p256", ALGORITHM_ECDSA_SHA256);
  check_signs(service, "p256", ALGORITHM_ES256);
  check_signs(service, "rsa", ALGORITHM_RS256);
  if (service->sha384)
    check_signs(service, "rsa", ALGORITHM_RS384);
  if (service->pss)
    check_signs(service, "rsa", ALGORITHM_PS256);
  if (service->ed25519)
    check_signs(service, "ed25519", ALGORITHM_EDDSA);
  /* The server signs the digest as it comes, by openssl; the signature is one of the message. */
  if (service->sm2)
    check_signs(service, "sm2", ALGORITHM_SM2_SM3);
}

/* As a key that is opened anew, and as one that is open already. */
static void
check_fails(const Service *service, const char *mode, AssayErrorCode code)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Signer) fresh = signer_new(g_getenv("ASSAY_PROGRAM"));
  g_autofree char *uri = uri_of(service, "p256"), *file = kms_write(&kms, "token", service->token);
  const KeyOptions options = {.token_file = file, .seconds = 3};
  g_autofree char *none = kms_write(&kms, "mode", "");
  g_autoptr(Key) open = signer_key(fresh, uri, &options, NULL, &error);
  g_assert_no_error(error);
  g_autofree char *path = kms_write(&kms, "mode", mode);
  g_assert_null(key_sign(open, ALGORITHM_ECDSA_SHA256, SLICE_LITERAL("x"), NULL, &error));
  if (!g_error_matches(error, ASSAY_ERROR, (int)code))
    g_error("%s, %s: %s", service->kind, mode, error->message);
  g_clear_error(&error);
  g_unlink(path);
}

static void
test_errs(gconstpointer data)
{
  const Service *service = data;
  check_fails(service, "throttled", ASSAY_ERROR_BUSY);
  check_fails(service, "wrong-key", ASSAY_ERROR_MISMATCH);
  check_fails(service, "garbage", ASSAY_ERROR_INVALID);
  check_fails(service, "nothing", ASSAY_ERROR_NETWORK);
  check_fails(service, "broken", ASSAY_ERROR_NETWORK);
  check_fails(service, "hangs", ASSAY_ERROR_TIMEOUT);
  if (strcmp(service->kind, "google") == 0) {
    check_fails(service, "changed", ASSAY_ERROR_NETWORK);
    check_fails(service, "unverified", ASSAY_ERROR_NETWORK);
  }
}

static void
check_opening(const Service *service, const char *key, const char *token, AssayErrorCode code)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(Signer) fresh = signer_new(g_getenv("ASSAY_PROGRAM"));
  g_assert_null(sign_once(fresh, service, key, ALGORITHM_ES256, token, &error));
  if (!g_error_matches(error, ASSAY_ERROR, (int)code))
    g_error("%s, %s: %s", service->kind, key, error->message);
  g_assert_null(strstr(error->message, "wJalrXUtnFEMI"));
}

static void
test_refused(gconstpointer data)
{
  const Service *service = data;
  g_autofree char *wrong = g_strdup(service->token);
  /* The last letter of a secret, and of a token. */
  char *secret = strstr(wrong, "EXAMPLEKEY");
  wrong[secret == NULL ? 0 : (size_t)(secret - wrong)] = 'x';
  check_opening(service, "p256", wrong, ASSAY_ERROR_DENIED);
  check_opening(service, "p256", "", ASSAY_ERROR_DENIED);
  check_opening(service, "nothing", service->token, ASSAY_ERROR_NOT_FOUND);
}

static void
test_uris(void)
{
  static const char *const uris[] = {"vault:",
                                     "vault://",
                                     "vault://a/b",
                                     "vault://a?endpoint=",
                                     "vault://a?endpoint=http://example.com",
                                     "vault://a?endpoint=ftp://127.0.0.1:1",
                                     "vault://a?endpoint=https://user@example.com",
                                     "vault://a?endpoint=https://example.com/path",
                                     "vault://a?version=x&endpoint=https://example.com",
                                     "vault://a%2fb",
                                     "vault://..?endpoint=https://example.com",
                                     "vault://a?mount=sys/seal%3f&endpoint=https://example.com",
                                     "vault://a?mount=x/../sys&endpoint=https://example.com",
                                     "vault://a?credentials=metadata&endpoint=https://example.com",
                                     "aws-kms://eu-west-1@example.com/k",
                                     "aws-kms://eu-west-1:1/k",
                                     "alibaba-kms://example.com:1/k",
                                     "azure-kms://example.com/k",
                                     "azure-kms://.vault.azure.net/k",
                                     "azure-kms://x@y.vault.azure.net/k",
                                     "vault://..?what=1",
                                     "aws-kms://only",
                                     "aws-kms://a/b/c",
                                     "alibaba-kms://a//b",
                                     "gcp-kms://projects/p",
                                     "azure-kms://v.vault.azure.net",
                                     NULL};
  for (size_t i = 0; uris[i] != NULL; i++) {
    g_autoptr(GError) error = NULL;
    g_assert_null(key_open(uris[i], NULL, NULL, &error));
    if (!g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_INVALID))
      g_error("%s: %s", uris[i], error->message);
  }
}

/* A service that asks us to wait is asked again then, where there is time; and by nobody before. */
static void
test_waits(void)
{
  const Service *service = &services[0];
  g_autoptr(GError) error = NULL;
  g_autoptr(Signer) fresh = signer_new(g_getenv("ASSAY_PROGRAM"));
  g_autofree char *uri = uri_of(service, "p256"), *file = kms_write(&kms, "token", service->token);
  const KeyOptions options = {.token_file = file, .seconds = 5};
  g_autoptr(Key) key = signer_key(fresh, uri, &options, NULL, &error);
  g_assert_no_error(error);
  g_autofree char *mode = kms_write(&kms, "mode", "retry-after");
  int64_t before = g_get_monotonic_time();
  g_autoptr(GBytes) signature =
      key_sign(key, ALGORITHM_ECDSA_SHA256, SLICE_LITERAL("x"), NULL, &error);
  g_assert_no_error(error);
  g_assert_nonnull(signature);
  g_assert_cmpint(g_get_monotonic_time() - before, >, 900 * 1000);
}

#define SECONDS 3
typedef struct {
  Signer *signer;
  char *uri, *file;
  Cancellable *cancellable;
} Asking;

static gpointer
ask_in_vain(gpointer data)
{
  const Asking *asking = data;
  g_autoptr(GError) error = NULL;
  const KeyOptions options = {.token_file = asking->file, .seconds = SECONDS};
  g_autoptr(GBytes) signature =
      signer_sign(asking->signer, asking->uri, &options, ALGORITHM_ECDSA_SHA256, SLICE_LITERAL("x"),
                  asking->cancellable, &error);
  g_assert_null(signature);
  return GINT_TO_POINTER(error->code);
}

static pid_t
find_process(void)
{
  g_autofree char *path = g_strdup_printf("/proc/self/task/%d/children", getpid());
  g_autofree char *children = NULL;
  g_assert_true(g_file_get_contents(path, &children, NULL, NULL));
  g_auto(GStrv) all = g_strsplit(g_strstrip(children), " ", -1);
  return (pid_t)g_ascii_strtoll(all[g_strv_length(all) - 1], NULL, 10);
}

/* More requests than a key has threads wait for a service that gives no answer: another key signs
 * meanwhile, all of them end in their time, or when they are cancelled, and the process stays. */
static void
test_hangs_alone(void)
{
  const Service *service = &services[0];
  g_autoptr(GError) error = NULL;
  g_autoptr(Signer) fresh = signer_new(g_getenv("ASSAY_PROGRAM"));
  g_autofree char *mode = kms_write(&kms, "mode", "hangs");
  g_autofree char *uri = uri_of(service, "p256"), *file = kms_write(&kms, "token", service->token);
  g_autofree char *other = g_strdup_printf("file:%s/p256.pem", kms.folder);
  g_autoptr(Cancellable) cancellable = cancellable_new();
  Asking asking = {fresh, uri, file, NULL}, hasty = {fresh, uri, file, cancellable};
  g_autoptr(Key) key = signer_key(fresh, other, NULL, NULL, &error);
  g_assert_no_error(error);
  pid_t process = find_process();
  int64_t before = g_get_monotonic_time();
  GThread *threads[40];
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("hangs", ask_in_vain, i == 0 ? &hasty : &asking);
  for (unsigned i = 0; i < 100; i++) {
    g_autoptr(GBytes) signature =
        key_sign(key, ALGORITHM_ECDSA_SHA256, SLICE_LITERAL("x"), NULL, &error);
    g_assert_no_error(error);
  }
  g_assert_cmpint(g_get_monotonic_time() - before, <, SECONDS * G_USEC_PER_SEC);
  cancellable_cancel(cancellable);
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(threads[i])), ==,
                    i == 0 ? ASSAY_ERROR_CANCELLED : ASSAY_ERROR_TIMEOUT);
  g_assert_cmpint(g_get_monotonic_time() - before, <, (SECONDS + 2) * G_USEC_PER_SEC);
  g_assert_cmpint(find_process(), ==, process);
  g_unlink(mode);
}

static void
test_vault_makes(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *uri = uri_of(&services[0], "new"), *file = kms_write(&kms, "token", BEARER);
  const KeyOptions options = {.token_file = file};
  g_assert_true(signer_make(signer, uri, "ecdsa-p256", &options, NULL, &error));
  g_assert_no_error(error);
  g_assert_false(signer_make(signer, uri, "ecdsa-p256", &options, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_EXISTS);
  check_signs(&services[0], "new", ALGORITHM_ES256);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  kms = kms_start();
  signer = signer_new(g_getenv("ASSAY_PROGRAM"));
  g_test_add_func("/services/examples/aws", test_aws_example);
  g_test_add_func("/services/examples/tencent", test_tencent_example);
  g_test_add_func("/services/examples/alibaba", test_alibaba_example);
  for (size_t i = 0; i < G_N_ELEMENTS(services); i++) {
    g_autofree char *signs = g_strdup_printf("/services/signs/%s", services[i].kind);
    g_autofree char *errs = g_strdup_printf("/services/errs/%s", services[i].kind);
    g_autofree char *refused = g_strdup_printf("/services/refused/%s", services[i].kind);
    g_test_add_data_func(signs, &services[i], test_signs);
    g_test_add_data_func(errs, &services[i], test_errs);
    g_test_add_data_func(refused, &services[i], test_refused);
  }
  g_test_add_func("/services/uris", test_uris);
  g_test_add_func("/services/waits", test_waits);
  g_test_add_func("/services/hangs-alone", test_hangs_alone);
  g_test_add_func("/services/vault-makes", test_vault_makes);
  int status = g_test_run();
  signer_free(signer);
  kms_stop(&kms);
  return status;
}
