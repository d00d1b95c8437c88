/* What the operator decides: one YAML file, read by tables (settings.h), every value with a default
 * that works. `docs/configuration.md` describes each key; the names here and there are the same.
 * A new key is a member here and a row of config.c: nothing else reads, checks or frees it.
 *
 * A Config is read once and is immutable after, so threads may share it. Sizes are bytes, times are
 * seconds, counts are counts. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/settings.h"
#include "base/slice.h"

typedef struct {
  char *address;   /* "127.0.0.1:5000", "[::]:443" */
  bool plain_http; /* HTTP although there is a certificate, or the address is not loopback */
} ConfigListen;

typedef struct {
  char *certificate; /* PEM chain; NULL: no TLS */
  char *key;         /* PEM */
} ConfigTls;

typedef struct {
  uint64_t manifest_bytes;       /* 4 MiB */
  uint64_t blob_bytes;           /* 0: no limit but the disk */
  uint64_t chunk_bytes;          /* largest body of one PATCH; 0: no limit */
  uint32_t concurrent_uploads;   /* open upload sessions, whole server; 1000 */
  uint32_t upload_expiry;        /* an idle upload is dropped after so many seconds; 86400 */
  uint32_t connections;          /* on each address; 4096 */
  uint32_t connections_per_peer; /* of these, for one peer; 0: as many as are still free */
  uint32_t uploads_per_peer;     /* the same of concurrent_uploads */
  uint64_t
      least_bytes_per_second;    /* a body or an answer that is slower is cut off; 1 KiB; 0: none */
  uint32_t slow_seconds;         /* over which that speed is measured; 30 */
  uint32_t head_seconds;         /* a connection may take so long for the head of a request, and
                                    ten times that for a manifest; 30 */
  uint32_t idle_seconds;         /* ... and be silent so long within one; 60 */
  uint32_t stop_deadline;        /* seconds that a graceful stop waits for requests in flight; 30 */
  uint64_t layer_unpacked_bytes; /* 10 GiB */
  uint32_t layer_ratio;          /* unpacked / packed, checked after the first MiB; 1000 */
  uint32_t layer_entries;        /* 2,000,000 */
  uint32_t path_bytes;           /* 4096 */
  uint32_t path_depth;           /* 128 */
  uint64_t file_bytes;    /* the largest file that is kept in memory for a detector; 256 MiB */
  uint32_t layer_seconds; /* 300 */
  uint64_t worker_memory_bytes; /* address space of a worker; 2 GiB */
  uint32_t workers;             /* at once; 0: one a core */
} ConfigLimits;

typedef struct {
  bool sparse_indexes; /* take indexes without their members, and images without their layers */
} ConfigRegistry;

/* Every type of feed, for messages. */
#define CONFIG_FEED_TYPES "debian-tracker, debian-repo, alpine-secdb, osv, updateinfo, kev, epss"

typedef struct {
  char *name; /* unique; what `assay db status` shows */
  char *type; /* one of CONFIG_FEED_TYPES */
  char *url;
  char *path;      /* a file or folder instead of a URL */
  char *suite;     /* debian-repo: "bookworm-security" */
  char *keyring;   /* debian-repo: keyring file; default the distribution's own */
  char *sources;   /* debian-repo: read the changelogs of these source packages only, "a,b,c"; NULL:
                      of all. The others' updates are known without their CVE numbers */
  char *ecosystem; /* osv, updateinfo: "AlmaLinux:9", "npm", "rocky:9" */
  bool disabled;
} ConfigFeed;

typedef struct {
  char *data;       /* folder; NULL: $XDG_DATA_HOME/assay, or /var/lib/assay for root */
  char *log_level;  /* debug, info (default), warning, error */
  char *log_format; /* auto (default), text, json */
  ConfigListen *listen;
  unsigned listen_count; /* default: one, 127.0.0.1:5000 */
  ConfigTls tls;
  ConfigLimits limits;
  ConfigRegistry registry;
  ConfigFeed *feeds; /* default: the public feeds, see PUBLIC_FEEDS in config.c */
  unsigned feeds_count;
  char *policy;           /* policy file; NULL: the built-in default policy */
  char *ca_file;          /* extra trust anchors for what we download, PEM */
  uint32_t feed_interval; /* seconds between updates by the server itself; 0: only by hand; 21600 */
  char **cors_origins;    /* whose pages may read answers in a browser; "*": all. NULL-terminated */
  char **trusted_proxies; /* addresses or CIDR blocks whose X-Forwarded-For is believed */
  uint64_t scrub_bytes_per_second; /* at which stored blobs are read again; 0: never; 10 MiB */
  bool allow_uncaged; /* run workers although the kernel lacks Landlock or seccomp; false */
  bool durable;       /* fsync before an answer; true. false is for benchmarks only */
} Config;

/* The tables, for tests of the documentation. */
extern const Section config_section;

/* Reads @path, or gives the defaults when @path is NULL. All that is wrong in it is one
 * ASSAY_ERROR_INVALID, a line each, with file, line, column and key. (transfer full) */
Config *config_load(const char *path, GError **error);
#define CONFIG_SYSTEM_FILE "/etc/assay/assay.yaml"
/* What every subcommand reads: @path (of --config), or else $ASSAY_CONFIG, or else
 * CONFIG_SYSTEM_FILE when it is there, or else the defaults. ASSAY_ERROR_DENIED: there is a file,
 * and we may not read it. (transfer full) */
Config *config_open(const char *path, GError **error);
/* The same for `assay check`: what is wrong is told in *complaints (or NULL), and the rest can be
 * looked at. (transfer full) */
Config *config_open_valid(const char *path, char **complaints, GError **error);
/* The same of a text; @name stands for the file in messages. (transfer full) */
Config *config_parse(Slice text, const char *name, GError **error);
void config_free(Config *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)

/* Replaces the addresses to listen on; plain HTTP stays loopback's alone. NULL-terminated, copied.
 */
void config_set_listen(Config *config, const char *const *addresses);

/* The data folder that holds when neither --data nor the config names one: $ASSAY_DATA, or else
 * /var/lib/assay for root and $XDG_DATA_HOME/assay for others. (transfer full) */
char *config_default_data_folder(void);

/* The limits that hold without a config, for tools that need no server. */
ConfigLimits config_default_limits(void);
