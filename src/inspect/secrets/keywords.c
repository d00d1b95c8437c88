/* Which words of a list are in a text; see the header. */
#include "inspect/secrets/keywords.h"

#include <string.h>

#define NO_WORD (-1)

typedef struct {
  uint16_t next[256];
  uint16_t shorter; /* the longest other state that what was read ends with */
  int word;         /* that ends here, or NO_WORD */
  uint16_t ended;   /* the next shorter state with a word; 0: none */
} State;

struct Keywords {
  State *states;
  unsigned count;
  int *same; /* by word: another with the same letters, or NO_WORD */
};

static void
add_word(Keywords *keywords, const char *word, int number)
{
  unsigned state = 0;
  for (; *word != '\0'; word++) {
    uint8_t byte = (uint8_t)g_ascii_tolower(*word);
    if (keywords->states[state].next[byte] == 0) {
      keywords->states[keywords->count].word = NO_WORD;
      keywords->states[state].next[byte] = (uint16_t)keywords->count++;
    }
    state = keywords->states[state].next[byte];
  }
  keywords->same[number] = keywords->states[state].word;
  keywords->states[state].word = number;
}

/* Breadth first: what is shorter is ready before. Each step of a text is one look then. */
static void
join(Keywords *keywords)
{
  g_autofree uint16_t *queue = g_new(uint16_t, keywords->count);
  unsigned head = 0, tail = 0;
  for (unsigned byte = 0; byte < 256; byte++)
    if (keywords->states[0].next[byte] != 0)
      queue[tail++] = keywords->states[0].next[byte];
  while (head < tail) {
    State *state = &keywords->states[queue[head++]];
    const State *shorter = &keywords->states[state->shorter];
    state->ended = shorter->word != NO_WORD ? state->shorter : shorter->ended;
    for (unsigned byte = 0; byte < 256; byte++) {
      uint16_t next = state->next[byte];
      if (next == 0) {
        state->next[byte] = shorter->next[byte];
      } else {
        keywords->states[next].shorter = shorter->next[byte];
        queue[tail++] = next;
      }
    }
  }
}

/* A text may have either case. */
static void
add_upper_case(Keywords *keywords)
{
  for (unsigned state = 0; state < keywords->count; state++)
    for (unsigned letter = 'A'; letter <= 'Z'; letter++)
      keywords->states[state].next[letter] = keywords->states[state].next[letter + 32];
}

Keywords *
keywords_new(const GPtrArray *words)
{
  size_t bytes = 0;
  for (guint i = 0; i < words->len; i++)
    bytes += strlen(g_ptr_array_index(words, i));
  if (bytes > KEYWORDS_BYTES_MAX)
    return NULL;
  Keywords *keywords = g_new0(Keywords, 1);
  keywords->states = g_new0(State, bytes + 1);
  keywords->same = g_new(int, words->len + 1);
  keywords->states[0].word = NO_WORD;
  keywords->count = 1;
  for (guint i = 0; i < words->len; i++)
    add_word(keywords, g_ptr_array_index(words, i), (int)i);
  join(keywords);
  add_upper_case(keywords);
  return keywords;
}

void
keywords_free(Keywords *keywords)
{
  if (keywords == NULL)
    return;
  g_free(keywords->states);
  g_free(keywords->same);
  g_free(keywords);
}

void
keywords_find(const Keywords *keywords, Slice text, bool *seen)
{
  unsigned at = 0;
  for (size_t i = 0; i < text.size; i++) {
    at = keywords->states[at].next[text.data[i]];
    const State *state = &keywords->states[at];
    if (state->word == NO_WORD && state->ended == 0)
      continue;
    for (unsigned each = at; each != 0; each = keywords->states[each].ended)
      for (int word = keywords->states[each].word; word != NO_WORD; word = keywords->same[word])
        seen[word] = true;
  }
}
