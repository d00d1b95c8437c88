/* Whether what has the form of a credential can be one: the checks that rows of rules name. Pure
 * functions over hostile bytes; each reads what it is given once. */
#pragma once

#include "inspect/secrets/rule.h"

/* A token that ends in six digits of base 62, the CRC-32 of what is between its prefix (to the last
 * "_" before them) and them: GitHub's and npm's. One whose checksum does not hold is only likely.
 */
SecretTrust secret_check_crc62(Slice secret);
/* Three parts of base64url: a JSON object with "alg", a JSON object that is not of a manual, and a
 * signature. */
SecretTrust secret_check_jwt(Slice secret);
/* One that a Kubernetes cluster gave to a service account. */
SecretTrust secret_check_jwt_kubernetes(Slice secret);
/* PEM, with line ends or "\n" written out: whole base64 of a key that no passphrase protects. */
SecretTrust secret_check_pem(Slice secret);
/* One that a passphrase protects. */
SecretTrust secret_check_pem_encrypted(Slice secret);
/* The same in base64, as kubeconfig has it. */
SecretTrust secret_check_pem_base64(Slice secret);
/* base64 of a private key in DER. */
SecretTrust secret_check_der(Slice secret);
/* base64 of USER:PASSWORD. */
SecretTrust secret_check_basic(Slice secret);
/* bech32, as age writes its keys. */
SecretTrust secret_check_bech32(Slice secret);
/* Of Discord: the first part is the base64 of a decimal number. */
SecretTrust secret_check_discord(Slice secret);
/* words.h: secret_looks_mixed(). */
SecretTrust secret_check_mixed(Slice secret);
/* words.h: secret_looks_chosen(). */
SecretTrust secret_check_password(Slice secret);
/* words.h: secret_looks_set(). */
SecretTrust secret_check_setting(Slice secret);
