/* Files of pull secrets, as authors of Secrets write them: what is read of one, and for which
 * images. */
#include <string.h>

#include "admission/image_name.h"
#include "admission/pull_secrets.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const images[] = {"nginx", "quay.io/a/b:1", "r.example.org:5000/a",
                                     "localhost/a"};

static void
read_as(const char *type, const char *member, const char *encoded)
{
  g_autoptr(PullSecrets) secrets = pull_secrets_new();
  g_autoptr(json_t) secret = json_pack("{s:s,s:{s:s}}", "type", type, "data", member, encoded);
  if (!pull_secrets_add(secrets, secret, NULL))
    return;
  for (size_t i = 0; i < G_N_ELEMENTS(images); i++) {
    g_autoptr(Reference) name = image_name_parse(images[i], NULL);
    GStrv logins = pull_secrets_match(secrets, name);
    for (char **login = logins; *login != NULL; login++)
      g_assert_true(**login != ':' && strchr(*login, ':') != NULL);
    logins_free(logins);
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autofree char *encoded = g_base64_encode(data, size);
  read_as("kubernetes.io/dockerconfigjson", ".dockerconfigjson", encoded);
  read_as("kubernetes.io/dockercfg", ".dockercfg", encoded);
  return 0;
}
