/* What is sealed, and the keys that sign tokens: made, turned over, read again. */
#include "access/keys/keys.h"
#include "access/schema.h"
#include "base/error.h"
#include "jobs/schema.h"
#include "sign/keys/jwks.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct {
  char *folder, *key_file;
  SqlPool *sql;
  Sealer *sealer;
} Place;

/* Settings own their texts. */
static char service[] = "assay";

#define DAY ((int64_t)24 * 60 * 60 * G_USEC_PER_SEC)

static const Schema *const schemas[] = {&jobs_schema, &access_schema, NULL};

static Place
place_new(void)
{
  g_autoptr(GError) error = NULL;
  Place place = {.folder = g_dir_make_tmp("assay-keys-XXXXXX", &error)};
  g_assert_no_error(error);
  place.key_file = g_build_filename(place.folder, "secrets.key", NULL);
  g_autofree char *url = g_strdup_printf("sqlite:%s/metadata.db", place.folder);
  place.sql = sql_pool_open(url, schemas, false, &error);
  g_assert_no_error(error);
  place.sealer = sealer_new(place.key_file, true, &error);
  g_assert_no_error(error);
  return place;
}

static void
place_clear(Place *place)
{
  sql_pool_close(place->sql);
  sealer_free(place->sealer);
  g_autofree char *command = g_strdup_printf("rm -r '%s'", place->folder);
  g_assert_cmpint(system(command), ==, 0);
  g_free(place->folder);
  g_free(place->key_file);
}

static void
test_sealed(void)
{
  g_autoptr(GError) error = NULL;
  Place place = place_new();
  struct stat status;
  g_assert_cmpint(stat(place.key_file, &status), ==, 0);
  g_assert_cmpint(status.st_mode & 0777, ==, 0600);

  g_autoptr(Sealer) same = sealer_new(place.key_file, true, &error);
  g_assert_no_error(error);
  g_autoptr(Sealer) other = sealer_new_for_now();
  g_autoptr(GBytes) sealed = sealer_seal(place.sealer, "totp:7", SLICE_LITERAL("secret"));
  g_autoptr(GBytes) clear = sealer_unseal(same, "totp:7", slice_from_bytes(sealed), &error);
  g_assert_no_error(error);
  g_assert_true(slice_equal_string(slice_from_bytes(clear), "secret"));
  g_assert_null(sealer_unseal(same, "totp:8", slice_from_bytes(sealed), NULL));
  g_assert_null(sealer_unseal(other, "totp:7", slice_from_bytes(sealed), &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH);
  for (size_t i = 0; i < g_bytes_get_size(sealed); i++) {
    g_autofree uint8_t *changed =
        g_memdup2(g_bytes_get_data(sealed, NULL), g_bytes_get_size(sealed));
    changed[i] ^= 1;
    g_assert_null(
        sealer_unseal(same, "totp:7", slice_new(changed, g_bytes_get_size(sealed)), NULL));
    g_assert_null(sealer_unseal(same, "totp:7", slice_new(changed, i), NULL));
  }
  place_clear(&place);
}

static void
test_key_files(void)
{
  static const struct {
    const char *text;
    int mode;
    AssayErrorCode code;
  } cases[] = {
      {"", 0600, ASSAY_ERROR_INVALID},
      {"assay-secrets-1 00", 0600, ASSAY_ERROR_INVALID},
      {"assay-secrets-2 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", 0600,
       ASSAY_ERROR_INVALID},
      {"assay-secrets-1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g\n", 0600,
       ASSAY_ERROR_INVALID},
      {"assay-secrets-1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", 0644,
       ASSAY_ERROR_DENIED},
  };
  Place place = place_new();
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(place.key_file, cases[i].text, -1, NULL));
    g_assert_cmpint(g_chmod(place.key_file, (mode_t)cases[i].mode), ==, 0);
    g_assert_null(sealer_new(place.key_file, true, &error));
    g_assert_error(error, ASSAY_ERROR, (int)cases[i].code);
  }
  g_autoptr(GError) error = NULL;
  g_assert_cmpint(g_unlink(place.key_file), ==, 0);
  g_assert_null(sealer_new(place.key_file, false, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  place_clear(&place);
}

static unsigned
count_of(TokenKeys *keys)
{
  g_autoptr(json_t) set = token_keys_jwks(keys);
  return (unsigned)json_array_size(json_get_array(set, "keys"));
}

static char *
kid_at(TokenKeys *keys, unsigned at)
{
  g_autoptr(json_t) set = token_keys_jwks(keys);
  return g_strdup(json_get_string(json_array_get(json_get_array(set, "keys"), at), "kid"));
}

static void
turn(TokenKeys *keys, int64_t now)
{
  g_autoptr(GError) error = NULL;
  token_keys_turn(keys, now, &error);
  g_assert_no_error(error);
}

static void
test_turning(void)
{
  g_autoptr(GError) error = NULL;
  Place place = place_new();
  const TokenSettings settings = {
      .service = service, .token_life = 300, .key_age = 90 * 24 * 60 * 60};
  g_autoptr(TokenKeys) keys = token_keys_new(place.sql, place.sealer, &settings, &error);
  g_assert_no_error(error);
  g_autofree char *first = kid_at(keys, 0);
  g_assert_cmpuint(strlen(first), ==, 12 * 5 - 1);
  int64_t now = g_get_real_time();
  turn(keys, now + 80 * DAY);
  g_assert_cmpuint(count_of(keys), ==, 1);
  /* A week before it signs the next is there, once. */
  turn(keys, now + 84 * DAY);
  turn(keys, now + 85 * DAY);
  g_assert_cmpuint(count_of(keys), ==, 2);
  g_autofree char *second = kid_at(keys, 1);
  /* It signs by the clock, so a token of today is by the first. */
  g_autoptr(json_t) claims = json_pack("{s:s}", "iss", "assay");
  g_autofree char *token = token_keys_sign(keys, claims, &error);
  g_assert_no_error(error);
  g_autoptr(Jwt) jwt = jwt_parse(slice_from_string(token), &error);
  g_assert_cmpstr(jwt->kid, ==, first);
  /* The first is published until its last token has ended. */
  turn(keys, now + 90 * DAY + 60 * G_USEC_PER_SEC);
  g_assert_cmpuint(count_of(keys), ==, 2);
  g_autoptr(json_t) read = token_keys_claims(keys, jwt, &error);
  g_assert_no_error(error);
  g_assert_true(json_equal(read, claims));
  turn(keys, now + 91 * DAY);
  g_assert_cmpuint(count_of(keys), ==, 1);
  g_autofree char *left = kid_at(keys, 0);
  g_assert_cmpstr(left, ==, second);
  g_assert_null(token_keys_claims(keys, jwt, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_NOT_FOUND);
  place_clear(&place);
}

/* Another process of the same database: it reads the keys, and sees what is new. */
static void
test_two(void)
{
  g_autoptr(GError) error = NULL;
  Place place = place_new();
  const TokenSettings settings = {.service = service, .token_life = 300, .key_age = 24 * 60 * 60};
  g_autoptr(TokenKeys) one = token_keys_new(place.sql, place.sealer, &settings, &error);
  g_assert_no_error(error);
  g_autoptr(TokenKeys) two = token_keys_new(place.sql, place.sealer, &settings, &error);
  g_assert_no_error(error);
  g_autofree char *of_one = token_keys_certificates(one), *of_two = token_keys_certificates(two);
  g_assert_cmpstr(of_one, ==, of_two);
  g_assert_true(g_str_has_prefix(of_one, "-----BEGIN CERTIFICATE-----\n"));
  int64_t later = g_get_real_time() + 10 * DAY;
  turn(one, later);
  turn(one, later + DAY);
  turn(two, later + DAY);
  g_autofree char *last_of_one = kid_at(one, 1), *last_of_two = kid_at(two, 1);
  g_assert_cmpstr(last_of_one, ==, last_of_two);

  g_autoptr(Sealer) other = sealer_new_for_now();
  g_assert_null(token_keys_new(place.sql, other, &settings, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_MISMATCH);
  place_clear(&place);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sealed/round", test_sealed);
  g_test_add_func("/sealed/files", test_key_files);
  g_test_add_func("/keys/turning", test_turning);
  g_test_add_func("/keys/two", test_two);
  return g_test_run();
}
