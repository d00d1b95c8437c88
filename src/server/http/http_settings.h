/* What the operator decides of the HTTP server. */
#pragma once

#include "base/settings.h"

typedef struct {
  char *address;   /* "127.0.0.1:5000", "[::]:443" */
  bool plain_http; /* HTTP although there is a certificate, or the address is not loopback */
} ListenSettings;

typedef struct {
  char *certificate; /* PEM chain; NULL: no TLS */
  char *key;         /* PEM */
} TlsSettings;

typedef struct {
  ListenSettings *listen;
  unsigned listen_count; /* default: one, 127.0.0.1:5000 */
  TlsSettings tls;
  char **cors_origins;    /* whose pages may read answers in a browser; "*": all. NULL-terminated */
  char **trusted_proxies; /* addresses or CIDR blocks whose X-Forwarded-For is believed */
} HttpSettings;
extern const Section http_settings_section;

/* Keys of `limits`. */
typedef struct {
  uint32_t connections;          /* on each address; 4096 */
  uint32_t connections_per_peer; /* of these, for one peer; 0: as many as are still free */
  uint64_t
      least_bytes_per_second; /* a body or an answer that is slower is cut off; 1 KiB; 0: none */
  uint32_t slow_seconds;      /* over which that speed is measured; 30 */
  uint32_t head_seconds;      /* a connection may take so long for the head of a request, and ten
                                 times that for a manifest; 30 */
  uint32_t idle_seconds;      /* ... and be silent so long within one; 60 */
} HttpLimits;
extern const Section http_limits_section;
