/* The rules for secrets: each kind is found as its issuer writes it, and is not where a character
 * is missing or a person wrote a placeholder. The values are made here, of random numbers. */
#include <string.h>
#include <zlib.h>

#include "inspect/secrets/mask.h"
#include "inspect/secrets/scan.h"
#include "secret-cases.h"

#define SEED 20261127u

/* Rules that a test here has seen find something. */
static GHashTable *seen;

static void
add_found(const FoundSecret *secret, void *data)
{
  g_hash_table_add(seen, g_strdup(secret->rule->id));
  g_string_append_printf(data, "%s:%u ", secret->rule->id, secret->line);
}

static char *
scan_as(const char *text, size_t size, SecretContext context)
{
  GString *found = g_string_new(NULL);
  SecretScan *scan = secret_scan_new(secret_engine_default(), context, add_found, found);
  secret_scan_add(scan, slice_new(text, size));
  g_assert_true(secret_scan_finish(scan));
  return g_string_free(found, FALSE);
}

static char *
scan(const char *text)
{
  return scan_as(text, strlen(text), SECRET_CONTEXT_OWN);
}

static void
expect(const char *text, const char *expected)
{
  g_autofree char *found = scan(text);
  if (strcmp(found, expected) != 0)
    g_error("%s\nfound: %s\nexpected: %s", text, found, expected);
}

static const SecretRule *
rule_of(const char *id)
{
  for (unsigned i = 0; i < secret_engine_count(secret_engine_default()); i++)
    if (strcmp(secret_engine_rule(secret_engine_default(), i)->id, id) == 0)
      return secret_engine_rule(secret_engine_default(), i);
  g_error("there is no rule %s", id);
}

/* --- each kind --- */

static void
test_found(void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autoptr(GString) wrong = g_string_new(NULL);
  for (const SecretCase *each = secret_cases; each->rule != NULL; each++) {
    g_autofree char *value = secret_case_text(random, each->form, 0);
    g_autofree char *text = g_strdup_printf("# a file\n\n%s\nend\n", value);
    g_autofree char *found = scan(text);
    g_autofree char *wanted = g_strdup_printf("%s:", each->rule);
    if (!g_str_has_prefix(found, wanted) || strchr(found, ' ')[1] != '\0')
      g_string_append_printf(wrong, "\n%s: %s: found %s", each->rule, value, found);
  }
  if (wrong->len > 0)
    g_error("not found, or found as something else:%s", wrong->str);
}

static void
test_near(void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autoptr(GString) wrong = g_string_new(NULL);
  for (const SecretCase *each = secret_cases; each->rule != NULL; each++) {
    bool chosen = (rule_of(each->rule)->flags & (SECRET_RULE_PHRASE | SECRET_RULE_GENERIC)) != 0;
    g_autofree char *value =
        secret_case_text(random, each->form, chosen ? SECRET_CASE_PLACEHOLDER : 1);
    g_autofree char *text = g_strdup_printf("# a file\n\n%s\nend\n", value);
    g_autofree char *found = scan(text);
    g_autofree char *wanted = g_strdup_printf("%s:", each->rule);
    if (strstr(found, wanted) != NULL)
      g_string_append_printf(wrong, "\n%s: %s", each->rule, value);
  }
  if (wrong->len > 0)
    g_error("found, and is none:%s", wrong->str);
}

/* --- what only looks like one --- */

/* As commands, manuals and programs write what is no password. */
static void
test_none(void)
{
  static const char *const texts[] = {
      "app --password PASSWORD --token TOKEN",
      "app --password=${DB_PASSWORD} --token $(cat /run/token1)",
      "docker login -u ci --password-stdin registry",
      "docker login -u ci -p $TOKEN1 registry",
      "docker build --secret id=npmrc,src=$HOME/.npmrc .",
      "RUN --mount=type=secret,id=npm1rc npm ci",
      "app --token-file=/run/secrets/t0ken --password-file /run/p4ss",
      "app --password /run/secrets/passw0rd1",
      "app --api-key <api_key1> --secret changeme",
      "parser.add_argument('--password', '-p2', help='the passw0rd')",
      "app --password\n    sets the password1",
      "mysql -h db -P3306 -u root -p shop",
      "mysql -uroot -proot",
      "mysql -p$MYSQL_PASSWORD",
      "<password>changeme</password>",
      "<password>${db.password}</password>",
      "<resetPasswordUrl>https://h/reset1</resetPasswordUrl>",
      "define('DB_PASSWORD', getenv('DB_PASSWORD'));",
      "define('DB_PASS', 'password');",
      "https://h.internal/login?user=a&password=",
      "https://h.internal/login?password={password}&token=",
      "api_key: ${API_KEY}",
      "api_key: settings.services.api_key",
      "token: kubernetes.io/service-account",
      "token = tokenizer.next_token2(stream)",
      "API_KEY=changeme",
      "TOKEN=/run/secrets/token0",
  };
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
    expect(texts[i], "");
}

/* --- structures --- */

static char *
pem(const char *kind, const char *head, const char *base64)
{
  GString *text = g_string_new(NULL);
  g_string_printf(text, "-----%s %sPRIVATE KEY-----\n%s", "BEGIN", kind, head);
  for (size_t at = 0; at < strlen(base64); at += 64)
    g_string_append_printf(text, "%.64s\n", base64 + at);
  g_string_append_printf(text, "-----END %sPRIVATE KEY-----\n", kind);
  return g_string_free(text, FALSE);
}

static void
test_keys(void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *key = secret_case_key(random, 1200, FALSE);
  g_autofree char *locked = secret_case_key(random, 1300, TRUE);
  g_autofree char *rsa = pem("RSA ", "", key);
  g_autofree char *pkcs8 = pem("", "", key);
  g_autofree char *old = pem("RSA ", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0011\n\n", key);
  g_autofree char *encrypted = pem("ENCRYPTED ", "", locked);
  g_autofree char *words =
      pem("", "", "MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQC7base64here");
  expect(rsa, "private-key:1 ");
  expect(pkcs8, "private-key:1 ");
  expect(old, "encrypted-private-key:1 ");
  expect(encrypted, "encrypted-private-key:1 ");
  expect(words, "");
  rsa[700] = '!';
  expect(rsa, "");
  /* As JSON and code write it. */
  g_auto(GStrv) lines = g_strsplit(pkcs8, "\n", -1);
  g_autofree char *joined = g_strjoinv("\\n", lines);
  g_autofree char *account = g_strdup_printf("{\n \"private_key\": \"%s\"\n}", joined);
  expect(account, "gcp-service-account-key:2 ");
  g_autofree char *in_code = g_strdup_printf("key = '%s'", joined);
  expect(in_code, "private-key:1 ");
  g_autofree char *bare = g_strdup_printf("app_private_key=%s\n", key);
  expect(bare, "der-private-key:1 ");
  g_autofree char *base64 = g_base64_encode((const guchar *)pkcs8, strlen(pkcs8));
  g_autofree char *config = g_strdup_printf("users:\n- user:\n    client-key-data: %s\n", base64);
  expect(config, "kubeconfig-client-key:3 ");
}

static void
test_other_keys(void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *body = secret_case_key(random, 900, FALSE);
  g_autofree char *pgp =
      g_strdup_printf("-----%s PGP PRIVATE KEY BLOCK-----\n\n%s\n-----END PGP PRIVATE "
                      "KEY BLOCK-----\n",
                      "BEGIN", body);
  expect(pgp, "pgp-private-key:1 ");
  g_autofree char *ssh2 =
      g_strdup_printf("---- %s SSH2 ENCRYPTED PRIVATE KEY ----\n%s\n---- END SSH2 "
                      "ENCRYPTED PRIVATE KEY ----\n",
                      "BEGIN", body);
  expect(ssh2, "ssh2-private-key:1 ");
  g_autofree char *putty =
      g_strdup_printf("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: %s\nPrivate-Lines: "
                      "1\n%s\nPrivate-MAC: 00\n",
                      "none", body);
  expect(putty, "putty-private-key:1 ");
  g_autofree char *locked =
      g_strdup_printf("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: %s\nPrivate-Lines: "
                      "1\n%s\nPrivate-MAC: 00\n",
                      "aes256-cbc", body);
  expect(locked, "");
}

static char *
encoded(const char *text)
{
  char *base64 = g_base64_encode((const guchar *)text, strlen(text));
  g_strdelimit(g_strdelimit(base64, "+", '-'), "/", '_');
  *strchrnul(base64, '=') = '\0';
  return base64;
}

static char *
jwt(const char *head, const char *claims, GRand *random)
{
  g_autofree char *first = encoded(head);
  g_autofree char *second = encoded(claims);
  g_autofree char *signature = secret_case_text(random, "<b43>", 0);
  return g_strdup_printf("token %s.%s.%s\n", first, second, signature);
}

static void
test_tokens(void)
{
  static const char head[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *plain = jwt(head, "{\"sub\":\"u-42\",\"role\":\"service\"}", random);
  g_autofree char *pod = jwt(head, "{\"iss\":\"kubernetes/serviceaccount\",\"sub\":\"a\"}", random);
  g_autofree char *manual = jwt(head, "{\"sub\":\"1234567890\",\"name\":\"A B\"}", random);
  g_autofree char *no_head = jwt("{\"typ\":\"JWT\",\"kid\":\"1\"}", "{\"sub\":\"u-42\"}", random);
  expect(plain, "jwt:1 ");
  expect(pod, "kubernetes-service-account:1 ");
  expect(manual, "");
  expect(no_head, "");
  g_autofree char *bot = secret_case_text(random, "MTA4NjcxMjM0NTY3ODkwMTIz.<b6>.<b27>", 0);
  g_autofree char *no_bot = secret_case_text(random, "MT<L22>.<b6>.<b27>", 0);
  expect(bot, "discord-bot-token:1 ");
  expect(no_bot, "");
}

static void
test_logins(void)
{
  g_autofree char *login = g_base64_encode((const guchar *)"ci:S3cret-Horse", 15);
  g_autofree char *blank = g_base64_encode((const guchar *)"ci:changeme", 11);
  g_autofree char *docker = g_strdup_printf("{\"auths\": {\"r\": {\"auth\": \"%s\"}}}", login);
  g_autofree char *npm = g_strdup_printf("_auth=%s\n", login);
  g_autofree char *basic = g_strdup_printf("Authorization: Basic %s", login);
  g_autofree char *empty = g_strdup_printf("{\"auths\": {\"r\": {\"auth\": \"%s\"}}}", blank);
  expect(docker, "docker-config-auth:1 ");
  expect(npm, "npmrc-auth:1 ");
  expect(basic, "basic-authorization:1 ");
  expect(empty, "");
}

/* --- checksums --- */

static char *
with_checksum(GRand *random, const char *prefix)
{
  static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  g_autofree char *body = secret_case_text(random, "<A30>", 0);
  uLong left = crc32(0, (const Bytef *)body, 30);
  char end[7] = "";
  for (int i = 5; i >= 0; i--, left /= 62)
    end[i] = digits[left % 62];
  return g_strdup_printf("%s%s%s", prefix, body, end);
}

/* What a checksum proves counts everywhere, and what one disproves only in an own file. */
static void
test_checksums(void)
{
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  g_autofree char *right = with_checksum(random, "ghp_");
  g_autofree char *wrong = secret_case_text(random, "ghp_<A36>", 0);
  g_autofree char *proven = scan_as(right, strlen(right), SECRET_CONTEXT_MANUAL);
  g_autofree char *unproven = scan_as(wrong, strlen(wrong), SECRET_CONTEXT_MANUAL);
  g_autofree char *own = scan(wrong);
  g_assert_cmpstr(proven, ==, "github-pat:1 ");
  g_assert_cmpstr(unproven, ==, "");
  g_assert_cmpstr(own, ==, "github-pat:1 ");
}

/* Of the test vectors of age's own documentation of bech32: checksums of our own making. */
static void
test_age(void)
{
  static const char letters[] = "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
  static const guint32 generators[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  g_autoptr(GRand) random = g_rand_new_with_seed(SEED);
  static const char human[] = "age-secret-key-";
  guint8 values[128];
  gsize count = 0;
  for (gsize i = 0; i < strlen(human); i++)
    values[count++] = (guint8)human[i] >> 5;
  values[count++] = 0;
  for (gsize i = 0; i < strlen(human); i++)
    values[count++] = (guint8)human[i] & 31;
  gsize start = count;
  for (int i = 0; i < 52; i++)
    values[count++] = (guint8)g_rand_int_range(random, 0, 32);
  memset(values + count, 0, 6);
  guint32 sum = 1;
  for (gsize i = 0; i < count + 6; i++) {
    guint32 top = sum >> 25;
    sum = (sum & 0x1ffffff) << 5 ^ values[i];
    for (int bit = 0; bit < 5; bit++)
      sum ^= (top >> bit & 1) != 0 ? generators[bit] : 0;
  }
  for (int i = 0; i < 6; i++)
    values[count + (gsize)i] = (guint8)(((sum ^ 1) >> (5 * (5 - i))) & 31);
  g_autoptr(GString) key = g_string_new("AGE-SECRET-KEY-1");
  for (gsize i = start; i < count + 6; i++)
    g_string_append_c(key, letters[values[i]]);
  expect(key->str, "age-secret-key:1 ");
  key->str[30] = key->str[30] == 'Q' ? 'P' : 'Q';
  expect(key->str, "");
}

/* Each row of the rules was found by a test above. */
static void
test_all_seen(void)
{
  for (unsigned i = 0; i < secret_engine_count(secret_engine_default()); i++) {
    const SecretRule *rule = secret_engine_rule(secret_engine_default(), i);
    if (!g_hash_table_contains(seen, rule->id))
      g_error("no test finds the rule %s", rule->id);
  }
}

/* The guide has a row for each rule, and no other. */
static void
test_guide(void)
{
  g_autofree char *text = NULL;
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "docs", "secrets.md", NULL);
  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  unsigned rows = 0, count = secret_engine_count(secret_engine_default());
  for (const char *at = text; (at = strstr(at, "\n| `")) != NULL; at++)
    rows++;
  for (unsigned i = 0; i < count; i++) {
    const SecretRule *rule = secret_engine_rule(secret_engine_default(), i);
    g_autofree char *row = g_strdup_printf("\n| `%s` | %s | %s |\n", rule->id,
                                           severity_name(rule->severity), rule->title);
    if (strstr(text, row) == NULL)
      g_error("docs/secrets.md lacks this row:%s", row);
  }
  g_assert_cmpuint(rows, ==, count);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g_test_add_func("/secrets/found", test_found);
  g_test_add_func("/secrets/near", test_near);
  g_test_add_func("/secrets/none", test_none);
  g_test_add_func("/secrets/keys", test_keys);
  g_test_add_func("/secrets/other-keys", test_other_keys);
  g_test_add_func("/secrets/tokens", test_tokens);
  g_test_add_func("/secrets/logins", test_logins);
  g_test_add_func("/secrets/checksums", test_checksums);
  g_test_add_func("/secrets/age", test_age);
  g_test_add_func("/secrets/all-seen", test_all_seen);
  g_test_add_func("/secrets/guide", test_guide);
  int result = g_test_run();
  g_hash_table_unref(seen);
  return result;
}
