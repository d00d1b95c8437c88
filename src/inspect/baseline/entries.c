/* Facts by name and mode; see the header. */
#include "inspect/baseline/entries.h"

#include <fnmatch.h>
#include <string.h>

#include "archive/path.h"
#include "inspect/baseline/facts.h"
#include "inspect/minimality/minimality.h"

/* What is further down belongs to some application, which knows what it wants. */
#define FOLDER_DEPTH_MAX 3u
/* Below it are no settings, but trees of sources and caches. */
#define REPLACED_DEPTH_MAX 6u

#define FILES   (1u << LAYER_ENTRY_FILE | 1u << LAYER_ENTRY_HARDLINK)
#define FOLDERS (1u << LAYER_ENTRY_FOLDER)
#define LINKS   (1u << LAYER_ENTRY_SYMLINK)

/* Servers whose settings are read (baseline/image-private.h, baseline_has()). */
#define PROGRAMS                                                                                   \
  "sshd mysqld mariadbd postgres redis-server valkey-server mongod memcached apache2 httpd nginx " \
  "sudo crond cron dockerd vsftpd snmpd rsync"
#define HISTORIES                                                                                  \
  ".bash_history .ash_history .sh_history .zsh_history .mysql_history .mariadb_history "           \
  ".psql_history .rediscli_history .python_history .node_repl_history .sqlite_history"

typedef struct {
  const char *key;
  unsigned kinds; /* of entries */
  bool (*is)(const LayerEntry *entry, const char *name);
} EntryRule;

static unsigned
depth_of(const char *path)
{
  unsigned depth = *path != '\0';
  for (; *path != '\0'; path++)
    depth += *path == '/';
  return depth;
}

static bool
is_below(const char *path, const char *const *folders)
{
  for (; *folders != NULL; folders++)
    if (g_str_has_prefix(path, *folders))
      return true;
  return false;
}

/* Whether the file is right in a folder of programs. */
static bool
is_in_programs(const char *path)
{
  const char *slash = strrchr(path, '/');
  g_autofree char *folder = g_strndup(path, slash == NULL ? 0 : (size_t)(slash - path));
  return config_is_one_of(path_last_name(folder), "bin sbin libexec") ||
         g_str_has_prefix(folder, "usr/lib/postgresql/");
}

static bool
is_setuid(const LayerEntry *entry, const char *name)
{
  return (entry->mode & 04000) != 0 && (entry->mode & 0111) != 0;
}

static bool
is_setgid(const LayerEntry *entry, const char *name)
{
  return (entry->mode & 06000) == 02000 && (entry->mode & 0010) != 0;
}

static const char *const system_places[] = {
    "etc/",      "bin/",           "sbin/",           "lib/",     "lib64/", "usr/bin/",
    "usr/sbin/", "usr/local/bin/", "usr/local/sbin/", "usr/lib/", "root/",  "var/spool/cron/",
    NULL,
};

static bool
is_open_file(const LayerEntry *entry, const char *name)
{
  return (entry->mode & 0002) != 0 && is_below(entry->path, system_places);
}

static bool
is_open_folder(const LayerEntry *entry, const char *name)
{
  static const char *const mounted[] = {"dev/", "proc/", "sys/", NULL};
  return (entry->mode & 0002) != 0 && (entry->mode & 01000) == 0 && *entry->path != '\0' &&
         depth_of(entry->path) <= FOLDER_DEPTH_MAX && !is_below(entry->path, mounted);
}

static bool
is_host_key(const LayerEntry *entry, const char *name)
{
  return entry->size > 0 && fnmatch("etc/ssh/ssh_host_*_key", entry->path, 0) == 0;
}

static bool
is_keys_file(const char *path, const char *name)
{
  return config_is_one_of(name, "authorized_keys authorized_keys2") &&
         strstr(path, ".ssh/") != NULL;
}

static bool
is_authorized_keys(const LayerEntry *entry, const char *name)
{
  return entry->size > 0 && is_keys_file(entry->path, name);
}

static bool
is_readable_shadow(const LayerEntry *entry, const char *name)
{
  return entry->size > 0 && (entry->mode & 0004) != 0 &&
         config_is_one_of(entry->path, "etc/shadow etc/gshadow etc/shadow- etc/gshadow-");
}

static bool
is_history(const LayerEntry *entry, const char *name)
{
  return entry->size > 0 && config_is_one_of(name, HISTORIES);
}

static bool
is_program(const LayerEntry *entry, const char *name)
{
  return config_is_one_of(name, PROGRAMS) && is_in_programs(entry->path);
}

/* linux/capability.h, by their numbers. NULL: one that gives no way to more rights. */
static const char *const capabilities[] = {
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    NULL,
    NULL,
    NULL,
    "net_admin",
    NULL,
    NULL,
    NULL,
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    NULL,
    "sys_admin",
    "sys_boot",
    NULL,
    NULL,
    NULL,
    NULL,
    "mknod",
    NULL,
    NULL,
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    NULL,
    NULL,
    NULL,
    NULL,
    "perfmon",
    "bpf",
    "checkpoint_restore",
};

/* Of struct vfs_cap_data: a number of the format, then what is permitted and what is inherited, the
 * lower 32 bits of both and then the upper ones. */
static uint64_t
permitted_of(Slice bytes)
{
  uint32_t format, low, inherited, high = 0;
  if (!slice_take_uint32(&bytes, &format) || !slice_take_uint32(&bytes, &low))
    return 0;
  if (slice_take_uint32(&bytes, &inherited))
    slice_take_uint32(&bytes, &high);
  return (uint64_t)high << 32 | low;
}

/* (transfer full): "cap_setuid, cap_sys_admin"; NULL: none that matters. */
static char *
capability_names(Slice bytes)
{
  uint64_t permitted = permitted_of(bytes);
  g_autoptr(GString) names = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(capabilities); i++)
    if ((permitted >> i & 1) != 0 && capabilities[i] != NULL)
      g_string_append_printf(names, "%scap_%s", names->len > 0 ? ", " : "", capabilities[i]);
  return names->len == 0 ? NULL : g_strdup(names->str);
}

static bool
has_capability(const LayerEntry *entry, const char *name)
{
  if (entry->capabilities.size == 0)
    return false;
  g_autofree char *names = capability_names(entry->capabilities);
  return names != NULL;
}

/* What package managers leave behind when they have cleaned up. */
static bool
is_left_by_cleaning(const char *path, const char *name)
{
  static const char *const folders[] = {"var/cache/dnf/",  "var/cache/yum/",  "var/cache/libdnf5/",
                                        "var/cache/tdnf/", "var/cache/zypp/", NULL};
  bool fetched = strcmp(name, "repomd.xml") == 0 || g_str_has_suffix(name, ".rpm");
  return config_is_one_of(name, "lock urls urls.txt CACHEDIR.TAG .gitignore") ||
         (is_below(path, folders) && !fetched);
}

/* By the table of what an image could shed. A cache may have any number of files: the first of each
 * in a layer counts (entry_facts_first). */
static bool
is_of_cache(const LayerEntry *entry, const char *name)
{
  return entry->size > 0 && weight_folder_of(entry->path, WEIGHT_CACHE) > 0 &&
         !is_left_by_cleaning(entry->path, name);
}

static bool
is_temporary(const LayerEntry *entry, const char *name)
{
  static const char *const folders[] = {"tmp/", "var/tmp/", NULL};
  return entry->size > 0 && is_below(entry->path, folders);
}

/* The file that each repository of a version control system has. */
static bool
is_of_repository(const LayerEntry *entry, const char *name)
{
  static const char *const files[] = {".git/HEAD", ".svn/wc.db", ".hg/requires"};
  for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
    size_t size = strlen(entry->path), end = strlen(files[i]);
    if (entry->size > 0 && size >= end && strcmp(entry->path + size - end, files[i]) == 0 &&
        (size == end || entry->path[size - end - 1] == '/'))
      return true;
  }
  return false;
}

static bool
is_of_workshop(const LayerEntry *entry, const char *name)
{
  return depth_of(entry->path) <= FOLDER_DEPTH_MAX && !config_is_example(entry->path) &&
         config_is_one_of(name, "Dockerfile Containerfile .dockerignore .DS_Store "
                                "docker-compose.yml docker-compose.yaml");
}

static const EntryRule entry_rules[] = {
    {"setuid", FILES, is_setuid},
    {"setgid", FILES, is_setgid},
    {"capability", FILES, has_capability},
    {"open-file", FILES, is_open_file},
    {"open-folder", FOLDERS, is_open_folder},
    {"host-key", FILES, is_host_key},
    {"authorized-keys", FILES, is_authorized_keys},
    {"readable-shadow", FILES, is_readable_shadow},
    {"history", FILES, is_history},
    {"program", FILES | LINKS, is_program},
    {"cache", FILES, is_of_cache},
    {"repository", FILES, is_of_repository},
    {"workshop", FILES, is_of_workshop},
    {"temporary", FILES, is_temporary},
};

uint32_t
entry_facts_first(const LayerEntry *entry, uint32_t set, const char *location, GHashTable *first)
{
  for (size_t i = 0; i < G_N_ELEMENTS(entry_rules); i++) {
    bool cache = entry_rules[i].is == is_of_cache;
    if ((set >> i & 1) == 0 || !(cache || entry_rules[i].is == is_temporary))
      continue;
    size_t size = weight_folder_of(entry->path, cache ? WEIGHT_CACHE : WEIGHT_TEMPORARY);
    g_autofree char *folder = g_strndup(entry->path, size);
    const char *known = g_hash_table_lookup(first, folder);
    if (known == NULL)
      g_hash_table_insert(first, g_steal_pointer(&folder), g_strdup(location));
    else if (strcmp(known, location) != 0)
      set &= ~((uint32_t)1 << i);
  }
  return set;
}

uint32_t
entry_facts_of(const LayerEntry *entry)
{
  const char *name = path_last_name(entry->path);
  uint32_t set = 0;
  for (size_t i = 0; i < G_N_ELEMENTS(entry_rules); i++)
    if ((entry_rules[i].kinds >> entry->kind & 1) != 0 && entry_rules[i].is(entry, name))
      set |= (uint32_t)1 << i;
  return set;
}

void
entry_facts_add(const LayerEntry *entry, uint32_t set, const char *location, LayerInventory *into)
{
  Facts facts = {.into = into, .path = location, .service = "entry"};
  for (size_t i = 0; i < G_N_ELEMENTS(entry_rules); i++) {
    if ((set >> i & 1) == 0)
      continue;
    g_autofree char *names = capability_names(entry->capabilities);
    if (entry_rules[i].is == is_program)
      facts_add(&facts, entry_rules[i].key, path_last_name(entry->path));
    else if (entry_rules[i].is == has_capability)
      facts_add(&facts, entry_rules[i].key, names);
    else
      facts_add_format(&facts, entry_rules[i].key, "%04o, of %u:%u", entry->mode & 07777,
                       entry->uid, entry->gid);
  }
}

char *
entry_facts_location(const LayerEntry *entry)
{
  return entry->kind == LAYER_ENTRY_FOLDER ? g_strconcat(entry->path, ENTRY_OF_FOLDER, NULL)
                                           : g_strdup(entry->path);
}

/* Whether a file of this path may have a fact, whatever its mode: not each file of a home is one.
 * Programs that give way to others are taken away already (worker_harvest.c). */
static bool
may_have_fact(const LayerEntry *entry)
{
  static const char *const places[] = {"etc/", "root/", "var/spool/cron/", NULL};
  const char *name = path_last_name(entry->path);
  return config_is_one_of(name, HISTORIES) || is_keys_file(entry->path, name) ||
         (is_below(entry->path, places) && depth_of(entry->path) <= REPLACED_DEPTH_MAX);
}

bool
entry_facts_may_replace(const LayerEntry *entry)
{
  switch (entry->kind) {
  case LAYER_ENTRY_FOLDER:
    return *entry->path != '\0' && depth_of(entry->path) <= FOLDER_DEPTH_MAX;
  case LAYER_ENTRY_FILE:
  case LAYER_ENTRY_HARDLINK:
  case LAYER_ENTRY_SYMLINK:
  case LAYER_ENTRY_DEVICE:
  case LAYER_ENTRY_OTHER:
    return may_have_fact(entry);
  case LAYER_ENTRY_WHITEOUT:
  case LAYER_ENTRY_OPAQUE:
  case LAYER_ENTRY_GLOBAL:
    return false;
  }
  return false;
}
