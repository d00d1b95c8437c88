/* Names in filters and in distinguished names of LDAP: what a stranger types must stay a value.
 * Pure. */
#pragma once

/* @template with each {name} and {dn} replaced by the value, escaped for a filter (RFC 4515,
 * section 3). A NULL value leaves its place empty. (transfer full) */
char *ldap_fill_filter(const char *template, const char *name, const char *dn);
/* The same for a distinguished name (RFC 4514, section 2.4), or a name with an @ in it, of Active
 * Directory. (transfer full) */
char *ldap_fill_dn(const char *template, const char *name);
