/* The one error convention of the program.
 *
 * A function that can fail takes `GError **error` last and returns false or NULL; on success it
 * leaves *error alone. The message names the object and the remedy:
 *
 *   layer sha256:1a2b...: unpacked size passes 10 GiB (raise limits.layer_unpacked_bytes)
 *
 * Most callers need only know what *kind* of thing went wrong, so most rooms set a kind from
 * ASSAY_ERROR. A room whose callers must tell its failures apart more finely has a domain of its
 * own (the registry, whose codes are the OCI error codes). server/ maps both to HTTP in one table;
 * cli/ maps them to exit codes in another. A lower room's message is prefixed with the caller's
 * object by g_prefix_error(), never replaced.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define ASSAY_ERROR (assay_error_quark())

typedef enum {
  ASSAY_ERROR_FAILED,      /* none of the kinds below */
  ASSAY_ERROR_INVALID,     /* input breaks its format or its specification */
  ASSAY_ERROR_LIMIT,       /* input passes a bound that we set; the message names the setting */
  ASSAY_ERROR_MISMATCH,    /* a digest, size or signature does not hold */
  ASSAY_ERROR_NOT_FOUND,   /* the named thing is not there */
  ASSAY_ERROR_EXISTS,      /* the named thing is there already, or changed meanwhile */
  ASSAY_ERROR_DENIED,      /* policy or permission forbids it */
  ASSAY_ERROR_UNSUPPORTED, /* understood, but not something we do */
  ASSAY_ERROR_IO,          /* the operating system failed us: disk, memory, file permissions */
  ASSAY_ERROR_FULL,        /* the disk or its quota is full: the same may work once there is room */
  ASSAY_ERROR_READ_ONLY,   /* the file system takes no writes at all */
  ASSAY_ERROR_NETWORK,     /* a remote did not answer, or not as it should */
  ASSAY_ERROR_TIMEOUT,     /* a deadline passed */
  ASSAY_ERROR_BUSY,        /* try again later: a lock, a queue that is full */
  ASSAY_ERROR_CANCELLED,   /* the caller's Cancellable was triggered */
  ASSAY_ERROR_CHANGED,     /* it is not, or no more, what the caller takes it for */
} AssayErrorCode;

GQuark assay_error_quark(void);

/* Sets *error to ASSAY_ERROR_IO (NOT_FOUND for ENOENT, FULL for ENOSPC and EDQUOT,
 * READ_ONLY for EROFS) with the
 * formatted text, ": " and the text of @errno_value. Always returns false, so that a caller can
 * `return error_set_errno(...)`. */
bool error_set_errno(GError **error, int errno_value, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Sets *error with @code in ASSAY_ERROR. Always returns false. */
bool error_set(GError **error, AssayErrorCode code, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* `make lint` defines this: analysers do not see into error.c, and would follow the path on which
 * an error was set and true came back. */
#ifdef ASSAY_ANALYSER
#define error_set_errno(...) ((void)error_set_errno(__VA_ARGS__), false)
#define error_set(...)       ((void)error_set(__VA_ARGS__), false)
#endif
