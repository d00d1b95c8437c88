/* Checks of what names and modes tell (entries.h). */
#include <string.h>

#include "archive/path.h"
#include "inspect/baseline/checks-private.h"
#include "inspect/baseline/entries.h"
#include "inspect/baseline/facts.h"
#include "inspect/minimality/minimality.h"

/* Programs that distributions install with set-id bits, and that are made for it. */
#define SETUID_USUAL                                                                               \
  "su mount umount passwd chsh chfn newgrp gpasswd sudo sudoedit sudoreplay pkexec ssh-keysign "   \
  "dbus-daemon-launch-helper chage expiry unix_chkpwd unix2_chkpwd pam_timestamp_check "           \
  "polkit-agent-helper-1 fusermount fusermount3 newuidmap newgidmap ping ping4 ping6 arping "      \
  "traceroute6 mount.nfs mount.cifs mount.ecryptfs_private ntfs-3g at crontab bbsuid "             \
  "chrome-sandbox bwrap exim4 exim procmail pppd staprun userhelper usernetctl suexec sg "         \
  "Xorg.wrap Xwrapper cockpit-session doas ksu vmware-user-suid-wrapper snap-confine "             \
  "auth_pam_tool sendmail lxc-user-nic qemu-bridge-helper spice-client-glib-usb-acl-helper "       \
  "screen kismet_cap_linux_wifi dumpcap suid-sandbox-helper opiepasswd opieinfo opiesu otpw-gen"
#define SETGID_USUAL                                                                               \
  SETUID_USUAL                                                                                     \
  " wall write bsd-write ssh-agent mail-lock mail-unlock mail-touchlock dotlockfile "              \
  "mlocate plocate slocate locate postdrop postqueue lockfile utempter mutt_dotlock maildrop "     \
  "lockmail.maildrop ssmtp "                                                                       \
  "emacs movemail camel-lock-helper-1.2 netreport screen-4.9.0 tmux opam-install cron"
#define CAPABLE_USUAL                                                                              \
  "newuidmap newgidmap dumpcap suexec systemd-detect-virt gst-ptp-helper kwin_wayland gnome-shell"
/* Who runs one of these with the rights of root is root. */
#define INTERPRETERS                                                                               \
  "sh bash dash ash zsh ksh csh tcsh fish busybox busybox.static toybox env awk gawk mawk sed "    \
  "perl "                                                                                          \
  "ruby lua node nodejs php tclsh expect find xargs cp mv dd cat tee tar zip rsync vi vim "        \
  "vim.basic "                                                                                     \
  "vim.tiny nano ed emacs less more man nmap git curl wget docker gdb strace nc ncat socat chmod " \
  "chown install make nice timeout time taskset stdbuf ld.so"

/* "python3.11" is one, too. */
static bool
is_interpreter(const char *name)
{
  return config_is_one_of(name, INTERPRETERS) || g_str_has_prefix(name, "python") ||
         g_str_has_prefix(name, "perl5") || g_str_has_prefix(name, "ruby") ||
         g_str_has_prefix(name, "php");
}

static bool
is_of_system(const char *path)
{
  static const char *const folders[] = {"bin/",     "sbin/",      "lib/",
                                        "lib64/",   "usr/bin/",   "usr/sbin/",
                                        "usr/lib/", "usr/lib64/", "usr/libexec/"};
  for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
    if (g_str_has_prefix(path, folders[i]))
      return true;
  return false;
}

typedef void Visit(Baseline *baseline, const BaselineCheck *check, const ImageObservation *of);

static void
visit_facts(Baseline *baseline, const BaselineCheck *check, Visit *visit)
{
  for (guint i = 0; i < baseline->files->len; i++) {
    const FactsOfFile *file = g_ptr_array_index(baseline->files, i);
    for (guint j = 0; j < file->facts->len; j++) {
      const ImageObservation *of = g_ptr_array_index(file->facts, j);
      if (strcmp(of->observation->rule, check->key) == 0)
        visit(baseline, check, of);
    }
  }
}

static void
visit_odd(Baseline *baseline, const BaselineCheck *check, const ImageObservation *of)
{
  const char *path = of->observation->path, *name = path_last_name(path);
  bool told = strcmp(check->rule, "setuid-unusual") == 0 && is_interpreter(name);
  /* Games write one list of scores: Debian's policy, 11.11. */
  if (strcmp(check->rule, "setgid-unusual") == 0 && g_str_has_prefix(path, "usr/games/"))
    return;
  if (!told && !(is_of_system(path) && config_is_one_of(name, check->values)))
    baseline_tell(baseline, check->rule, of, SEVERITY_UNKNOWN, "%s", of->observation->shown);
}

static void
check_odd(Baseline *baseline, const BaselineCheck *check)
{
  visit_facts(baseline, check, visit_odd);
}

static void
visit_interpreter(Baseline *baseline, const BaselineCheck *check, const ImageObservation *of)
{
  if (is_interpreter(path_last_name(of->observation->path)))
    baseline_tell(baseline, check->rule, of, SEVERITY_UNKNOWN, "%s", of->observation->shown);
}

static void
check_interpreters(Baseline *baseline, const BaselineCheck *check)
{
  visit_facts(baseline, check, visit_interpreter);
}

/* Of folders in each other the outermost is told. Files come in the order of their paths; "a/..."
 * is before "a/b/...". */
static void
check_open_folders(Baseline *baseline, const BaselineCheck *check)
{
  g_autofree char *outer = NULL;
  for (guint i = 0; i < baseline->files->len; i++) {
    const FactsOfFile *file = g_ptr_array_index(baseline->files, i);
    const ImageObservation *of = g_ptr_array_index(file->facts, 0);
    if (strcmp(of->observation->rule, check->key) != 0 ||
        !g_str_has_suffix(file->path, ENTRY_OF_FOLDER) ||
        (outer != NULL && g_str_has_prefix(file->path, outer)))
      continue;
    g_free(outer);
    outer = g_strndup(file->path, strlen(file->path) - strlen(ENTRY_OF_FOLDER) + 1);
    baseline_tell(baseline, check->rule, of, SEVERITY_UNKNOWN, "%s", of->observation->shown);
  }
}

/* Jobs of cron have a rule of their own. */
static bool
is_of_cron(const char *path)
{
  return g_str_has_prefix(path, "etc/cron") || g_str_has_prefix(path, "var/spool/cron/") ||
         strcmp(path, "etc/anacrontab") == 0;
}

static void
visit_open(Baseline *baseline, const BaselineCheck *check, const ImageObservation *of)
{
  if (is_of_cron(of->observation->path) == (strcmp(check->rule, "cron-writable-by-all") == 0))
    baseline_tell(baseline, check->rule, of, SEVERITY_UNKNOWN, "%s", of->observation->shown);
}

static void
check_open_files(Baseline *baseline, const BaselineCheck *check)
{
  visit_facts(baseline, check, visit_open);
}

/* Once for each folder of the table of what an image could shed; files come in the order of their
 * paths. */
static void
tell_folders(Baseline *baseline, const BaselineCheck *check, WeightKind kind)
{
  g_autofree char *last = g_strdup("");
  for (guint i = 0; i < baseline->files->len; i++) {
    const FactsOfFile *file = g_ptr_array_index(baseline->files, i);
    for (guint j = 0; j < file->facts->len; j++) {
      const ImageObservation *of = g_ptr_array_index(file->facts, j);
      g_autofree char *folder = g_strndup(file->path, weight_folder_of(file->path, kind));
      if (strcmp(of->observation->rule, check->key) != 0 || strcmp(folder, last) == 0)
        continue;
      baseline_tell(baseline, check->rule, of, SEVERITY_UNKNOWN, "%s", folder);
      g_free(last);
      last = g_steal_pointer(&folder);
    }
  }
}

static void
check_caches(Baseline *baseline, const BaselineCheck *check)
{
  tell_folders(baseline, check, WEIGHT_CACHE);
}

static void
check_temporary(Baseline *baseline, const BaselineCheck *check)
{
  tell_folders(baseline, check, WEIGHT_TEMPORARY);
}

static const BaselineCheck checks[] = {
    {"setuid-interpreter", check_interpreters, "entry.setuid"},
    {"setuid-unusual", check_odd, "entry.setuid", SETUID_USUAL},
    {"setgid-unusual", check_odd, "entry.setgid", SETGID_USUAL},
    {"capability-unusual", check_odd, "entry.capability", CAPABLE_USUAL},
    {"file-writable-by-all", check_open_files, "entry.open-file"},
    {"cron-writable-by-all", check_open_files, "entry.open-file"},
    {"folder-writable-by-all", check_open_folders, "entry.open-folder"},
    {"shadow-readable-by-all", baseline_check_fact, "entry.readable-shadow"},
    {"shell-history", baseline_check_fact, "entry.history"},
    {"package-cache", check_caches, "entry.cache"},
    {"repository-left-in", baseline_check_fact, "entry.repository"},
    {"workshop-left-in", baseline_check_fact, "entry.workshop"},
    {"temporary-left-in", check_temporary, "entry.temporary"},
};
const BaselineChecks entry_checks = {checks, G_N_ELEMENTS(checks)};
