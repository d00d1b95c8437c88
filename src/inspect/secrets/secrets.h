/* Secrets in the files and in the configuration of an image: credentials that whoever pulls it has.
 * In the caged worker. */
#pragma once

#include "inspect/detector.h"

extern const Detector secrets_detector;
/* What a worker needs of it before the cage closes. Once or more. */
void secrets_prepare(void);

/* Secrets in a text that is no file of the image: a value of its config, a command of its history.
 * @path: what to call it ("config:Env"); @line: of its first line, or 0 where lines mean nothing.
 * Every rule counts. Observations go to @into; where secrets cannot be looked for, that does. */
void secrets_scan_text(Slice text, const char *path, uint32_t line, LayerInventory *into);
