/* The fault-injection seam under SQLite, in builds that have one: the system's VFS with writes,
 * syncs, truncations and opens that io_fault() can make fail. */
#include <sqlite3.h>

#include "base/error.h"
#include "storage/fault-private.h"
#include "storage/fault.h"

#ifdef ASSAY_FAULT_INJECTION

/* The methods of an open file, ours before the system's; a table for each that its VFS has. */
typedef struct {
  sqlite3_io_methods methods; /* first: a file's pMethods points here */
  const sqlite3_io_methods *real;
} FaultMethods;

static const sqlite3_io_methods *
real_methods(const sqlite3_file *file)
{
  return ((const FaultMethods *)(const void *)file->pMethods)->real;
}

static int
fault_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset)
{
  if (io_fault())
    return errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  return real_methods(file)->xWrite(file, bytes, size, offset);
}

static int
fault_sync(sqlite3_file *file, int flags)
{
  return io_fault() ? SQLITE_IOERR_FSYNC : real_methods(file)->xSync(file, flags);
}

static int
fault_truncate(sqlite3_file *file, sqlite3_int64 size)
{
  return io_fault() ? SQLITE_IOERR_TRUNCATE : real_methods(file)->xTruncate(file, size);
}

static const sqlite3_io_methods *
with_faults(const sqlite3_io_methods *real)
{
  static FaultMethods tables[8];
  static GMutex lock;
  g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);
  for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
    FaultMethods *table = &tables[i];
    if (table->real == real)
      return &table->methods;
    if (table->real != NULL)
      continue;
    table->real = real;
    table->methods = *real;
    table->methods.xWrite = fault_write;
    table->methods.xSync = fault_sync;
    table->methods.xTruncate = fault_truncate;
    return &table->methods;
  }
  g_error("SQLite has more kinds of files than expected");
}

static sqlite3_vfs *system_vfs;

static int
fault_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out_flags)
{
  if (io_fault())
    return SQLITE_CANTOPEN;
  int code = system_vfs->xOpen(vfs, name, file, flags, out_flags);
  if (code == SQLITE_OK && file->pMethods != NULL)
    file->pMethods = with_faults(file->pMethods);
  return code;
}

void
io_fault_in_sqlite(void)
{
  static sqlite3_vfs vfs;
  if (system_vfs != NULL)
    return;
  system_vfs = sqlite3_vfs_find(NULL);
  vfs = *system_vfs;
  vfs.zName = "assay-fault";
  vfs.pNext = NULL;
  vfs.xOpen = fault_open;
  if (sqlite3_vfs_register(&vfs, 1) != SQLITE_OK)
    g_error("SQLite does not take the VFS");
}

#endif
