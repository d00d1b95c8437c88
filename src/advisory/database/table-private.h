/* A table: records in the order of their keys, in one file that is written once and never changed.
 *
 * Bad luck is what it is made for. Every byte that is read is checked before it is looked at, on
 * each read, by a CRC that is kept elsewhere: what a disk, a copy or another program did to the
 * file, before it was opened or after, is an error (ASSAY_ERROR_MISMATCH) and never a wrong answer,
 * and a record that is not found is not there. Nothing is mapped into memory, so that a file that
 * becomes shorter is no signal.
 *
 *   blocks    records, some KiB of them each: block_*() below
 *   index     one more block: the first key of each block -> where it is, and its CRC-32C
 *   seal      a page: magic, size and SHA-256 of what is before it, where the index is and its
 *             CRC-32C, and last the CRC-32C of the page
 *
 * A reader holds the index in memory: about one part in sixty of the file. Threads: a reader may be
 * used from any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

typedef struct Table Table;

/* Takes @fd over, also on error; @path is for messages. ASSAY_ERROR_INVALID: not a whole table;
 * _UNSUPPORTED: of another version; _MISMATCH: damaged; _IO. (transfer full) */
Table *table_open(int fd, const char *path, GError **error);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/* Looks for @key. *block (transfer full) holds *record, and is NULL when there is none. */
bool table_find(Table *table, Slice key, GBytes **block, Slice *record, GError **error);
/* Calls @visit for each record whose key begins with @prefix, with the whole key; stops when it
 * returns false with *error set. */
typedef bool (*TableVisitor)(Slice key, Slice record, void *data, GError **error);
bool table_visit(Table *table, Slice prefix, TableVisitor visit, void *data, GError **error);
/* Reads all of the file and compares it with its SHA-256. */
bool table_verify(Table *table, GError **error);
/* Whether some read has found damage, or failed. */
bool table_is_damaged(const Table *table);

typedef struct TableWriter TableWriter;
/* Writes to the empty file that @fd is open on, which stays the caller's. (transfer full) */
TableWriter *table_writer_new(int fd);
void table_writer_free(TableWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TableWriter, table_writer_free)
/* In the order of the keys, each of them once. */
bool table_writer_add(TableWriter *writer, Slice key, Slice record, GError **error);
/* Writes what is left, and the seal. */
bool table_writer_finish(TableWriter *writer, GError **error);

/* A block: entries (key and value, each after its length), where they begin, and their number.
 * Pure; the bytes may be any. */
typedef struct {
  Slice entries, starts;
  size_t count;
} Block;
bool block_parse(Slice bytes, Block *block);
/* False for an entry that is none. */
bool block_entry(const Block *block, size_t number, Slice *key, Slice *value);
/* How many of the first entries have a key that is not greater than @key. */
size_t block_search(const Block *block, Slice key);
/* As memcmp() orders; the shorter first. */
int key_compare(Slice a, Slice b);
