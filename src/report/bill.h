/* What a bill of materials says of an image, whatever the format: names of its parts, and the facts
 * that a package URL has no place for. Assay reads them back (inspect/sboms/sboms.h), so that a
 * bill that is scanned gives the findings of the image. Pure. */
#pragma once

#include <glib.h>

#include "report/report.h"

/* In front of the names of facts. */
#define BILL_PREFIX "assay:"

/* What some formats have no member for, as name and value: "source:name", "layer" ... */
typedef void (*BillFactVisitor)(const char *name, const char *value, void *data);
void bill_package_facts(const ImageInventory *inventory, const ImagePackage *package,
                        BillFactVisitor visit, void *data);
void bill_os_facts(const OsRelease *os, BillFactVisitor visit, void *data);
/* What of the image could not be read whole. */
void bill_image_facts(const Report *report, BillFactVisitor visit, void *data);

/* The package URL of each package, in the order of the inventory; one that several packages have
 * has "&n=2" or the like at its end from the second on. (transfer full): char * */
GPtrArray *bill_names(const ImageInventory *inventory);

/* A UUID that is the same for the same @text. (transfer full) */
char *bill_uuid(const char *text);
/* Report.created as RFC 3339 in UTC, to the second. (transfer full) */
char *bill_timestamp(const Report *report);
/* Whether the target is an image and not a folder or a list. */
bool bill_is_of_image(const Report *report);
