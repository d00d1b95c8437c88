/* Checks of trust that is switched off: certificates and signatures that nobody looks at. */
#include <string.h>

#include "inspect/configuration/check.h"

/* --- TLS --- */

/* Programs, and the option that makes them take any certificate. A single letter is one among the
 * short ones. */
static const struct {
  const char *programs, *option;
} careless[] = {
    {"curl", "k"},
    {"curl", "--insecure"},
    {"curl", "--proxy-insecure"},
    {"wget", "--no-check-certificate"},
    {"pip pip3 pip2 pipx uv", "--trusted-host"},
    {"git", "http.sslVerify=false"},
    {"git", "http.sslverify=false"},
    {"npm yarn pnpm", "--no-strict-ssl"},
    {"npm yarn pnpm", "--strict-ssl=false"},
    {"go", "-insecure"},
    {"helm", "--insecure-skip-tls-verify"},
    {"kubectl oc", "--insecure-skip-tls-verify"},
    {"docker podman buildah skopeo", "--tls-verify=false"},
    {"apk", "--no-check-certificate"},
    {"aria2c", "--check-certificate=false"},
    {"conda mamba", "--insecure"},
    {"dnf yum microdnf", "--setopt=sslverify=0"},
    {"dnf yum microdnf", "--setopt=sslverify=false"},
    {"http https", "--verify=no"},
};

static bool
is_careless(const CheckedCommand *command)
{
  for (size_t i = 0; i < G_N_ELEMENTS(careless); i++) {
    const char *option = careless[i].option;
    bool letter = option[1] == '\0';
    if (command_is(command, careless[i].programs) &&
        (letter ? command_has_letter(command, *option) : command_has(command, option)))
      return true;
  }
  return false;
}

/* `git config http.sslVerify false`, `npm config set strict-ssl false`, `conda config --set
 * ssl_verify no` */
static bool
configures_carelessness(const CheckedCommand *command)
{
  static const char *const keys[] = {"http.sslVerify", "http.sslverify", "strict-ssl", "ssl_verify",
                                     "http.proxySSLVerify"};
  static const char *const off[] = {"false", "0", "no", "False"};
  const GPtrArray *words = command->command->words;
  if (!command_is(command, "git npm yarn pnpm conda mamba"))
    return false;
  for (guint i = command->first; i + 1 < words->len; i++)
    for (size_t j = 0; j < G_N_ELEMENTS(keys); j++)
      for (size_t k = 0; k < G_N_ELEMENTS(off); k++)
        if (strcmp(g_ptr_array_index(words, i), keys[j]) == 0 &&
            strcmp(g_ptr_array_index(words, i + 1), off[k]) == 0)
          return true;
  return false;
}

/* Variables by which programs take any certificate. */
static bool
is_careless_variable(const char *pair)
{
  static const char *const pairs[] = {"NODE_TLS_REJECT_UNAUTHORIZED=0",
                                      "PYTHONHTTPSVERIFY=0",
                                      "GIT_SSL_NO_VERIFY=1",
                                      "GIT_SSL_NO_VERIFY=true",
                                      "NPM_CONFIG_STRICT_SSL=false",
                                      "npm_config_strict_ssl=false",
                                      "YARN_STRICT_SSL=false",
                                      "YARN_ENABLE_STRICT_SSL=false",
                                      "GOINSECURE=*",
                                      "CONDA_SSL_VERIFY=false",
                                      "SSL_NO_VERIFY=1"};
  for (size_t i = 0; pair != NULL && i < G_N_ELEMENTS(pairs); i++)
    if (strcmp(pair, pairs[i]) == 0)
      return true;
  return pair != NULL && g_str_has_prefix(pair, "PIP_TRUSTED_HOST=");
}

static bool
is_variable_of(const CheckedCommand *command, bool (*weak)(const char *pair))
{
  const GPtrArray *variables = command->command->variables, *words = command->command->words;
  for (guint i = 0; i < variables->len; i++)
    if (weak(g_ptr_array_index(variables, i)))
      return true;
  for (guint i = command->first; command_is(command, "export") && i < words->len; i++)
    if (weak(g_ptr_array_index(words, i)))
      return true;
  return false;
}

static bool
trusts_any_host(const CheckedCommand *command)
{
  return is_careless(command) || configures_carelessness(command) ||
         is_variable_of(command, is_careless_variable);
}

static bool
sets_carelessness(const BuildStep *step, const char *word)
{
  return step_is(step, "ENV") && is_careless_variable(word);
}

/* --- signatures --- */

static const struct {
  const char *programs, *option;
} unsigned_options[] = {
    {"apt apt-get aptitude", "--allow-unauthenticated"},
    {"apt apt-get aptitude", "--force-yes"},
    {"apt apt-get", "--allow-insecure-repositories"},
    {"apk", "--allow-untrusted"},
    {"yum dnf microdnf tdnf", "--nogpgcheck"},
    {"yum dnf microdnf", "--no-gpgchecks"},
    {"yum dnf microdnf", "--setopt=gpgcheck=0"},
    {"zypper", "--no-gpg-checks"},
    {"zypper", "--allow-unsigned-rpm"},
    {"rpm", "--nosignature"},
    {"rpm", "--nodigest"},
    {"dpkg", "--force-bad-verify"},
    {"pacman", "SigLevel=Never"},
};

/* A line that is written into a list of sources: "deb [trusted=yes] ...", "gpgcheck=0". */
static bool
writes_unsigned_source(const CheckedCommand *command)
{
  const ShellCommand *shell = command->command;
  bool writes = shell->redirects->len > 0 || command_is(command, "sed tee");
  const ShellCommand *source =
      shell->piped_from < 0 ? NULL : g_ptr_array_index(command->step->commands, shell->piped_from);
  const char *texts[] = {shell->text, source == NULL ? "" : source->text};
  for (size_t i = 0; writes && i < G_N_ELEMENTS(texts); i++)
    if (strstr(texts[i], "trusted=yes") != NULL || strstr(texts[i], "gpgcheck=0") != NULL ||
        strstr(texts[i], "SigLevel = Never") != NULL ||
        strstr(texts[i], "AllowUnauthenticated") != NULL)
      return true;
  return false;
}

static bool
trusts_any_package(const CheckedCommand *command)
{
  for (size_t i = 0; i < G_N_ELEMENTS(unsigned_options); i++)
    if (command_is(command, unsigned_options[i].programs) &&
        command_has(command, unsigned_options[i].option))
      return true;
  return writes_unsigned_source(command);
}

static bool
is_content_trust(const char *pair)
{
  return pair != NULL &&
         (strcmp(pair, "DOCKER_CONTENT_TRUST=0") == 0 ||
          strcmp(pair, "COSIGN_INSECURE_IGNORE_TLOG=true") == 0 ||
          strcmp(pair, "GONOSUMDB=*") == 0 || strcmp(pair, "GONOSUMCHECK=1") == 0 ||
          strcmp(pair, "GOFLAGS=-insecure") == 0 || strcmp(pair, "GOSUMDB=off") == 0);
}

static bool
ends_content_trust(const CheckedCommand *command)
{
  return is_variable_of(command, is_content_trust);
}

static bool
sets_content_trust(const BuildStep *step, const char *word)
{
  return step_is(step, "ENV") && is_content_trust(word);
}

/* --- what comes unprotected --- */

static bool
is_local(const char *host)
{
  return g_str_has_prefix(host, "localhost") || g_str_has_prefix(host, "127.") ||
         g_str_has_prefix(host, "[::1]") || g_str_has_prefix(host, "169.254.") ||
         g_str_has_prefix(host, "host.docker.internal") || *host == '$';
}

static bool
is_plain_address(const char *word)
{
  return word != NULL && g_ascii_strncasecmp(word, "http://", strlen("http://")) == 0 &&
         !is_local(word + strlen("http://"));
}

static bool
fetches_plainly(const CheckedCommand *command)
{
  if (!command_is(command, "curl wget git aria2c"))
    return false;
  for (guint i = command->first; i < command->command->words->len; i++)
    if (is_plain_address(g_ptr_array_index(command->command->words, i)))
      return true;
  return false;
}

static bool
adds_plainly(const Build *build, const BuildStep *step)
{
  bool checked = build_step_flag(step, "checksum") != NULL;
  for (guint i = 0;
       step_is(step, "ADD") && step->flags_known && !checked && i + 1 < step->words->len; i++)
    if (is_plain_address(g_ptr_array_index(step->words, i)))
      return true;
  return false;
}

#define BOTH (CHECK_DOCKERFILES | CHECK_HISTORIES | CHECK_ALL_STAGES)
const ConfigurationCheck configuration_trust_checks[] = {
    {"tls-unverified", BOTH, .command = trusts_any_host},
    {"tls-unverified", BOTH, .word = sets_carelessness},
    {"packages-unverified", BOTH, .command = trusts_any_package},
    {"content-trust-off", BOTH, .command = ends_content_trust},
    {"content-trust-off", BOTH, .word = sets_content_trust},
    {"plain-http", BOTH, .command = fetches_plainly},
    {"plain-http", BOTH, .step = adds_plainly},
    {NULL},
};
