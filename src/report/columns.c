/* Laying out a table; see the header. */
#include "report/columns.h"

#include <string.h>

#include "report/report.h"

#define GAP    1u /* between columns */
#define INDENT 4u /* of what continues below */
/* The share of a column's cells, of a hundred, that its width is made for; the rest is wider. */
#define USUAL 90u

typedef struct {
  char *text;
  const char *colour; /* or NULL */
  unsigned cells;
} Cell;

struct Columns {
  const Column *columns;
  size_t count;
  GArray *cells; /* Cell, row by row */
};

/* Where a column is. */
typedef struct {
  bool shown;
  bool below; /* begins a new line of the row */
  unsigned start, width;
} Place;

static void
cell_clear(void *cell)
{
  g_free(((Cell *)cell)->text);
}

Columns *
columns_new(const Column *columns, size_t count)
{
  Columns *table = g_new0(Columns, 1);
  table->columns = columns;
  table->count = count;
  table->cells = g_array_new(FALSE, TRUE, sizeof(Cell));
  g_array_set_clear_func(table->cells, cell_clear);
  return table;
}

void
columns_free(Columns *table)
{
  if (table == NULL)
    return;
  g_array_unref(table->cells);
  g_free(table);
}

/* Of the character at *@text, which is passed; a colour of ours is none. */
static unsigned
take_character(const char **text)
{
  gunichar character = g_utf8_get_char(*text);
  if (character == '\033') {
    *text += strcspn(*text, "m");
    *text += **text != '\0';
    return 0;
  }
  *text += g_utf8_skip[*(const guchar *)*text];
  return g_unichar_iszerowidth(character) ? 0 : g_unichar_iswide(character) ? 2 : 1;
}

unsigned
text_cells(const char *text)
{
  unsigned cells = 0;
  while (*text != '\0')
    cells += take_character(&text);
  return cells;
}

void
columns_add(Columns *table, const char *const *cells)
{
  for (size_t i = 0; i < table->count; i++) {
    Cell cell = {.text = report_clean_text(cells[i])};
    cell.cells = text_cells(cell.text);
    g_array_append_val(table->cells, cell);
  }
}

static size_t
row_count(const Columns *table)
{
  return table->cells->len / table->count;
}

static const Cell *
cell_at(const Columns *table, size_t row, size_t column)
{
  return &g_array_index(table->cells, Cell, row * table->count + column);
}

void
columns_colour(Columns *table, size_t column, const char *colour)
{
  g_array_index(table->cells, Cell, (row_count(table) - 1) * table->count + column).colour = colour;
}

/* --- where columns are --- */

static int
compare_cells(gconstpointer a, gconstpointer b)
{
  unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;
  return (left > right) - (left < right);
}

/* The widest cell; with @most_of them alone that of USUAL percent. */
static unsigned
natural_width(const Columns *table, size_t column, bool most_of_them)
{
  g_autoptr(GArray) widths = g_array_new(FALSE, FALSE, sizeof(unsigned));
  for (size_t row = 0; row < row_count(table); row++)
    g_array_append_val(widths, cell_at(table, row, column)->cells);
  g_array_sort(widths, compare_cells);
  size_t last = widths->len - 1;
  size_t usual = (last * USUAL + 99) / 100;
  unsigned width = g_array_index(widths, unsigned, most_of_them ? usual : last);
  return MAX(width, (unsigned)strlen(table->columns[column].title));
}

static unsigned
least_width(const Columns *table, size_t column)
{
  const Column *each = &table->columns[column];
  return MAX(each->least, (unsigned)strlen(each->title));
}

static bool
is_shown(const Columns *table, size_t column)
{
  if ((table->columns[column].flags & COLUMN_EMPTY) == 0)
    return true;
  for (size_t row = 0; row < row_count(table); row++)
    if (cell_at(table, row, column)->cells > 0)
      return true;
  return false;
}

/* From the left: what does not fit beside the others begins a line. With @narrow columns are made
 * for most of their cells alone, and what may be cut counts with its least width. */
static void
place_columns(const Columns *table, unsigned width, bool narrow, Place *places)
{
  unsigned end = 0;
  bool first = true;
  for (size_t i = 0; i < table->count; i++) {
    Place *place = &places[i];
    *place = (Place){.shown = is_shown(table, i)};
    if (!place->shown)
      continue;
    place->width = natural_width(table, i, narrow);
    if (narrow && (table->columns[i].flags & COLUMN_CUT) != 0)
      place->width = MIN(place->width, least_width(table, i));
    place->below = !first && width > 0 && end + GAP + place->width > width;
    place->start = first ? 0 : place->below ? INDENT : end + GAP;
    end = place->start + place->width;
    first = false;
  }
}

/* What a line has left goes to those of its columns that were made narrower, the last first: it
 * is prose more often than a name is. */
static void
give_rest(const Columns *table, unsigned width, Place *places)
{
  for (size_t i = table->count; i-- > 0;) {
    unsigned end = places[i].start + places[i].width;
    for (size_t j = i + 1; j < table->count && !places[j].below; j++)
      end = places[j].shown ? places[j].start + places[j].width : end;
    if (!places[i].shown || (table->columns[i].flags & COLUMN_CUT) == 0 || end >= width)
      continue;
    unsigned wanted = natural_width(table, i, false) - places[i].width;
    unsigned more = MIN(wanted, width - end);
    places[i].width += more;
    for (size_t j = i + 1; j < table->count && !places[j].below; j++)
      places[j].start += more;
  }
}

static bool
fits_on_a_line(const Columns *table, const Place *places)
{
  for (size_t i = 0; i < table->count; i++)
    if (places[i].shown && places[i].below)
      return false;
  return true;
}

static Place *
places_of(const Columns *table, unsigned width)
{
  Place *places = g_new0(Place, table->count);
  place_columns(table, width, false, places);
  if (fits_on_a_line(table, places))
    return places;
  place_columns(table, width, true, places);
  give_rest(table, width, places);
  return places;
}

/* --- writing --- */

/* At most @cells of @text. (transfer full) */
static char *
cut(const char *text, unsigned cells)
{
  const char *end = text;
  for (unsigned used = 0; *end != '\0';) {
    const char *next = end;
    used += take_character(&next);
    if (used > cells)
      break;
    end = next;
  }
  return g_strndup(text, (size_t)(end - text));
}

/* What a column that may be cut shows of a cell: the cut is marked. (transfer full) */
static char *
shortened(const char *text, unsigned cells)
{
  if (text_cells(text) <= cells)
    return g_strdup(text);
  g_autofree char *start = cut(text, cells - 1); /* a title is a cell at least */
  return g_strconcat(g_strchomp(start), "\xe2\x80\xa6", NULL);
}

typedef struct {
  GString *out;
  unsigned at;    /* cells of the line that are written */
  unsigned width; /* of the terminal; 0: unlimited */
  bool colour;
} Writer;

static void
end_line(Writer *writer)
{
  g_string_append_c(writer->out, '\n');
  writer->at = 0;
}

/* Wider than the terminal: broken where that ends, as the terminal would. */
static void
write_broken(Writer *writer, const char *text)
{
  while (*text != '\0') {
    g_autofree char *part = cut(text, writer->width);
    g_string_append(writer->out, part);
    text += strlen(part);
    if (*text != '\0' && *part != '\0')
      g_string_append_c(writer->out, '\n');
    writer->at = text_cells(part);
    if (*part == '\0')
      return;
  }
}

static void
write_cell(Writer *writer, const Column *column, const Place *place, const char *text,
           const char *colour)
{
  g_autofree char *shown =
      (column->flags & COLUMN_CUT) != 0 ? shortened(text, place->width) : g_strdup(text);
  unsigned cells = text_cells(shown), start = place->start;
  if (cells == 0)
    return;
  if ((column->flags & COLUMN_RIGHT) != 0 && cells < place->width)
    start += place->width - cells;
  if (writer->width > 0 && start + cells > writer->width)
    start = cells < writer->width ? writer->width - cells : 0;
  if (writer->at > 0 && writer->at + GAP > start)
    end_line(writer);
  g_string_append_printf(writer->out, "%*s", (int)(start - writer->at), "");
  if (writer->width > 0 && cells > writer->width) {
    write_broken(writer, shown);
    return;
  }
  bool coloured = writer->colour && colour != NULL;
  g_string_append_printf(writer->out, "%s%s%s%s%s", coloured ? "\033[" : "", coloured ? colour : "",
                         coloured ? "m" : "", shown, coloured ? "\033[0m" : "");
  writer->at = start + cells;
}

char *
columns_to_text(const Columns *table, unsigned width, bool colour)
{
  Writer writer = {.out = g_string_new(NULL), .width = width, .colour = colour};
  if (table->cells->len == 0)
    return g_string_free(writer.out, FALSE);
  g_autofree Place *places = places_of(table, width);
  for (size_t row = 0; row <= row_count(table); row++) {
    for (size_t i = 0; i < table->count; i++) {
      const Cell *cell = row > 0 ? cell_at(table, row - 1, i) : NULL;
      if (!places[i].shown)
        continue;
      if (places[i].below && writer.at > 0)
        end_line(&writer);
      write_cell(&writer, &table->columns[i], &places[i],
                 cell != NULL ? cell->text : table->columns[i].title,
                 cell != NULL ? cell->colour : NULL);
    }
    end_line(&writer);
  }
  return g_string_free(writer.out, FALSE);
}
