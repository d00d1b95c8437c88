/* Credentials of Microsoft Azure. Its identifiable keys have a signature of four characters in a
 * fixed place, by which they are known in any text. */
#include "inspect/secrets/checks.h"

#define BASE64 "[0-9A-Za-z+/]"

/* clang-format off */
static const SecretRule rules[] = {
    {"azure-storage-key", "Key of Azure Storage", SEVERITY_CRITICAL, BASE64 "{76}\\+ASt" BASE64 "{5}[AQgw]==", NULL, .entropy = 4,
     .trigger = "\\+ASt" BASE64 "{5}[AQgw]=="},
    {"azure-cosmos-key", "Key of Azure Cosmos DB", SEVERITY_CRITICAL, BASE64 "{76}ACDb" BASE64 "{5}[AQgw]==", NULL, .entropy = 4,
     .trigger = "ACDb" BASE64 "{5}[AQgw]=="},
    {"azure-batch-key", "Key of Azure Batch", SEVERITY_CRITICAL, BASE64 "{76}\\+ABa" BASE64 "{5}[AQgw]==", NULL, .entropy = 4,
     .trigger = "\\+ABa" BASE64 "{5}[AQgw]=="},
    {"azure-service-bus-key", "Key of Azure Service Bus", SEVERITY_CRITICAL, BASE64 "{33}\\+ASb" BASE64 "{6}=", NULL, .entropy = 3.8,
     .trigger = "\\+ASb" BASE64 "{6}="},
    {"azure-event-hub-key", "Key of Azure Event Hubs", SEVERITY_CRITICAL, BASE64 "{33}\\+AEh" BASE64 "{6}=", NULL, .entropy = 3.8,
     .trigger = "\\+AEh" BASE64 "{6}="},
    {"azure-relay-key", "Key of Azure Relay", SEVERITY_CRITICAL, BASE64 "{33}\\+ARm" BASE64 "{6}=", NULL, .entropy = 3.8,
     .trigger = "\\+ARm" BASE64 "{6}="},
    {"azure-iot-key", "Key of Azure IoT", SEVERITY_CRITICAL, BASE64 "{33}AIoT[A-P]" BASE64 "{5}=", NULL, .entropy = 3.8,
     .trigger = "AIoT[A-P]" BASE64 "{5}="},
    {"azure-cache-key", "Key of Azure Cache for Redis", SEVERITY_CRITICAL, "[0-9A-Za-z]{33}AzCa[A-P][0-9A-Za-z]{5}=", NULL, .entropy = 3.8,
     .trigger = "AzCa[A-P][0-9A-Za-z]{5}="},
    {"azure-search-key", "Key of Azure AI Search", SEVERITY_HIGH, "[0-9A-Za-z]{42}AzSe[A-D][0-9A-Za-z]{5}", NULL, .entropy = 3.8,
     .trigger = "AzSe[A-D][0-9A-Za-z]{5}"},
    {"azure-function-key", "Key of Azure Functions", SEVERITY_HIGH, "[0-9A-Za-z_-]{44}AzFu[0-9A-Za-z_-]{5}[AQgw]==", NULL, .entropy = 3.8,
     .trigger = "AzFu[0-9A-Za-z_-]{5}[AQgw]=="},
    {"azure-container-registry-key", "Password of Azure Container Registry", SEVERITY_CRITICAL, BASE64 "{42}\\+ACR[A-D]" BASE64 "{5}", NULL,
     .entropy = 3.8, .trigger = "\\+ACR[A-D]" BASE64 "{5}"},
    {"azure-common-key", "Key of an Azure service", SEVERITY_CRITICAL,
     "[0-9A-Za-z]{52}JQQJ9[9DH][0-9A-Za-z][A-L][0-9A-Za-z]{16}[A-Za-z][0-9A-Za-z]{7}(?:[0-9A-Za-z]{2}==|)", NULL, .entropy = 3.8,
     .trigger = "JQQJ9[9DH][0-9A-Za-z][A-L][0-9A-Za-z]{16}[A-Za-z][0-9A-Za-z]{7}"},
    {"azure-devops-token", "Personal token of Azure DevOps", SEVERITY_CRITICAL, "[0-9A-Za-z]{76}AZDO[0-9A-Za-z]{4}", NULL, .entropy = 3.8,
     .trigger = "AZDO[0-9A-Za-z]{4}"},
    {"azure-storage-connection", "Connection string of Azure Storage", SEVERITY_CRITICAL, "AccountKey=([0-9A-Za-z+/]{86}==)", NULL, .entropy = 4},
    {"azure-shared-access-key", "Shared access key of Azure", SEVERITY_CRITICAL, "SharedAccessKey=([0-9A-Za-z+/]{43}=)", NULL, .entropy = 3.8},
    {"azure-client-secret", "Client secret of Microsoft Entra", SEVERITY_CRITICAL, "[0-9A-Za-z_~.]{3}[0-9]Q~[0-9A-Za-z_~.-]{31,34}", NULL,
     .entropy = 3.8,
     .trigger = "[0-9]Q~[0-9A-Za-z_~.-]{31}"},
    {"azure-sas-url", "URL with a shared access signature of Azure", SEVERITY_HIGH,
     "sv=20[0-9]{2}-[0-9]{2}-[0-9]{2}&[^\\s\"'<>]{0,300}sig=([0-9A-Za-z%+/]{43,70}(?:%3[Dd]|=))", NULL, .entropy = 3.5,
     .trigger = "sig=[0-9A-Za-z%+/]{43,70}(?:%3[Dd]|=)"},
};
/* clang-format on */

const SecretRuleSet secret_rules_clouds_azure = {rules, G_N_ELEMENTS(rules)};
