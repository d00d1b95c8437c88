/* GnuTLS, loaded where a key, a certificate or a session is first needed: a server's start, or a
 * log-in. It brings seven libraries, and neither an inspection worker, which is started for each
 * layer, nor the scan of an image needs one of them: digests are Nettle's (oci/digest.h), which is
 * linked into the program. */
#pragma once

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/pkcs11.h>
#include <gnutls/pkcs7.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>

#include "base/library.h"

/* `free` is a variable of the library, as it is in its header. */
#define GNUTLS_FUNCTIONS(X)                                                                        \
  X(gnutls_, bye)                                                                                  \
  X(gnutls_, certificate_allocate_credentials)                                                     \
  X(gnutls_, certificate_free_credentials)                                                         \
  X(gnutls_, certificate_get_peers)                                                                \
  X(gnutls_, certificate_server_set_request)                                                       \
  X(gnutls_, certificate_set_x509_system_trust)                                                    \
  X(gnutls_, certificate_set_x509_trust_file)                                                      \
  X(gnutls_, credentials_set)                                                                      \
  X(gnutls_, decode_rs_value)                                                                      \
  X(gnutls_, deinit)                                                                               \
  X(gnutls_, ecc_curve_get_name)                                                                   \
  X(gnutls_, encode_rs_value)                                                                      \
  X(gnutls_, error_is_fatal)                                                                       \
  X(gnutls_, free)                                                                                 \
  X(gnutls_, handshake)                                                                            \
  X(gnutls_, handshake_set_hook_function)                                                          \
  X(gnutls_, handshake_set_timeout)                                                                \
  X(gnutls_, hash_fast)                                                                            \
  X(gnutls_, hash_get_len)                                                                         \
  X(gnutls_, init)                                                                                 \
  X(gnutls_, memset)                                                                               \
  X(gnutls_, pcert_deinit)                                                                         \
  X(gnutls_, pcert_export_x509)                                                                    \
  X(gnutls_, pcert_list_import_x509_raw)                                                           \
  X(gnutls_, pem_base64_decode2)                                                                   \
  X(gnutls_, pem_base64_encode2)                                                                   \
  X(gnutls_, pk_get_name)                                                                          \
  X(gnutls_, pkcs11_add_provider)                                                                  \
  X(gnutls_, pkcs11_init)                                                                          \
  X(gnutls_, pkcs11_privkey_generate3)                                                             \
  X(gnutls_, pkcs11_set_pin_function)                                                              \
  X(gnutls_, pkcs7_deinit)                                                                         \
  X(gnutls_, pkcs7_get_crt_count)                                                                  \
  X(gnutls_, pkcs7_get_crt_raw2)                                                                   \
  X(gnutls_, pkcs7_get_embedded_data)                                                              \
  X(gnutls_, pkcs7_get_embedded_data_oid)                                                          \
  X(gnutls_, pkcs7_get_signature_count)                                                            \
  X(gnutls_, pkcs7_import)                                                                         \
  X(gnutls_, pkcs7_init)                                                                           \
  X(gnutls_, pkcs7_verify_direct)                                                                  \
  X(gnutls_, privkey_deinit)                                                                       \
  X(gnutls_, privkey_export_x509)                                                                  \
  X(gnutls_, privkey_import_url)                                                                   \
  X(gnutls_, privkey_import_x509)                                                                  \
  X(gnutls_, privkey_import_x509_raw)                                                              \
  X(gnutls_, privkey_init)                                                                         \
  X(gnutls_, privkey_set_pin_function)                                                             \
  X(gnutls_, privkey_sign_data2)                                                                   \
  X(gnutls_, pubkey_deinit)                                                                        \
  X(gnutls_, pubkey_export2)                                                                       \
  X(gnutls_, pubkey_export_ecc_raw2)                                                               \
  X(gnutls_, pubkey_get_key_id)                                                                    \
  X(gnutls_, pubkey_get_pk_algorithm)                                                              \
  X(gnutls_, pubkey_import)                                                                        \
  X(gnutls_, pubkey_import_ecc_raw)                                                                \
  X(gnutls_, pubkey_import_privkey)                                                                \
  X(gnutls_, pubkey_import_rsa_raw)                                                                \
  X(gnutls_, pubkey_import_x509)                                                                   \
  X(gnutls_, pubkey_init)                                                                          \
  X(gnutls_, pubkey_verify_data2)                                                                  \
  X(gnutls_, pubkey_verify_params)                                                                 \
  X(gnutls_, record_send)                                                                          \
  X(gnutls_, rnd)                                                                                  \
  X(gnutls_, server_name_get)                                                                      \
  X(gnutls_, server_name_set)                                                                      \
  X(gnutls_, session_set_verify_cert)                                                              \
  X(gnutls_, session_set_verify_function)                                                          \
  X(gnutls_, set_default_priority)                                                                 \
  X(gnutls_, strerror)                                                                             \
  X(gnutls_, subject_alt_names_deinit)                                                             \
  X(gnutls_, subject_alt_names_get)                                                                \
  X(gnutls_, subject_alt_names_init)                                                               \
  X(gnutls_, transport_get_int)                                                                    \
  X(gnutls_, transport_get_ptr2)                                                                   \
  X(gnutls_, transport_set_int2)                                                                   \
  X(gnutls_, transport_set_ptr2)                                                                   \
  X(gnutls_, transport_set_pull_function)                                                          \
  X(gnutls_, transport_set_push_function)                                                          \
  X(gnutls_, x509_crq_deinit)                                                                      \
  X(gnutls_, x509_crq_export2)                                                                     \
  X(gnutls_, x509_crq_init)                                                                        \
  X(gnutls_, x509_crq_privkey_sign)                                                                \
  X(gnutls_, x509_crq_set_dn)                                                                      \
  X(gnutls_, x509_crq_set_key_purpose_oid)                                                         \
  X(gnutls_, x509_crq_set_key_usage)                                                               \
  X(gnutls_, x509_crq_set_pubkey)                                                                  \
  X(gnutls_, x509_crq_set_version)                                                                 \
  X(gnutls_, x509_crt_check_hostname)                                                              \
  X(gnutls_, x509_crt_check_issuer)                                                                \
  X(gnutls_, x509_crt_deinit)                                                                      \
  X(gnutls_, x509_crt_export2)                                                                     \
  X(gnutls_, x509_crt_get_activation_time)                                                         \
  X(gnutls_, x509_crt_get_basic_constraints)                                                       \
  X(gnutls_, x509_crt_get_dn3)                                                                     \
  X(gnutls_, x509_crt_get_expiration_time)                                                         \
  X(gnutls_, x509_crt_get_extension_by_oid2)                                                       \
  X(gnutls_, x509_crt_get_key_purpose_oid)                                                         \
  X(gnutls_, x509_crt_get_key_usage)                                                               \
  X(gnutls_, x509_crt_get_subject_alt_name)                                                        \
  X(gnutls_, x509_crt_import)                                                                      \
  X(gnutls_, x509_crt_init)                                                                        \
  X(gnutls_, x509_crt_list_import2)                                                                \
  X(gnutls_, x509_crt_set_activation_time)                                                         \
  X(gnutls_, x509_crt_set_ca_status)                                                               \
  X(gnutls_, x509_crt_set_dn_by_oid)                                                               \
  X(gnutls_, x509_crt_set_expiration_time)                                                         \
  X(gnutls_, x509_crt_set_key)                                                                     \
  X(gnutls_, x509_crt_set_key_purpose_oid)                                                         \
  X(gnutls_, x509_crt_set_key_usage)                                                               \
  X(gnutls_, x509_crt_set_serial)                                                                  \
  X(gnutls_, x509_crt_set_subject_alt_name)                                                        \
  X(gnutls_, x509_crt_set_version)                                                                 \
  X(gnutls_, x509_crt_sign2)                                                                       \
  X(gnutls_, x509_crt_verify)                                                                      \
  X(gnutls_, x509_ext_import_subject_alt_names)                                                    \
  X(gnutls_, x509_privkey_deinit)                                                                  \
  X(gnutls_, x509_privkey_export2)                                                                 \
  X(gnutls_, x509_privkey_export2_pkcs8)                                                           \
  X(gnutls_, x509_privkey_generate)                                                                \
  X(gnutls_, x509_privkey_import)                                                                  \
  X(gnutls_, x509_privkey_import2)                                                                 \
  X(gnutls_, x509_privkey_import_pkcs8)                                                            \
  X(gnutls_, x509_privkey_init)                                                                    \
  X(gnutls_, x509_trust_list_add_cas)                                                              \
  X(gnutls_, x509_trust_list_add_trust_file)                                                       \
  X(gnutls_, x509_trust_list_deinit)                                                               \
  X(gnutls_, x509_trust_list_init)                                                                 \
  X(gnutls_, x509_trust_list_verify_crt2)

typedef struct {
  GNUTLS_FUNCTIONS(LIBRARY_MEMBER)
} GnutlsLibrary;

/* Any thread; but not a worker in its cage. Ends the program with a message when the library is not
 * there: it is one that the program was built with. */
const GnutlsLibrary *gnutls(void);
