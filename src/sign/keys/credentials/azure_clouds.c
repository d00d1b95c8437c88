/* Azure's clouds; see the header. ("Azure Key Vault: authentication, requests and responses";
 * "National clouds".) */
#include "sign/keys/credentials/azure_clouds.h"

#include <glib.h>
#include <string.h>

#include "sign/keys/service_place.h"

#define PUBLIC     "https://login.microsoftonline.com"
#define CHINA      "https://login.chinacloudapi.cn"
#define GOVERNMENT "https://login.microsoftonline.us"

static const AzureCloud clouds[] = {
    {".vault.azure.net", "https://vault.azure.net", PUBLIC},
    {".managedhsm.azure.net", "https://managedhsm.azure.net", PUBLIC},
    {".vault.azure.cn", "https://vault.azure.cn", CHINA},
    {".managedhsm.azure.cn", "https://managedhsm.azure.cn", CHINA},
    {".vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net", GOVERNMENT},
    {".managedhsm.usgovcloudapi.net", "https://managedhsm.usgovcloudapi.net", GOVERNMENT},
};

static const AzureCloud *
find(const char *host)
{
  for (size_t i = 0; i < G_N_ELEMENTS(clouds); i++)
    if (g_str_has_suffix(host, clouds[i].suffix) && strlen(host) > strlen(clouds[i].suffix))
      return &clouds[i];
  return NULL;
}

const AzureCloud *
azure_cloud_of(const char *host)
{
  const AzureCloud *cloud = find(host);
  return cloud != NULL ? cloud : &clouds[0];
}

bool
azure_cloud_has(const char *host)
{
  return service_host_is_plain(host) && find(host) != NULL;
}
