/* Signed tokens: the examples of RFC 7515 (appendix A) and RFC 8037 (appendix A.4), and what must
 * be refused. */
#include "access/keys/jwt.h"
#include "base/error.h"
#include "sign/keys/jwks.h"
#include "text/base64url.h"

#include <string.h>

/* RFC 7515, A.2 to A.5. */
#define JOE                                                                                        \
  "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
static const char rsa_token[] =
    "eyJhbGciOiJSUzI1NiJ9." JOE ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
    "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
    "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"
    "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
    "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB"
    "p0igcN_IoypGlUPQGe77Rw";
static const char rsa_jwk[] =
    "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-"
    "Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_"
    "7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qC"
    "o5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpo"
    "Q\",\"e\":\"AQAB\"}";
static const char ec_token[] =
    "eyJhbGciOiJFUzI1NiJ9." JOE ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
    "pmWQxfKTUJqPP3-Kg6NU1Q";
static const char ec_jwk[] = "{\"kty\":\"EC\",\"crv\":\"P-256\","
                             "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                             "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}";
static const char hmac_token[] =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
static const char none_token[] = "eyJhbGciOiJub25lIn0." JOE ".";
/* RFC 8037, A.2 and A.4. */
static const char ed_token[] =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
static const char ed_jwk[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                             "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";

static PublicKey *
key_of(const char *text)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(json_t) jwk = json_parse(slice_from_string(text), &error);
  PublicKey *key = jwk_read(jwk, &error);
  g_assert_no_error(error);
  return key;
}

static Jwt *
token_of(const char *text)
{
  g_autoptr(GError) error = NULL;
  Jwt *jwt = jwt_parse(slice_from_string(text), &error);
  g_assert_no_error(error);
  return jwt;
}

/* Each token is by its own key, and by no other. */
static void
test_examples(void)
{
  const char *tokens[] = {rsa_token, ec_token, ed_token}, *jwks[] = {rsa_jwk, ec_jwk, ed_jwk};
  for (size_t i = 0; i < G_N_ELEMENTS(tokens); i++) {
    g_autoptr(Jwt) jwt = token_of(tokens[i]);
    for (size_t j = 0; j < G_N_ELEMENTS(jwks); j++) {
      g_autoptr(PublicKey) key = key_of(jwks[j]);
      if (jwt_is_by(jwt, key) != (i == j))
        g_error("token %zu by key %zu", i, j);
    }
  }
  g_autoptr(PublicKey) key = key_of(ec_jwk);
  g_autoptr(json_t) back = jwk_write(key);
  g_assert_cmpstr(json_get_string(back, "x"), ==, "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
  g_assert_cmpstr(json_get_string(back, "y"), ==, "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
}

/* Any letter of it that is changed. */
static void
test_changed(void)
{
  const char *tokens[] = {ec_token, ed_token}, *jwks[] = {ec_jwk, ed_jwk};
  for (size_t i = 0; i < G_N_ELEMENTS(tokens); i++) {
    g_autoptr(PublicKey) key = key_of(jwks[i]);
    for (size_t at = 0; at < strlen(tokens[i]); at++) {
      g_autofree char *changed = g_strdup(tokens[i]);
      changed[at] = changed[at] == 'A' ? 'B' : 'A';
      g_autoptr(Jwt) jwt = jwt_parse(slice_from_string(changed), NULL);
      if (jwt != NULL && jwt_is_by(jwt, key))
        g_error("token %zu, changed at %zu, is still good", i, at);
    }
  }
}

static const struct {
  const char *name, *header, *payload, *signature;
} refused[] = {
    {"alg: none", "{\"alg\":\"none\"}", "{}", "x"},
    {"alg: None", "{\"alg\":\"None\"}", "{}", "x"},
    {"alg: empty", "{\"alg\":\"\"}", "{}", "x"},
    {"alg: a number", "{\"alg\":5}", "{}", "x"},
    {"alg: twice", "{\"alg\":\"ES256\",\"alg\":\"none\"}", "{}", "x"},
    {"no alg", "{\"typ\":\"JWT\"}", "{}", "x"},
    {"HS256, of which the key would be ours", "{\"alg\":\"HS256\"}", "{}", "x"},
    {"ES512", "{\"alg\":\"ES512\"}", "{}", "x"},
    {"crit", "{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", "{}", "x"},
    {"b64", "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}", "{}", "x"},
    {"a header that is a list", "[\"ES256\"]", "{}", "x"},
    {"a header that is no JSON", "{\"alg\":", "{}", "x"},
};

static void
test_refused(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
    g_autofree char *header = base64url_encode(slice_from_string(refused[i].header));
    g_autofree char *payload = base64url_encode(slice_from_string(refused[i].payload));
    g_autofree char *signature = base64url_encode(slice_from_string(refused[i].signature));
    g_autofree char *text = g_strjoin(".", header, payload, signature, NULL);
    g_autoptr(Jwt) jwt = jwt_parse(slice_from_string(text), NULL);
    if (jwt != NULL)
      g_error("taken: %s", refused[i].name);
  }
  const char *texts[] = {hmac_token,
                         none_token,
                         "",
                         ".",
                         "..",
                         "a.b",
                         "a.b.c.d",
                         "eyJhbGciOiJFUzI1NiJ9.e30.AA==",
                         "eyJhbGciOiJFUzI1NiJ9.e30.A",
                         "eyJhbGciOiJFUzI1NiJ9.e30.AB",
                         "eyJhbGciOiJFUzI1NiJ9.e3 0.AA"};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autoptr(Jwt) jwt = jwt_parse(slice_from_string(texts[i]), NULL);
    if (jwt != NULL)
      g_error("taken: %s", texts[i]);
  }
}

static const struct {
  const char *name, *jwk;
} bad_keys[] = {
    {"symmetric", "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ\"}"},
    {"a point that is not on the curve",
     "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
     "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}"},
    {"another curve", "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}"},
    {"a short RSA key",
     "{\"kty\":\"RSA\",\"n\":\"sXchDaQebHnPiGvyDOAT4saGEUetSyo9\",\"e\":\"AQAB\"}"},
    {"for encryption", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":\"enc\","
                       "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"},
    {"a number that is too long", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}"},
};

static void
test_bad_keys(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(bad_keys); i++) {
    g_autoptr(json_t) jwk = json_parse(slice_from_string(bad_keys[i].jwk), NULL);
    g_autoptr(PublicKey) key = jwk_read(jwk, NULL);
    if (key != NULL)
      g_error("taken: %s", bad_keys[i].name);
  }
  /* A key for one algorithm is not for another of the same type. */
  g_autofree char *bound = g_strdup_printf("{\"alg\":\"PS256\",%s", rsa_jwk + 1);
  g_autoptr(PublicKey) key = key_of(bound);
  g_autoptr(Jwt) jwt = token_of(rsa_token);
  g_assert_false(jwt_is_by(jwt, key));
}

/* By name where the token names one; a set is read as far as it is of use. */
static void
test_sets(void)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *text =
      g_strdup_printf("{\"keys\":[{\"kid\":\"rsa\",%s,{\"kid\":\"ec\",%s,{\"kty\":\"oct\",\"k\":"
                      "\"AA\"},7,{\"d\":\"AA\",%s]}",
                      rsa_jwk + 1, ec_jwk + 1, ed_jwk + 1);
  g_autoptr(GPtrArray) keys = jwks_read(slice_from_string(text), &error);
  g_assert_no_error(error);
  g_assert_cmpuint(keys->len, ==, 2);
  g_autoptr(Jwt) jwt = token_of(ec_token);
  g_autoptr(json_t) claims = jwt_claims(jwt, keys, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(json_get_string(claims, "iss"), ==, "joe");
  jwt->kid = g_strdup("rsa");
  g_assert_null(jwt_claims(jwt, keys, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_DENIED);
  g_clear_error(&error);
  g_free(jwt->kid);
  jwt->kid = g_strdup("other");
  g_assert_null(jwt_claims(jwt, keys, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  g_autoptr(json_t) written = jwks_write(keys);
  g_assert_cmpuint(json_array_size(json_get_array(written, "keys")), ==, 1);
}

static const struct {
  const char *claims;
  bool good;
} times[] = {
    {"{\"exp\":1000}", true},
    {"{\"exp\":1000.5,\"nbf\":900,\"iat\":900}", true},
    {"{\"exp\":941}", true},
    {"{\"exp\":940}", false},
    {"{\"exp\":1}", false},
    {"{}", false},
    {"{\"exp\":\"1000\"}", false},
    {"{\"exp\":null}", false},
    {"{\"exp\":2000,\"nbf\":1060}", true},
    {"{\"exp\":2000,\"nbf\":1061}", false},
    {"{\"exp\":2000,\"iat\":1061}", false},
    {"{\"exp\":2000,\"iat\":\"x\"}", false},
};
static const struct {
  const char *claims;
  bool good;
} audiences[] = {
    {"{\"aud\":\"assay\"}", true},  {"{\"aud\":[\"x\",\"assay\"]}", true},
    {"{\"aud\":\"Assay\"}", false}, {"{\"aud\":\"assay2\"}", false},
    {"{\"aud\":[]}", false},        {"{}", false},
    {"{\"aud\":[5,null]}", false},  {"{\"aud\":{\"assay\":1}}", false},
};

static void
test_claims(void)
{
  for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
    g_autoptr(json_t) claims = json_parse(slice_from_string(times[i].claims), NULL);
    if (jwt_check_times(claims, 1000, NULL) != times[i].good)
      g_error("at 1000: %s", times[i].claims);
  }
  for (size_t i = 0; i < G_N_ELEMENTS(audiences); i++) {
    g_autoptr(json_t) claims = json_parse(slice_from_string(audiences[i].claims), NULL);
    if (jwt_is_for(claims, "assay") != audiences[i].good)
      g_error("for assay: %s", audiences[i].claims);
  }
}

/* 0 would be "never". */
static void
test_ends(void)
{
  const struct {
    const char *claims;
    int64_t ends;
  } cases[] = {{"{\"exp\": 1800000000}", 1800000000000000},
               {"{\"exp\": 1800000000.5}", 1800000000500000},
               {"{\"exp\": 9000000000000000000}", 253402300799000000},
               {"{\"exp\": 1e300}", 253402300799000000}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(json_t) claims = json_parse(slice_from_string(cases[i].claims), NULL);
    g_assert_cmpint(jwt_ends(claims), ==, cases[i].ends);
  }
}

static void
test_base64url(void)
{
  const char *texts[] = {"", "-_8", "AA", "AAA", "AAAA", "_-_-"};
  for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
    g_autoptr(GBytes) bytes = base64url_decode(slice_from_string(texts[i]));
    g_assert_nonnull(bytes);
    g_autofree char *back = base64url_encode(slice_from_bytes(bytes));
    g_assert_cmpstr(back, ==, texts[i]);
  }
  const char *bad[] = {"A", "AB", "AAAAA", "AA==", "A+", "A/", "AA\n", " AA"};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
    if (base64url_decode(slice_from_string(bad[i])) != NULL)
      g_error("taken: %s", bad[i]);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/jwt/examples", test_examples);
  g_test_add_func("/jwt/changed", test_changed);
  g_test_add_func("/jwt/refused", test_refused);
  g_test_add_func("/jwt/bad-keys", test_bad_keys);
  g_test_add_func("/jwt/sets", test_sets);
  g_test_add_func("/jwt/claims", test_claims);
  g_test_add_func("/jwt/ends", test_ends);
  g_test_add_func("/jwt/base64url", test_base64url);
  return g_test_run();
}
