/* What the rows of the table point at, in ecosystem_names.c; and the table of the applications. */
#pragma once

#include "inventory/ecosystem.h"

/* Leading digits and dots of @text. (transfer full) */
char *ecosystem_leading_version(const char *text);
/* @name, and after a colon @version where it is not empty. */
char *ecosystem_join(const char *name, char *version_to_free);
/* The release that the row's aliases have for @alias, of @size bytes; NULL: none. */
const char *ecosystem_alias(const Ecosystem *row, const char *alias, size_t size);

/* The row of an application's ecosystem of this name, of @size bytes; NULL: none. */
const Ecosystem *ecosystem_application_find(const char *name, size_t size);

char *release_of_debian(const Ecosystem *row, const OsRelease *os);
char *release_of_devuan(const Ecosystem *row, const OsRelease *os);
char *release_of_kali(const Ecosystem *row, const OsRelease *os);
char *release_of_parent(const Ecosystem *row, const OsRelease *os);
char *release_of_alpine(const Ecosystem *row, const OsRelease *os);
char *release_of_centos_linux(const Ecosystem *row, const OsRelease *os);
char *release_of_openeuler(const Ecosystem *row, const OsRelease *os);

char *from_osv_alpine(const char *release);
char *from_osv_azure(const char *release);
char *from_osv_opensuse(const char *product);
char *from_osv_red_hat(const char *product);
char *from_osv_suse(const char *product);
char *from_osv_ubuntu(const char *release);
