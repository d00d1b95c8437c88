/* A table for people: columns that line up, as wide as the terminal. The one table writer of all
 * commands.
 *
 * No name, version or digest is ever broken. Where a table is wider than the terminal, in this
 * order: columns that may be cut become narrower, and what is cut ends with an ellipsis; columns
 * that do not fit beside the others continue below, on a line of the same row; a cell that is wider
 * than most of its column pushes what follows it to a line of its own. Cells are cleaned of all
 * that could drive a terminal. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
  COLUMN_CUT = 1 << 0,   /* may be cut at the end, down to `least` */
  COLUMN_RIGHT = 1 << 1, /* numbers */
  COLUMN_EMPTY = 1 << 2, /* is left out when no row has something in it */
} ColumnFlags;

typedef struct {
  const char *title;
  unsigned least; /* cells, of what may be cut; 0: as wide as the title */
  unsigned flags; /* ColumnFlags */
} Column;

typedef struct Columns Columns;

/* @columns lives as long as the table. (transfer full) */
Columns *columns_new(const Column *columns, size_t count);
void columns_free(Columns *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Columns, columns_free)

/* One cell a column; NULL is an empty one. */
void columns_add(Columns *table, const char *const *cells);
/* The cell of the last row gets @colour: a terminal's attributes ("1;31"); NULL: none. */
void columns_colour(Columns *table, size_t column, const char *colour);

/* Lines of at most @width cells (0: unlimited), with the titles first. Nothing when there is no
 * row. (transfer full) */
char *columns_to_text(const Columns *table, unsigned width, bool colour);

/* How many cells of a terminal @text takes: wide characters two, combining ones and colours none.
 */
unsigned text_cells(const char *text);
