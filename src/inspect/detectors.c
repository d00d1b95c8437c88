/* The list of detectors: what a new one is added to. It stands alone in its file, so that a test or
 * a measurement can be linked with a list of its own. The order is one of preference: the first
 * os-release that is found counts. */
#include "inspect/baseline/baseline.h"
#include "inspect/detector.h"
#include "inspect/integrity/integrity.h"
#include "inspect/languages/languages.h"
#include "inspect/lockfiles/lockfiles.h"
#include "inspect/malware/archives.h"
#include "inspect/malware/clamav.h"
#include "inspect/malware/malware.h"
#include "inspect/minimality/minimality.h"
#include "inspect/packages/packages.h"
#include "inspect/programs/lists.h"
#include "inspect/programs/programs.h"
#include "inspect/programs/version_strings.h"
#include "inspect/sboms/sboms.h"
#include "inspect/secrets/secrets.h"

/* A line a row, so that two changes seldom meet. */
/* clang-format off */
const Detector *const detectors[] = {
    &os_release_detector,
    &dpkg_detector,
    &dpkg_journal_detector,
    &dpkg_files_detector,
    &dpkg_licences_detector,
    &apk_detector,
    &rpm_detector,
    &rpm_journal_detector,
    &rpm_manifest_detector,
    &chisel_detector,
    &pacman_detector,
    &foreign_detector,
    &executable_detector,
    &java_archive_detector,
    &sbom_target_detector,
    &sboms_detector,
    &npm_detector,
    &npm_archive_detector,
    &python_detector,
    &python_archive_detector,
    &conda_detector,
    &ruby_detector,
    &dotnet_detector,
    &composer_detector,
    &pear_detector,
    &wordpress_detector,
    &r_detector,
    &perl_detector,
    &lua_detector,
    &erlang_detector,
    &ocaml_detector,
    &haskell_detector,
    &lockfiles_detector,
    &version_strings_detector,
    &lists_detector,
    &program_sums_detector,
    &dpkg_diversions_detector,
    &contents_detector,
    &secrets_detector,
    &malware_detector,
    &archives_detector,
    &clamav_detector,
    &passwd_detector,
    &shadow_detector,
    &group_detector,
    &gshadow_detector,
    &sshd_detector,
    &trust_detector,
    &sudoers_detector,
    &mysql_detector,
    &mysql_accounts_detector,
    &postgres_detector,
    &redis_detector,
    &yaml_servers_detector,
    &memcached_detector,
    &apache_detector,
    &nginx_detector,
    &tomcat_detector,
    &php_detector,
    &pam_detector,
    &preload_detector,
    &cron_detector,
    &docker_detector,
    &sql_detector,
    &odd_servers_detector,
#ifdef MORE_DETECTORS /* of a measurement, which includes this file */
    MORE_DETECTORS
#endif
    NULL,
};
/* clang-format on */
