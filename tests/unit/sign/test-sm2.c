/* SM2 with SM3: the standard's example, and openssl as the judge of signatures and keys. */
#include <fcntl.h>
#include <string.h>

#include "base/error.h"
#include "base/fd.h"
#include "sign/keys/key.h"
#include "sign/keys/sm2.h"

/* GB/T 32918.5-2017, appendix A.2: the signature of "message digest" by "1234567812345678". */
#define EXAMPLE_PUBLIC                                                                             \
  "04"                                                                                             \
  "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"                               \
  "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
#define EXAMPLE_NUMBER "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8"
#define EXAMPLE_DIGEST "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640"
#define EXAMPLE_R      "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
#define EXAMPLE_S      "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
/* What stands before a key's numbers. */
#define OF_EC       "06072a8648ce3d0201"
#define CURVE       "06082a811ccf5501822d"
#define P256        "06082a8648ce3d030107"
#define PUBLIC_HEAD "30593013" OF_EC CURVE "034200"
#define PRIVATE_HEAD                                                                               \
  "308187020100"                                                                                   \
  "3013" OF_EC CURVE "046d306b0201010420"
#define PRIVATE_POINT "a144034200"
#define ORDER         "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123"

static GBytes *
bytes_of(const char *hex)
{
  GByteArray *bytes = g_byte_array_new();
  for (; *hex != '\0'; hex += 2) {
    uint8_t byte = (uint8_t)(g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]));
    g_byte_array_append(bytes, &byte, 1);
  }
  return g_byte_array_free_to_bytes(bytes);
}

/* --- the standard's example --- */

static void
test_example(void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) der = bytes_of(PUBLIC_HEAD EXAMPLE_PUBLIC);
  g_autoptr(GBytes) signature = bytes_of("3046022100" EXAMPLE_R "022100" EXAMPLE_S);
  g_autoptr(GBytes) longer = bytes_of("3046022100" EXAMPLE_R "022100" EXAMPLE_S "00");
  g_autoptr(GBytes) wanted = bytes_of(EXAMPLE_DIGEST);
  const Slice message = SLICE_LITERAL("message digest");
  g_autoptr(PublicKey) key = public_key_read(slice_from_bytes(der), &error);
  g_assert_no_error(error);
  g_assert_true(public_key_verify(key, ALGORITHM_SM2_SM3, message, slice_from_bytes(signature)));
  g_assert_false(public_key_verify(key, ALGORITHM_SM2_SM3, message, slice_from_bytes(longer)));
  for (unsigned i = 0; i < ALGORITHM_COUNT; i++)
    g_assert_true(public_key_verify(key, (SignatureAlgorithm)i, message,
                                    slice_from_bytes(signature)) == (i == ALGORITHM_SM2_SM3));
  uint8_t digest[SM2_DIGEST_SIZE];
  g_assert_true(sm2_digest(slice_from_bytes(der), message, digest, &error));
  g_assert_true(slice_equal(slice_new(digest, sizeof digest), slice_from_bytes(wanted)));
  /* Its public half follows from its number. */
  g_autoptr(GBytes) pkcs8 = bytes_of("3041020100"
                                     "3013" OF_EC CURVE "0427"
                                     "30250201010420" EXAMPLE_NUMBER);
  uint8_t private[SM2_PRIVATE_SIZE], public[SM2_PUBLIC_SIZE];
  g_assert_true(sm2_private_read(slice_from_bytes(pkcs8), private, &error));
  sm2_public_half(private, public);
  g_assert_true(slice_equal(slice_new(public, sizeof public), slice_from_bytes(der)));
}

/* Each byte of a signature, of a message and of a key counts. */
static void
test_changed(void)
{
  uint8_t private[SM2_PRIVATE_SIZE], public[SM2_PUBLIC_SIZE], text[] = "what is signed";
  g_autoptr(GError) error = NULL;
  g_assert_true(sm2_private_make(private, &error));
  sm2_public_half(private, public);
  const Slice key = slice_new(public, sizeof public), message = slice_new(text, sizeof text);
  g_autoptr(GBytes) made = sm2_sign(private, message, &error);
  g_assert_no_error(error);
  Slice bytes = slice_from_bytes(made);
  g_autofree uint8_t *signature = g_memdup2(bytes.data, bytes.size);
  const Slice own = slice_new(signature, bytes.size);
  const struct {
    uint8_t *bytes;
    size_t size;
  } parts[] = {{signature, bytes.size}, {text, sizeof text}, {public, sizeof public}};
  g_assert_true(sm2_verify(key, message, own));
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
    for (size_t at = 0; at < parts[i].size; at++) {
      parts[i].bytes[at] ^= 1;
      g_assert_false(sm2_verify(key, message, own));
      parts[i].bytes[at] ^= 1;
    }
  for (size_t size = 0; size < bytes.size; size++)
    g_assert_false(sm2_verify(key, message, slice_new(signature, size)));
  g_assert_true(sm2_verify(key, message, own));
}

/* --- keys that are none --- */

static void
test_refused(void)
{
  static const struct {
    const char *name, *hex;
    AssayErrorCode code;
  } publics[] = {
      {"not on the curve",
       PUBLIC_HEAD "04"
                   "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
                   "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad14",
       ASSAY_ERROR_INVALID},
      {"a point of P-256",
       PUBLIC_HEAD "04"
                   "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                   "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
       ASSAY_ERROR_INVALID},
      {"beyond the field",
       PUBLIC_HEAD "04"
                   "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
                   "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
       ASSAY_ERROR_INVALID},
      {"nothing",
       PUBLIC_HEAD "04"
                   "0000000000000000000000000000000000000000000000000000000000000000"
                   "0000000000000000000000000000000000000000000000000000000000000000",
       ASSAY_ERROR_INVALID},
      {"compressed",
       "30393013" OF_EC CURVE "032200"
       "0309f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020",
       ASSAY_ERROR_UNSUPPORTED},
      {"infinity", "30193013" OF_EC CURVE "03020000", ASSAY_ERROR_UNSUPPORTED},
      {"hybrid",
       PUBLIC_HEAD "07"
                   "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
                   "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
       ASSAY_ERROR_UNSUPPORTED},
      {"more behind", PUBLIC_HEAD EXAMPLE_PUBLIC "00", ASSAY_ERROR_UNSUPPORTED},
      {"a huge number", "3082ffff3013" OF_EC CURVE "0382fff00004", ASSAY_ERROR_UNSUPPORTED},
      {"cut", "30593013" OF_EC CURVE, ASSAY_ERROR_UNSUPPORTED},
      {"another algorithm",
       "30593013"
       "06072a8648ce3d0202" CURVE "034200" EXAMPLE_PUBLIC,
       ASSAY_ERROR_UNSUPPORTED},
      {"a point of SM2 said to be of P-256", "30593013" OF_EC P256 "034200" EXAMPLE_PUBLIC,
       ASSAY_ERROR_INVALID},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(publics); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) der = bytes_of(publics[i].hex);
    g_autoptr(PublicKey) key = public_key_read(slice_from_bytes(der), &error);
    if (key != NULL || !g_error_matches(error, ASSAY_ERROR, (int)publics[i].code))
      g_error("%s: %s", publics[i].name, error == NULL ? "it was taken" : error->message);
  }
}

static void
test_refused_private(void)
{
#define IN_FULL(number) PRIVATE_HEAD number PRIVATE_POINT EXAMPLE_PUBLIC
#define ALONE(number)                                                                              \
  "3041020100"                                                                                     \
  "3013" OF_EC CURVE "0427"                                                                        \
  "30250201010420" number
  static const struct {
    const char *name, *hex;
    AssayErrorCode code;
  } privates[] = {
      {"zero", ALONE("0000000000000000000000000000000000000000000000000000000000000000"),
       ASSAY_ERROR_INVALID},
      {"the group's order", ALONE(ORDER), ASSAY_ERROR_INVALID},
      /* Its signatures would have to divide by nothing. */
      {"the order less one",
       ALONE("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122"),
       ASSAY_ERROR_INVALID},
      {"beyond it", ALONE("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
       ASSAY_ERROR_INVALID},
      {"another's public half",
       IN_FULL("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b9"),
       ASSAY_ERROR_INVALID},
      {"too long a number",
       "3042020100"
       "3013" OF_EC CURVE "0428"
       "3026020101042100" EXAMPLE_NUMBER,
       ASSAY_ERROR_UNSUPPORTED},
      {"another version",
       "3041020107"
       "3013" OF_EC CURVE "0427"
       "30250201010420" EXAMPLE_NUMBER,
       ASSAY_ERROR_UNSUPPORTED},
      {"another curve within",
       "304d020100"
       "3013" OF_EC CURVE "0433"
       "30310201010420" EXAMPLE_NUMBER "a00a" P256,
       ASSAY_ERROR_UNSUPPORTED},
      {"more behind", ALONE(EXAMPLE_NUMBER) "00", ASSAY_ERROR_UNSUPPORTED},
      {"a length in more bytes than it needs",
       "308141020100"
       "3013" OF_EC CURVE "0427"
       "30250201010420" EXAMPLE_NUMBER,
       ASSAY_ERROR_UNSUPPORTED},
      {"nothing", "", ASSAY_ERROR_UNSUPPORTED},
  };
  uint8_t private[SM2_PRIVATE_SIZE];
  g_autoptr(GBytes) good = bytes_of(IN_FULL(EXAMPLE_NUMBER));
  g_assert_true(sm2_private_read(slice_from_bytes(good), private, NULL));
  for (size_t i = 0; i < G_N_ELEMENTS(privates); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) der = bytes_of(privates[i].hex);
    if (sm2_private_read(slice_from_bytes(der), private, &error) ||
        !g_error_matches(error, ASSAY_ERROR, (int)privates[i].code))
      g_error("%s: %s", privates[i].name, error == NULL ? "it was taken" : error->message);
  }
}

/* --- openssl --- */

static bool
shell(const char *folder, const char *command)
{
  g_autofree char *script =
      g_strdup_printf("D='%s'; set -e; { %s; } >/dev/null 2>&1", folder, command);
  const char *arguments[] = {"sh", "-c", script, NULL};
  int status = -1;
  g_spawn_sync(NULL, (char **)(uintptr_t)arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
               NULL, &status, NULL);
  return status == 0;
}

static void
put(const char *folder, const char *name, Slice bytes)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  g_assert_true(file_replace(AT_FDCWD, path, bytes, 0600, NULL));
}

static GBytes *
get(const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  return file_read(AT_FDCWD, path, 65536, NULL);
}

#define OPTIONS "-sm3 -sigopt distid:1234567812345678"
#define SIGN    "openssl dgst " OPTIONS " -sign $D/k.pem -out $D/theirs $D/message"
#define VERIFY  "openssl dgst " OPTIONS " -verify $D/k.pub -signature $D/ours $D/message"
#define OTHER   "openssl dgst -sm3 -sigopt distid:alice -sign $D/k.pem -out $D/theirs $D/message"

/* Random messages by random keys, both ways. */
static void
test_both_ways(void)
{
  g_autofree char *folder = g_dir_make_tmp("assay-sm2-XXXXXX", NULL);
  for (unsigned i = 0; i < 20; i++) {
    uint8_t message[300];
    size_t size = (size_t)g_test_rand_int_range(0, sizeof message);
    for (size_t at = 0; at < size; at++)
      message[at] = (uint8_t)g_test_rand_int();
    const Slice text = slice_new(message, size);
    put(folder, "message", text);
    g_assert_true(shell(folder, "openssl genpkey -algorithm SM2 -out $D/k.pem"));
    g_assert_true(shell(folder, "openssl pkey -in $D/k.pem -pubout -out $D/k.pub; " SIGN));
    g_autofree char *uri = g_strdup_printf("file:%s/k.pem", folder);
    g_autoptr(GError) error = NULL;
    g_autoptr(Key) key = key_open(uri, NULL, NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GBytes) pem = get(folder, "k.pub"), theirs = get(folder, "theirs");
    g_autofree char *own = public_key_to_pem(key_public(key));
    g_assert_true(slice_equal_string(slice_from_bytes(pem), own));
    g_assert_true(
        public_key_verify(key_public(key), ALGORITHM_SM2_SM3, text, slice_from_bytes(theirs)));
    g_autoptr(GBytes) ours = key_sign(key, ALGORITHM_SM2_SM3, text, NULL, &error);
    g_assert_no_error(error);
    put(folder, "ours", slice_from_bytes(ours));
    g_assert_true(shell(folder, VERIFY));
    g_assert_true(shell(folder, OTHER));
    g_autoptr(GBytes) named = get(folder, "theirs");
    g_assert_false(
        public_key_verify(key_public(key), ALGORITHM_SM2_SM3, text, slice_from_bytes(named)));
  }
  g_assert_true(shell(folder, "rm -r $D"));
}

/* What openssl seals and how it may write a key. */
static void
test_files(void)
{
  static const struct {
    const char *name, *make;
  } files[] = {
      {"plain", "cp $D/k.pem $D/f"},
      {"with its parameters", "openssl ecparam -name SM2 -genkey -out $D/f"},
      {"in DER, in PEM again", "openssl pkey -in $D/k.pem -outform DER | openssl pkey -out $D/f"},
      {"AES", "openssl pkcs8 -topk8 -in $D/k.pem -passout pass:secret -out $D/f"},
      {"AES-128, SHA-512", "openssl pkcs8 -topk8 -in $D/k.pem -passout pass:secret -v2 aes-128-cbc "
                           "-v2prf hmacWithSHA512 -out $D/f"},
      {"SM4", "openssl pkcs8 -topk8 -in $D/k.pem -passout pass:secret -v2 sm4-cbc -out $D/f"},
      {"scrypt", "openssl pkcs8 -topk8 -in $D/k.pem -passout pass:secret -scrypt -out $D/f"},
  };
  g_autofree char *folder = g_dir_make_tmp("assay-sm2-XXXXXX", NULL);
  g_autofree char *password = g_build_filename(folder, "password", NULL);
  g_autofree char *uri = g_strdup_printf("file:%s/f", folder);
  put(folder, "password", SLICE_LITERAL("secret\n"));
  g_assert_true(shell(folder, "openssl genpkey -algorithm SM2 -out $D/k.pem"));
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    const KeyOptions options = {.password_file = password};
    g_autoptr(GError) error = NULL;
    g_assert_true(shell(folder, files[i].make));
    g_autoptr(Key) key = key_open(uri, &options, NULL, &error);
    if (key == NULL)
      g_error("%s: %s", files[i].name, error->message);
    g_autoptr(GBytes) signature =
        key_sign(key, ALGORITHM_SM2_SM3, SLICE_LITERAL("x"), NULL, &error);
    g_assert_no_error(error);
    g_autoptr(GBytes) as_ecdsa =
        key_sign(key, ALGORITHM_ECDSA_SHA256, SLICE_LITERAL("x"), NULL, &error);
    g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_UNSUPPORTED);
    g_assert_null(as_ecdsa);
  }
  g_autoptr(GError) error = NULL;
  g_assert_null(key_open(uri, NULL, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_DENIED);
  g_clear_error(&error);
  const KeyOptions wrong = {.password_file = uri + strlen("file:")};
  g_assert_null(key_open(uri, &wrong, NULL, &error));
  g_assert_error(error, ASSAY_ERROR, ASSAY_ERROR_DENIED);
  g_assert_true(shell(folder, "rm -r $D"));
}

/* The key of a certificate, which GnuTLS cannot read; of another kind, it goes on doing so. */
static void
test_certificates(void)
{
  static const struct {
    const char *name, *make, *words;
  } certificates[] = {
      {"SM2",
       "openssl genpkey -algorithm SM2 -out $D/k.pem; O='-sm3 -sigopt distid:1234567812345678'",
       "SM2"},
      {"P-256", "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out $D/k.pem; O=",
       "ECDSA P-256"},
  };
  g_autofree char *folder = g_dir_make_tmp("assay-sm2-XXXXXX", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(certificates); i++) {
    g_autofree char *command =
        g_strdup_printf("%s; openssl req -x509 -new $O -key $D/k.pem -subj '/C=CN/O=Example/CN=x' "
                        "-out $D/c.pem; openssl pkey -in $D/k.pem -pubout -out $D/k.pub",
                        certificates[i].make);
    g_assert_true(shell(folder, command));
    g_autoptr(GBytes) certificate = get(folder, "c.pem"), public = get(folder, "k.pub");
    g_autoptr(GError) error = NULL;
    g_autoptr(PublicKey) key = public_key_read(slice_from_bytes(certificate), &error);
    g_assert_no_error(error);
    g_autofree char *pem = public_key_to_pem(key), *words = public_key_in_words(key);
    g_assert_cmpstr(words, ==, certificates[i].words);
    g_assert_true(slice_equal_string(slice_from_bytes(public), pem));
  }
  for (size_t size = 0; size < 200; size++) {
    const uint8_t zeros[200] = {0x30, 0x81, 0xc5, 0x30, 0x81, 0xc2};
    g_assert_true(sm2_in_certificate(slice_new(zeros, size)).size == 0);
  }
  g_assert_true(shell(folder, "rm -r $D"));
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sm2/example", test_example);
  g_test_add_func("/sm2/changed", test_changed);
  g_test_add_func("/sm2/refused", test_refused);
  g_test_add_func("/sm2/refused-private", test_refused_private);
  g_test_add_func("/sm2/both-ways", test_both_ways);
  g_test_add_func("/sm2/files", test_files);
  g_test_add_func("/sm2/certificates", test_certificates);
  return g_test_run();
}
