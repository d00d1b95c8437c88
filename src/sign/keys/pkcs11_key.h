/* Keys of tokens and HSMs, by their PKCS#11 modules (RFC 7512):
 *
 *   pkcs11:token=T;object=O?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/etc/pin
 *
 * Without a module-path, the modules that p11-kit knows are asked. The PIN is of the options' file,
 * of pin-source, or of $ASSAY_KEY_PIN; one in the URI is refused. */
#pragma once

#include <stdbool.h>

/* From now on, modules may be loaded into this process: it is the one that signs. */
void pkcs11_key_allow(void);
