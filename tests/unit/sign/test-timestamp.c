/* Time stamps: openssl is the authority. */
#include <string.h>

#include "base/error.h"
#include "sign/attestor.h"
#include "sign/formats/timestamp.h"

static const char script[] =
    "set -e; cd \"$D\"\n"
    "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=root "
    "-addext keyUsage=critical,keyCertSign -addext basicConstraints=critical,CA:TRUE\n"
    "openssl req -x509 -newkey rsa:2048 -nodes -keyout no.key -out other.pem -days 30 -subj "
    "/CN=other\n"
    "for use in timeStamping codeSigning; do\n"
    "openssl req -new -newkey rsa:2048 -nodes -keyout $use.key -out $use.csr -subj /CN=$use\n"
    "printf 'keyUsage=critical,digitalSignature\\nextendedKeyUsage=critical,%s\\n' $use >ext\n"
    "openssl x509 -req -in $use.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -extfile ext "
    "-out $use.pem\n"
    "done\n"
    "printf '[tsa]\\nserial=serial\\ndigests=sha256,sha384,sha512,sha1\\nsigner_digest=sha256\\n"
    "default_policy=1.2.3\\nordering=no\\ness_cert_id_chain=no\\n' >ts.cnf\n"
    "printf stamped >data; printf 01 >serial\n"
    "for hash in sha256 sha384 sha512 sha1; do\n"
    "openssl ts -query -data data -$hash -cert -out $hash.query\n"
    "openssl ts -reply -config ts.cnf -section tsa -queryfile $hash.query -signer timeStamping.pem "
    "-inkey timeStamping.key -out $hash.answer\n"
    "openssl ts -reply -in $hash.answer -token_out -out $hash.token\n"
    "done\n";

static GBytes *
read_file(const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename(folder, name, NULL);
  char *text;
  gsize size;
  g_assert_true(g_file_get_contents(path, &text, &size, NULL));
  return g_bytes_new_take(text, size);
}

static GPtrArray *
roots_of(const char *folder, const char *name)
{
  g_autoptr(GBytes) pem = read_file(folder, name);
  GPtrArray *roots = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  g_assert_true(attestor_read_roots(slice_from_bytes(pem), roots, NULL));
  return roots;
}

static void
test_openssl(void)
{
  static const struct {
    const char *file, *stamped, *roots;
    int error; /* 0: it is taken */
  } cases[] = {
      {"sha256.token", "stamped", "ca.pem", 0},
      {"sha384.token", "stamped", "ca.pem", 0},
      {"sha512.token", "stamped", "ca.pem", 0},
      {"sha256.answer", "stamped", "ca.pem", 0},
      {"sha1.token", "stamped", "ca.pem", ASSAY_ERROR_UNSUPPORTED},
      {"sha256.token", "other", "ca.pem", ASSAY_ERROR_MISMATCH},
      {"sha256.token", "stamped", "other.pem", ASSAY_ERROR_MISMATCH},
      {"sha256.query", "stamped", "ca.pem", ASSAY_ERROR_INVALID},
      {"ca.pem", "stamped", "ca.pem", ASSAY_ERROR_INVALID},
  };
  g_autofree char *folder = g_dir_make_tmp("assay-timestamp-XXXXXX", NULL);
  g_autofree char *command = g_strdup_printf("D='%s'; { %s } >\"$D/log\" 2>&1", folder, script);
  const char *arguments[] = {"sh", "-c", command, NULL};
  int status = -1;
  g_spawn_sync(NULL, (char **)(uintptr_t)arguments, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
               NULL, &status, NULL);
  g_autoptr(GBytes) log = read_file(folder, "log");
  g_test_message("%.*s", (int)g_bytes_get_size(log), (const char *)g_bytes_get_data(log, NULL));
  g_assert_cmpint(status, ==, 0);
  int64_t now = g_get_real_time() / G_USEC_PER_SEC;
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) file = read_file(folder, cases[i].file);
    g_autoptr(GPtrArray) roots = roots_of(folder, cases[i].roots);
    int64_t time = timestamp_verify(slice_from_bytes(file), slice_from_string(cases[i].stamped),
                                    roots, &error);
    g_test_message("case %s, %s, %s: %s", cases[i].file, cases[i].stamped, cases[i].roots,
                   error == NULL ? "good" : error->message);
    if (cases[i].error != 0) {
      g_assert_error(error, ASSAY_ERROR, cases[i].error);
      continue;
    }
    g_assert_no_error(error);
    g_assert_cmpint(ABS(time - now), <, 120);
  }
  /* Each byte of a token is signed, or says by whom. */
  g_autoptr(GBytes) token = read_file(folder, "sha256.token");
  g_autoptr(GPtrArray) roots = roots_of(folder, "ca.pem");
  Slice bytes = slice_from_bytes(token);
  for (size_t at = 0; at < bytes.size; at += 7) {
    g_autofree uint8_t *copy = g_memdup2(bytes.data, bytes.size);
    copy[at] ^= 1;
    int64_t time =
        timestamp_verify(slice_new(copy, bytes.size), SLICE_LITERAL("stamped"), roots, NULL);
    g_assert_true(time == 0 || ABS(time - now) < 120);
  }
  g_autofree char *gone = g_strdup_printf("rm -r '%s'", folder);
  g_spawn_command_line_sync(gone, NULL, NULL, NULL, NULL);
}

int
main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/sign/timestamp/openssl", test_openssl);
  return g_test_run();
}
