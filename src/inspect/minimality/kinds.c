/* Of what kind a file is by its path; see the header. */
#include <string.h>

#include "archive/path.h"
#include "base/slice.h"
#include "inspect/minimality/minimality.h"

typedef struct {
  const char *folder; /* with its slash */
  WeightKind kind;
} Place;

/* From the root. The Filesystem Hierarchy Standard, and what each manager documents. */
static const Place places[] = {
    {"usr/share/doc/", WEIGHT_DOCUMENTATION},
    {"usr/share/man/", WEIGHT_DOCUMENTATION},
    {"usr/share/info/", WEIGHT_DOCUMENTATION},
    {"usr/share/gtk-doc/", WEIGHT_DOCUMENTATION},
    {"usr/share/help/", WEIGHT_DOCUMENTATION},
    {"usr/local/share/doc/", WEIGHT_DOCUMENTATION},
    {"usr/local/share/man/", WEIGHT_DOCUMENTATION},
    {"usr/local/share/info/", WEIGHT_DOCUMENTATION},
    {"usr/local/man/", WEIGHT_DOCUMENTATION},
    {"usr/share/i18n/", WEIGHT_LOCALE},
    {"usr/include/", WEIGHT_BUILD},
    {"usr/local/include/", WEIGHT_BUILD},
    {"usr/local/go/", WEIGHT_BUILD},
    {"usr/local/cargo/", WEIGHT_BUILD},
    {"usr/local/rustup/", WEIGHT_BUILD},
    {"var/cache/apt/", WEIGHT_CACHE},
    {"var/lib/apt/lists/", WEIGHT_CACHE},
    {"var/cache/apk/", WEIGHT_CACHE},
    {"etc/apk/cache/", WEIGHT_CACHE},
    {"var/cache/dnf/", WEIGHT_CACHE},
    {"var/cache/libdnf5/", WEIGHT_CACHE},
    {"var/cache/yum/", WEIGHT_CACHE},
    {"var/cache/tdnf/", WEIGHT_CACHE},
    {"var/cache/zypp/", WEIGHT_CACHE},
    {"var/cache/pacman/pkg/", WEIGHT_CACHE},
    {"var/lib/pacman/sync/", WEIGHT_CACHE},
    {"usr/local/share/.cache/", WEIGHT_CACHE},
    {"go/pkg/mod/", WEIGHT_CACHE},
    {"root/go/pkg/mod/", WEIGHT_CACHE},
    {"opt/conda/pkgs/", WEIGHT_CACHE},
    {"tmp/", WEIGHT_TEMPORARY},
    {"var/tmp/", WEIGHT_TEMPORARY},
    {"var/log/", WEIGHT_TEMPORARY},
};

/* In any home, which may be anywhere; each begins with a dot. */
static const Place home_places[] = {
    {".cache/pip/", WEIGHT_CACHE},      {".cache/uv/", WEIGHT_CACHE},
    {".cache/pypoetry/", WEIGHT_CACHE}, {".cache/yarn/", WEIGHT_CACHE},
    {".cache/go-build/", WEIGHT_CACHE}, {".cache/composer/", WEIGHT_CACHE},
    {".composer/cache/", WEIGHT_CACHE}, {".npm/_cacache/", WEIGHT_CACHE},
    {".m2/repository/", WEIGHT_CACHE},  {".gradle/caches/", WEIGHT_CACHE},
    {".ivy2/cache/", WEIGHT_CACHE},     {".cargo/registry/", WEIGHT_CACHE},
    {".bundle/cache/", WEIGHT_CACHE},   {".rustup/toolchains/", WEIGHT_BUILD},
};

static const char *const shells[] = {"sh",   "bash", "dash",    "rbash",  "ash",
                                     "zsh",  "ksh",  "ksh93",   "mksh",   "csh",
                                     "tcsh", "fish", "busybox", "toybox", NULL};
static const char *const managers[] = {
    "apt",      "apt-get", "apt-cache", "apt-key",  "apt-config", "aptitude", "dpkg",
    "dpkg-deb", "apk",     "dnf",       "dnf-3",    "dnf5",       "microdnf", "yum",
    "tdnf",     "rpm",     "zypper",    "pacman",   "opkg",       "pip",      "pip3",
    "pipx",     "uv",      "poetry",    "npm",      "npx",        "yarn",     "pnpm",
    "corepack", "gem",     "conda",     "composer", NULL};

/* With those names that Debian's alternatives lead to. */
static const char *const tools[] = {
    "curl",    "wget",   "aria2c", "nc",   "ncat",      "netcat", "nc.openbsd", "nc.traditional",
    "socat",   "telnet", "ftp",    "tftp", "ssh",       "scp",    "sftp",       "rsync",
    "git",     "svn",    "hg",     "gdb",  "lldb",      "strace", "ltrace",     "perf",
    "tcpdump", "tshark", "nmap",   "vim",  "vim.basic", "nano",   "emacs",      NULL};

/* Most differ in their first letter. NULL: it is in none of them. */
static const Place *
place_in(const Place *list, size_t count, const char *path)
{
  for (size_t i = 0; i < count; i++)
    if (list[i].folder[0] == path[0] && g_str_has_prefix(path, list[i].folder))
      return &list[i];
  return NULL;
}

/* *@size: of the beginning of @path that names the place. */
static const Place *
place_of(const char *path, size_t *size)
{
  const Place *place = place_in(places, G_N_ELEMENTS(places), path);
  const char *from = path;
  for (const char *dot = *path == '.' ? path : strstr(path, "/."); dot != NULL && place == NULL;
       dot = strstr(dot + 1, "/.")) {
    from = dot + (*dot == '/');
    place = place_in(home_places, G_N_ELEMENTS(home_places), from);
  }
  *size = place == NULL ? 0 : (size_t)(from - path) + strlen(place->folder);
  return place;
}

size_t
weight_folder_of(const char *path, WeightKind kind)
{
  size_t size;
  const Place *place = place_of(path, &size);
  return place != NULL && place->kind == kind ? size : 0;
}

static bool
is_program_folder(Slice folder)
{
  static const char *const folders[] = {"bin",     "usr/bin",       "usr/local/bin",
                                        "sbin",    "usr/sbin",      "usr/local/sbin",
                                        "busybox", "opt/conda/bin", NULL};
  for (size_t i = 0; folders[i] != NULL; i++)
    if (slice_equal_string(folder, folders[i]))
      return true;
  return false;
}

static bool
is_one_of(const char *name, const char *const *list)
{
  for (; *list != NULL; list++)
    if (strcmp(name, *list) == 0)
      return true;
  return false;
}

static WeightKind
kind_of_program(const char *name)
{
  if (is_one_of(name, tools))
    return WEIGHT_TOOL;
  if (is_one_of(name, shells))
    return WEIGHT_SHELL;
  bool pip = g_str_has_prefix(name, "pip3.") && name[strspn(name + 5, "0123456789") + 5] == '\0';
  return pip || is_one_of(name, managers) ? WEIGHT_MANAGER : WEIGHT_OTHER;
}

/* Licences come with the program, or it may not be passed on. */
static bool
is_licence(const char *name)
{
  static const char *const starts[] = {"copyright", "copying",  "licen", "notice",
                                       "patents",   "copyleft", "eula",  NULL};
  for (size_t i = 0; starts[i] != NULL; i++)
    if (g_ascii_strncasecmp(name, starts[i], strlen(starts[i])) == 0)
      return true;
  return false;
}

/* "usr/share/locale/de/LC_MESSAGES/x.mo", "usr/lib/locale/de_DE.utf8/LC_CTYPE" and the archive of
 * these; not what programs are without a language, and not the list of aliases. */
static bool
is_locale(const char *path)
{
  static const char *const folders[] = {"usr/share/locale/", "usr/lib/locale/",
                                        "usr/local/share/locale/", "usr/share/locale-langpack/"};
  for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
    if (!g_str_has_prefix(path, folders[i]))
      continue;
    const char *rest = path + strlen(folders[i]);
    if (strcmp(rest, "locale-archive") == 0)
      return true;
    return strchr(rest, '/') != NULL && !g_str_has_prefix(rest, "C.") &&
           !g_str_has_prefix(rest, "C/") && !g_str_has_prefix(rest, "POSIX/");
  }
  return false;
}

/* What only a linker reads. */
static bool
is_for_linking(const char *path, const char *name)
{
  const char *dot = strrchr(name, '.');
  if (dot == NULL || dot == name)
    return false;
  bool library = g_str_has_prefix(path, "usr/lib") || g_str_has_prefix(path, "lib") ||
                 g_str_has_prefix(path, "usr/local/lib");
  if (library && (strcmp(dot, ".a") == 0 || strcmp(dot, ".la") == 0 || strcmp(dot, ".o") == 0))
    return true;
  return strcmp(dot, ".pc") == 0 && strstr(path, "/pkgconfig/") != NULL;
}

WeightKind
weight_kind_of(const char *path)
{
  const char *name = path_last_name(path);
  if (name > path && is_program_folder(slice_new(path, (size_t)(name - path) - 1)))
    return kind_of_program(name);
  size_t size;
  const Place *place = place_of(path, &size);
  if (place != NULL)
    return place->kind == WEIGHT_DOCUMENTATION && is_licence(name) ? WEIGHT_OTHER : place->kind;
  if (*path == 'u' && is_locale(path))
    return WEIGHT_LOCALE;
  return is_for_linking(path, name) ? WEIGHT_BUILD : WEIGHT_OTHER;
}

bool
weight_is_set_id(const LayerEntry *entry)
{
  bool user = (entry->mode & 04000) != 0 && (entry->mode & 0111) != 0;
  bool group = (entry->mode & 02000) != 0 && (entry->mode & 0010) != 0;
  return entry->kind == LAYER_ENTRY_FILE && (user || group);
}
