/* Addresses that servers listen on. */
#pragma once

#include <stdbool.h>

/* Whether @address is of all interfaces: "*", "0.0.0.0", "::", "0". */
bool address_is_any(const char *address);
/* Whether only the machine itself reaches it: 127.*, ::1, "localhost", a socket. */
bool address_is_local(const char *address);
/* Whether one of a list, with blanks or commas between, is any; that all are local. A "-" before an
 * address, which may then be missing, does not matter. */
bool addresses_have_any(const char *list);
bool addresses_are_local(const char *list);
/* Whether accounts of MySQL and MariaDB of @host may come from any: "%", and what means the same.
 */
bool mysql_host_is_any(const char *host);
