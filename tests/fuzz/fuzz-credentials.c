/* auth.json and config.json: files of the user's own, that other programs write. */
#include "remote/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const hosts[] = {"registry-1.docker.io", "quay.io", "127.0.0.1:5000"};
  for (size_t i = 0; i < G_N_ELEMENTS(hosts); i++) {
    g_autoptr(GError) error = NULL;
    g_autofree char *helper = NULL;
    Credentials credentials = {0};
    bool found = false;
    bool parsed = credentials_parse(slice_new(data, size), hosts[i], "team/app/tool", &credentials,
                                    &helper, &found, &error);
    g_assert_true(parsed == (error == NULL));
    g_assert_true(parsed || !found);
    g_assert_true(!found || helper != NULL || credentials.user != NULL ||
                  credentials.identity_token != NULL);
    g_assert_true((credentials.user == NULL) == (credentials.password == NULL));
    g_autofree char *header = credentials_basic_header(&credentials);
    g_assert_true((header == NULL) == (credentials.user == NULL));
    credentials_clear(&credentials);
  }
  return 0;
}
