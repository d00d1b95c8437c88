/* Credentials that last: each source against a server that checks its requests as their vendor
 * documents them, what is kept and got anew, and what is said when a source errs. */
#include "base/error.h"
#include "kms.h"
#include "sign/signer.h"

static Kms kms;

#define IDENTITY "eyJ.of-another.issuer\n"

/* In what stands below, %s is the server, and %d the folder. */
typedef struct {
  const char *name, *uri;
  const char *file;           /* what is in the token's file; or NULL */
  const char *environment[6]; /* NAME=VALUE */
  bool token;                 /* what is given is a token, and not a session */
} Source;

#define AWS     "aws-kms://eu-west-1/p256?endpoint=%s"
#define ALIBABA "alibaba-kms://cn-hangzhou/p256?endpoint=%s"
#define TENCENT "tencent-kms://ap-guangzhou/p256?endpoint=%s"
#define GOOGLE                                                                                     \
  "gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/p256/cryptoKeyVersions/7?endpoint=%s"
#define AZURE "azure-kms://v.vault.azure.net/p256?endpoint=%s"
#define VAULT "vault://p256?endpoint=%s"

static const Source sources[] = {
    {"aws/metadata",
     AWS "&credentials=metadata",
     NULL,
     {"AWS_EC2_METADATA_SERVICE_ENDPOINT=%s"},
     false},
    {"aws/metadata-role",
     AWS "&credentials=metadata&role=signing-role",
     NULL,
     {"AWS_EC2_METADATA_SERVICE_ENDPOINT=%s/"},
     false},
    {"aws/container",
     AWS "&credentials=container",
     NULL,
     {"AWS_CONTAINER_CREDENTIALS_FULL_URI=%s/container/credentials?id=1",
      "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=%d/pod"},
     false},
    {"aws/web-identity",
     AWS "&credentials=web-identity",
     NULL,
     {"AWS_ENDPOINT_URL_STS=%s", "AWS_ROLE_ARN=arn:aws:iam::1:role/r",
      "AWS_WEB_IDENTITY_TOKEN_FILE=%d/identity"},
     false},
    {"aws/web-identity-file",
     AWS "&credentials=web-identity&role=arn:aws:iam::1:role%2Fr",
     IDENTITY,
     {"AWS_ENDPOINT_URL_STS=%s"},
     false},
    {"alibaba/metadata",
     ALIBABA "&credentials=metadata",
     NULL,
     {"ALIBABA_CLOUD_METADATA_ENDPOINT=%s"},
     false},
    {"alibaba/web-identity",
     ALIBABA "&credentials=web-identity",
     NULL,
     {"ALIBABA_CLOUD_STS_ENDPOINT=%s", "ALIBABA_CLOUD_ROLE_ARN=acs:ram::1:role/r",
      "ALIBABA_CLOUD_OIDC_PROVIDER_ARN=acs:ram::1:oidc-provider/p",
      "ALIBABA_CLOUD_OIDC_TOKEN_FILE=%d/identity"},
     false},
    {"tencent/metadata",
     TENCENT "&credentials=metadata",
     NULL,
     {"TENCENTCLOUD_METADATA_ENDPOINT=%s"},
     false},
    {"google/metadata", GOOGLE "&credentials=metadata", NULL, {"GCE_METADATA_HOST=%h"}, true},
    {"google/account", GOOGLE, NULL, {"GOOGLE_APPLICATION_CREDENTIALS=%d/account"}, true},
    {"azure/metadata",
     AZURE "&credentials=metadata",
     NULL,
     {"AZURE_POD_IDENTITY_AUTHORITY_HOST=%s"},
     true},
    {"azure/metadata-client",
     AZURE "&credentials=metadata&client=c-1",
     NULL,
     {"AZURE_POD_IDENTITY_AUTHORITY_HOST=%s"},
     true},
    {"azure/client",
     AZURE "&credentials=client",
     NULL,
     {"AZURE_AUTHORITY_HOST=%s/", "AZURE_TENANT_ID=tenant-1", "AZURE_CLIENT_ID=c-1",
      "AZURE_CLIENT_SECRET=secret & more"},
     true},
    {"azure/client-file",
     AZURE "&credentials=client&profile=signing",
     "[signing]\ntenant_id=tenant-1\nclient_id=c-1\nclient_secret=secret & more\n",
     {"AZURE_AUTHORITY_HOST=%s"},
     true},
    {"azure/web-identity",
     AZURE "&credentials=web-identity",
     NULL,
     {"AZURE_AUTHORITY_HOST=%s", "AZURE_TENANT_ID=tenant-1", "AZURE_CLIENT_ID=c-1",
      "AZURE_FEDERATED_TOKEN_FILE=%d/identity"},
     true},
    {"vault/approle",
     VAULT "&credentials=approle",
     NULL,
     {"VAULT_ROLE_ID=role-1", "VAULT_SECRET_ID=secret-1"},
     true},
    {"vault/approle-file",
     VAULT "&credentials=approle",
     "[default]\nrole_id=role-1\nsecret_id=secret-1\n",
     {NULL},
     true},
    {"vault/kubernetes",
     VAULT "&credentials=kubernetes&role=signer&login=cluster/kubernetes",
     IDENTITY,
     {NULL},
     true},
};

/* (transfer full) */
static char *
fill(const char *text)
{
  GString *out = g_string_new(text);
  g_string_replace(out, "%s", kms.endpoint, 0);
  g_string_replace(out, "%h", kms.endpoint + strlen("http://"), 0);
  g_string_replace(out, "%d", kms.folder, 0);
  return g_string_free(out, FALSE);
}

/* A process that signs, whose environment has what the source needs. (transfer full) */
static Signer *
start(const Source *source)
{
  Signer *signer = signer_new(g_getenv("ASSAY_PROGRAM"));
  for (size_t i = 0; i < G_N_ELEMENTS(source->environment); i++) {
    if (source->environment[i] == NULL)
      continue;
    g_autofree char *pair = fill(source->environment[i]);
    char *value = strchr(pair, '=');
    *value = '\0';
    g_setenv(pair, value + 1, TRUE);
  }
  return signer;
}

static void
end(const Source *source, Signer *signer)
{
  signer_free(signer);
  for (size_t i = 0; i < G_N_ELEMENTS(source->environment); i++) {
    const char *pair = source->environment[i];
    g_autofree char *name = pair == NULL ? NULL : g_strndup(pair, strcspn(pair, "="));
    if (name != NULL)
      g_unsetenv(name);
  }
}

static void
forget(const char *name)
{
  g_autofree char *path = g_build_filename(kms.folder, name, NULL);
  g_unlink(path);
}

static unsigned
given(void)
{
  g_autofree char *path = g_build_filename(kms.folder, "given", NULL), *text = NULL;
  gsize count = 0;
  g_file_get_contents(path, &text, &count, NULL);
  return (unsigned)count;
}

static bool
sign_by(Signer *signer, const Source *source, GError **error)
{
  g_autofree char *uri = fill(source->uri);
  g_autofree char *file = source->file == NULL ? NULL : kms_write(&kms, "file", source->file);
  const KeyOptions options = {.token_file = file, .seconds = 4};
  g_autoptr(GBytes) signature =
      signer_sign(signer, uri, &options, ALGORITHM_ECDSA_SHA256, SLICE_LITERAL("x"), NULL, error);
  return signature != NULL;
}

static gpointer
sign_in_thread(gpointer data)
{
  void *const *both = data;
  g_autoptr(GError) error = NULL;
  sign_by(both[0], both[1], &error);
  g_assert_no_error(error);
  return NULL;
}

/* What is given is got once for all threads, kept, and got anew once it is refused. */
static void
test_source(gconstpointer data)
{
  const Source *source = data;
  g_autoptr(GError) error = NULL;
  forget("given");
  Signer *signer = start(source);
  void *both[] = {signer, (void *)(uintptr_t)source};
  GThread *threads[6];
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("sign", sign_in_thread, both);
  for (size_t i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
  g_assert_cmpuint(given(), ==, 1);
  g_usleep(G_USEC_PER_SEC + 100 * 1000);
  const char *name = source->token ? "token-now" : "session-now";
  g_autofree char *path = kms_write(&kms, name, "another");
  sign_by(signer, source, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(given(), ==, 2);
  forget(name);
  end(source, signer);
}

static void
check_errs(const Source *source, const char *mode, AssayErrorCode code)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = kms_write(&kms, "credentials-mode", mode);
  Signer *signer = start(source);
  g_assert_false(sign_by(signer, source, &error));
  if (!g_error_matches(error, ASSAY_ERROR, (int)code))
    g_error("%s, %s: %s", source->name, mode, error->message);
  g_assert_null(strstr(error->message, "wJalrXUtnFEMI"));
  end(source, signer);
  forget("credentials-mode");
}

/* What lasts longer than there are moments serves as any other does. */
static void
check_endless(const Source *source)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *path = kms_write(&kms, "credentials-mode", "endless");
  Signer *signer = start(source);
  if (!sign_by(signer, source, &error))
    g_error("%s: %s", source->name, error->message);
  end(source, signer);
  forget("credentials-mode");
}

static void
test_errs(gconstpointer data)
{
  const Source *source = data;
  check_endless(source);
  check_errs(source, "throttled", ASSAY_ERROR_BUSY);
  check_errs(source, "nothing", ASSAY_ERROR_NETWORK);
  check_errs(source, "garbage", ASSAY_ERROR_NETWORK);
  if (!source->token)
    check_errs(source, "ended", ASSAY_ERROR_DENIED);
}

/* Each wish that is not granted: what is shown is another's, or there is nothing to show. */
static void
test_refused(void)
{
  static const Source refused[] = {
      {"account", GOOGLE, "{\"type\":\"authorized_user\"}", {NULL}, true},
      {"account-key",
       GOOGLE,
       "{\"type\":\"service_account\",\"client_email\":\"a@b\",\"private_key\":\"none\"}",
       {NULL},
       true},
      {"client",
       AZURE "&credentials=client",
       NULL,
       {"AZURE_AUTHORITY_HOST=%s", "AZURE_TENANT_ID=tenant-1", "AZURE_CLIENT_ID=c-1",
        "AZURE_CLIENT_SECRET=wrong"},
       true},
      {"client-none", AZURE "&credentials=client", NULL, {NULL}, true},
      {"identity",
       AWS "&credentials=web-identity&role=arn:aws:iam::1:role%2Fr",
       "another\n",
       {"AWS_ENDPOINT_URL_STS=%s"},
       false},
      {"role", AWS "&credentials=web-identity", IDENTITY, {"AWS_ENDPOINT_URL_STS=%s"}, false},
      {"container",
       AWS "&credentials=container",
       NULL,
       {"AWS_CONTAINER_CREDENTIALS_FULL_URI=%s/container/credentials?id=1",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN=wrong"},
       false},
      {"kubernetes", VAULT "&credentials=kubernetes&role=other", IDENTITY, {NULL}, true},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autoptr(GError) error = NULL;
    Signer *signer = start(&refused[i]);
    g_assert_false(sign_by(signer, &refused[i], &error));
    if (!g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_DENIED))
      g_error("%s: %s", refused[i].name, error->message);
    end(&refused[i], signer);
  }
}

/* No address of others is asked for credentials. */
static void
test_addresses(void)
{
  static const char *const addresses[] = {"http://example.com/",
                                          "http://169.254.169.254/latest",
                                          "http://169.254.170.2@example.com/",
                                          "/relative",
                                          "http://169.254.170.23.example.com/",
                                          "http://127.0.0.1.example.com/",
                                          "http://localhost.example.com:80/",
                                          "ftp://127.0.0.1/"};
  for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *pair = g_strdup_printf("AWS_CONTAINER_CREDENTIALS_FULL_URI=%s", addresses[i]);
    const Source source = {"container", AWS "&credentials=container", NULL, {pair}, false};
    Signer *signer = start(&source);
    g_assert_false(sign_by(signer, &source, &error));
    if (!g_error_matches(error, ASSAY_ERROR, ASSAY_ERROR_INVALID))
      g_error("%s: %s", addresses[i], error->message);
    end(&source, signer);
  }
}

/* The section of a file of AWS's tools. */
static void
test_profile(void)
{
  static const Source source = {"profile",
                                AWS "&credentials=profile",
                                NULL,
                                {"AWS_SHARED_CREDENTIALS_FILE=%d/profiles", "AWS_PROFILE=signing"},
                                false};
  g_autoptr(GError) error = NULL;
  g_autofree char *file =
      kms_write(&kms, "profiles",
                "[default]\naws_access_key_id = other\naws_secret_access_key = other\n[signing]\n"
                "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = "
                "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\naws_session_token = session+token\n");
  Signer *signer = start(&source);
  sign_by(signer, &source, &error);
  g_assert_no_error(error);
  end(&source, signer);
}

static void
write_account(void)
{
  g_autofree char *pem_file = g_build_filename(kms.folder, "rsa.pem", NULL), *pem = NULL;
  g_assert_true(g_file_get_contents(pem_file, &pem, NULL, NULL));
  g_auto(GStrv) lines = g_strsplit(pem, "\n", -1);
  g_autofree char *escaped = g_strjoinv("\\n", lines);
  g_autofree char *account = g_strdup_printf(
      "{\"type\": \"service_account\", \"project_id\": \"p\", \"private_key_id\": \"kid-1\",\n"
      " \"private_key\": \"%s\", \"client_email\": \"signer@p.iam.gserviceaccount.com\",\n"
      " \"token_uri\": \"%s/google/token\"}\n",
      escaped, kms.endpoint);
  g_autofree char *path = kms_write(&kms, "account", account);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  kms = kms_start();
  g_autofree char *identity = kms_write(&kms, "identity", IDENTITY);
  g_autofree char *pod = kms_write(&kms, "pod", "Bearer-of-the-pod\n");
  write_account();
  for (size_t i = 0; i < G_N_ELEMENTS(sources); i++) {
    g_autofree char *lasts = g_strdup_printf("/credentials/lasts/%s", sources[i].name);
    g_autofree char *errs = g_strdup_printf("/credentials/errs/%s", sources[i].name);
    g_test_add_data_func(lasts, &sources[i], test_source);
    g_test_add_data_func(errs, &sources[i], test_errs);
  }
  g_test_add_func("/credentials/profile", test_profile);
  g_test_add_func("/credentials/refused", test_refused);
  g_test_add_func("/credentials/addresses", test_addresses);
  int status = g_test_run();
  kms_stop(&kms);
  return status;
}
