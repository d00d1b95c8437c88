/* Azure's clouds: where their vaults are, and who gives tokens for them. Pure. */
#pragma once

#include <stdbool.h>

typedef struct {
  const char *suffix;    /* of a vault's host: ".vault.azure.net" */
  const char *resource;  /* that a token is for */
  const char *authority; /* that gives it */
} AzureCloud;

/* Of a vault's host; of any other host, the public one's. */
const AzureCloud *azure_cloud_of(const char *host);
/* Whether a host is of one of the clouds: only those are shown a token without more. */
bool azure_cloud_has(const char *host);
