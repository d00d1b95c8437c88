/* One pass over the bytes of a file, in pieces of any size: what of it is a secret.
 *
 * The text is looked at in windows that overlap by more than the longest secret, so that where
 * pieces end changes nothing. A value counts once a file, at the line where it comes first; of
 * rules that find the same bytes, the one that says most. */
#pragma once

#include "inspect/secrets/context.h"
#include "inspect/secrets/engine.h"

/* Of a file; what is more makes the rest unlooked at. */
#define SECRETS_FILE_MAX 200u

typedef struct {
  const SecretRule *rule;
  Slice secret;  /* of the scan: gone after the call */
  uint32_t line; /* from 1 */
  Slice text;    /* all of it, where it fits one window; else empty. Gone after the call */
} FoundSecret;

typedef struct SecretScan SecretScan;

/* @found is called in the order of windows, and in those of the text. (transfer full) */
typedef void (*SecretFound)(const FoundSecret *secret, void *data);
SecretScan *secret_scan_new(SecretEngine *engine, SecretContext context, SecretFound found,
                            void *data);
/* For rules that a team brings, which may ask for it. Before the first bytes; else it is "". */
void secret_scan_set_path(SecretScan *scan, const char *path);
/* It is for values that are to be shown nowhere: all rules count, whatever a team switches off or
 * allows, and each of those that find the same bytes. Before the first bytes. */
void secret_scan_set_masks(SecretScan *scan);
void secret_scan_add(SecretScan *scan, Slice bytes);
/* After the last. False: there was more to look at than is looked at. Frees @scan. */
bool secret_scan_finish(SecretScan *scan);
