/* Pairs of keys of AWS, Alibaba and Tencent that are in a file, in the section "default" or that of
 * ?profile=, or in the environment. AWS's tools have a file of their own: ?credentials=profile
 * reads $AWS_SHARED_CREDENTIALS_FILE, or ~/.aws/credentials, and of it the section $AWS_PROFILE.
 * ("AWS SDKs and Tools Reference Guide": shared config and credentials files.) */
#include "base/error.h"
#include "sign/keys/credentials/credential_source.h"

typedef struct {
  const char *members[3]; /* id, secret, session */
  const char *variables[3];
} PairNames;

static const PairNames aws = {{"aws_access_key_id", "aws_secret_access_key", "aws_session_token"},
                              {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}};

static bool
get_pair(const CredentialUse *use, const PairNames *names, KeyCredentials *mine, GError **error)
{
  char **const into[] = {&mine->id, &mine->secret, &mine->session};
  for (size_t i = 0; i < G_N_ELEMENTS(into); i++) {
    g_autoptr(GError) failure = NULL;
    *into[i] = credential_setting(use, names->members[i], names->variables[i], &failure);
    if (failure != NULL) {
      g_propagate_error(error, g_steal_pointer(&failure));
      return false;
    }
  }
  if (mine->id != NULL && mine->secret != NULL)
    return true;
  return error_set(error, ASSAY_ERROR_DENIED,
                   "there are no credentials for its service (%s and %s of [%s] in a file, or "
                   "$%s and $%s)",
                   names->members[0], names->members[1],
                   use->place->profile == NULL ? "default" : use->place->profile,
                   names->variables[0], names->variables[1]);
}

static bool
get_aws(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
        Cancellable *cancellable, GError **error)
{
  return get_pair(use, &aws, mine, error);
}

static bool
get_aws_profile(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
                Cancellable *cancellable, GError **error)
{
  const char *named = g_getenv("AWS_SHARED_CREDENTIALS_FILE");
  const char *profile = g_getenv("AWS_PROFILE");
  g_autofree char *usual = named != NULL
                               ? g_strdup(named)
                               : g_build_filename(g_get_home_dir(), ".aws", "credentials", NULL);
  KeyOptions options = *use->options;
  ServicePlace place = *use->place;
  if (options.token_file == NULL)
    options.token_file = usual;
  if (place.profile == NULL)
    place.profile = (char *)(uintptr_t)profile;
  const CredentialUse of_file = {use->kind, &place, &options, use->service};
  return get_pair(&of_file, &aws, mine, error);
}

static bool
get_alibaba(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
            Cancellable *cancellable, GError **error)
{
  static const PairNames names = {{"access_key_id", "access_key_secret", "security_token"},
                                  {"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
                                   "ALIBABA_CLOUD_SECURITY_TOKEN"}};
  return get_pair(use, &names, mine, error);
}

static bool
get_tencent(const CredentialUse *use, const KeyCredentials *former, KeyCredentials *mine,
            Cancellable *cancellable, GError **error)
{
  static const PairNames names = {
      {"secret_id", "secret_key", "token"},
      {"TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_TOKEN"}};
  return get_pair(use, &names, mine, error);
}

const CredentialSource aws_pair_source = {"aws-kms", NULL, get_aws};
const CredentialSource aws_profile_source = {"aws-kms", "profile", get_aws_profile};
const CredentialSource alibaba_pair_source = {"alibaba-kms", NULL, get_alibaba};
const CredentialSource tencent_pair_source = {"tencent-kms", NULL, get_tencent};
