/* What links make of the paths that are asked for; see the header. */
#include "inspect/asked_paths.h"

#include <string.h>

#include "inspect/asked_nodes-private.h"
#include "inspect/fixed_places.h"

/* Where ".." of a joined folder may lead. */
#define STATES_MAX 16u

/* Links of ordinary images, between places or folders above them. */
static const char *const usual_links[][2] = {
    {"lib", "/usr/lib"},
    {"lib64", "/usr/lib"},
    {"usr/lib64", "/usr/lib"},
    {"var/lib/rpm", "/usr/lib/sysimage/rpm"},
    {"usr/lib/sysimage/rpm", "/usr/share/rpm"},
    {"usr/lib/sysimage/rpm", "/var/lib/rpm"},
    {"etc/os-release", "/usr/lib/os-release"},
    {"etc/redhat-release", "/usr/lib/redhat-release"},
    {"etc/redhat-release", "/etc/system-release"},
    {"etc/system-release", "/usr/lib/system-release"},
    {"etc/system-release", "/etc/almalinux-release"},
    {"etc/system-release", "/etc/centos-release"},
    {"etc/system-release", "/etc/fedora-release"},
    {"etc/system-release", "/etc/oracle-release"},
    {"etc/system-release", "/etc/rocky-release"},
    {"etc/almalinux-release", "/usr/lib/almalinux-release"},
    {"etc/centos-release", "/usr/lib/centos-release"},
    {"etc/fedora-release", "/usr/lib/fedora-release"},
    {"etc/rocky-release", "/usr/lib/rocky-release"},
    {"etc/system-release-cpe", "/usr/lib/system-release-cpe"},
};

/* --- ways --- */

typedef struct {
  uint32_t trail;
  unsigned beyond; /* so many names below its end, which nothing asks for */
} State;

typedef struct {
  State states[STATES_MAX];
  unsigned count;
  bool doubtful; /* a ".." led out of a folder that nothing asks for, and that may be a link */
} States;

static Trail *
trail_at(const AskedPaths *paths, uint32_t index)
{
  return &g_array_index(paths->trails, Trail, index);
}

static uint32_t
end_of(const AskedPaths *paths, uint32_t trail)
{
  return asked_find(paths, trail_at(paths, trail)->node);
}

static bool
same_trail(const AskedPaths *paths, uint32_t a, uint32_t b)
{
  while (a != b && end_of(paths, a) == end_of(paths, b) && a != ROOT && b != ROOT) {
    a = trail_at(paths, a)->up;
    b = trail_at(paths, b)->up;
  }
  return a == b;
}

static uint32_t
extend_trail(AskedPaths *paths, uint32_t trail, uint32_t node)
{
  Trail longer = {node, trail};
  g_array_append_val(paths->trails, longer);
  return paths->trails->len - 1;
}

static void
add_state(AskedPaths *paths, States *states, State state)
{
  for (unsigned i = 0; i < states->count; i++)
    if (states->states[i].beyond == state.beyond &&
        same_trail(paths, states->states[i].trail, state.trail))
      return;
  if (states->count == STATES_MAX)
    paths->overflowed = true;
  else
    states->states[states->count++] = state;
}

/* From a folder that is a link in truth, ".." leads to the folder above the link's target. */
static void
step_up(AskedPaths *paths, State state, States *next)
{
  if (state.beyond > 0) {
    next->doubtful = true;
    add_state(paths, next, (State){state.trail, state.beyond - 1});
    return;
  }
  add_state(paths, next, (State){trail_at(paths, state.trail)->up, 0});
  uint32_t target = asked_node(paths, end_of(paths, state.trail))->first_target;
  for (; target != NONE; target = g_array_index(paths->targets, Target, target).next) {
    uint32_t trail = g_array_index(paths->targets, Target, target).trail;
    add_state(paths, next, (State){trail_at(paths, trail)->up, 0});
  }
}

static void
step_down(AskedPaths *paths, State state, Slice name, bool make, States *next, bool *grew)
{
  uint32_t node = end_of(paths, state.trail);
  uint32_t child = state.beyond > 0 ? NONE
                   : make           ? asked_make_child(paths, node, name, grew)
                                    : asked_child(paths, node, name);
  if (child != NONE)
    add_state(paths, next, (State){extend_trail(paths, state.trail, child), 0});
  else if (!make)
    add_state(paths, next, (State){state.trail, state.beyond + 1});
}

/* Follows @path from @states on; with @make, nodes are made where there are none. */
static void
follow(AskedPaths *paths, States *states, Slice path, bool make, bool *grew)
{
  Slice name;
  while (slice_next_field(&path, '/', &name)) {
    States next = {.doubtful = states->doubtful};
    if (name.size == 0 || slice_equal_string(name, "."))
      continue;
    for (unsigned i = 0; i < states->count; i++)
      if (slice_equal_string(name, ".."))
        step_up(paths, states->states[i], &next);
      else
        step_down(paths, states->states[i], name, make, &next, grew);
    *states = next;
  }
}

static States
states_at_root(void)
{
  return (States){.states = {{ROOT, 0}}, .count = 1};
}

static Slice
folder_of(const char *path)
{
  const char *slash = strrchr(path, '/');
  return slice_new(path, slash == NULL ? 0 : (size_t)(slash - path));
}

/* The node of @path, or NONE: it is not asked for. */
static uint32_t
node_of(AskedPaths *paths, const char *path, bool make, bool *grew)
{
  States states = states_at_root();
  follow(paths, &states, slice_from_string(path), make, grew);
  return states.count == 1 && states.states[0].beyond == 0 ? end_of(paths, states.states[0].trail)
                                                           : NONE;
}

static States
follow_target(AskedPaths *paths, const char *path, const char *target, bool make, bool *grew)
{
  States states = states_at_root();
  if (*target != '/')
    follow(paths, &states, folder_of(path), make, grew);
  follow(paths, &states, slice_from_string(target), make, grew);
  return states;
}

/* Whether something can be written through a link that leads to the node. */
static bool
is_folder(const AskedPaths *paths, uint32_t node)
{
  return asked_node(paths, node)->children > 0 || asked_node(paths, node)->inside != 0;
}

/* A file as well: what is written below a link to it makes a folder of it, or is refused. */
static bool
is_asked(const AskedPaths *paths, uint32_t node)
{
  return is_folder(paths, node) || asked_node(paths, node)->readings != 0;
}

/* Likewise of a file that is asked for by its folder, and has no node yet. */
static bool
leads_to_file_inside(const AskedPaths *paths, const States *states, const char *target)
{
  Slice rest = slice_from_string(target), field, last = SLICE_EMPTY;
  while (slice_next_field(&rest, '/', &field))
    if (field.size > 0 && !slice_equal_string(field, "."))
      last = field;
  g_autofree char *name = slice_to_string(last);
  for (unsigned i = 0; i < states->count; i++) {
    uint32_t folder = end_of(paths, states->states[i].trail);
    if (states->states[i].beyond == 1 &&
        asked_readings(asked_node(paths, folder)->inside, name) != 0)
      return true;
  }
  return false;
}

/* Remembers where a link to @node leads. True: that was not known. */
static bool
keep_target(AskedPaths *paths, uint32_t node, uint32_t trail)
{
  Node *folder = asked_node(paths, node);
  for (uint32_t i = folder->first_target; i != NONE;
       i = g_array_index(paths->targets, Target, i).next)
    if (same_trail(paths, g_array_index(paths->targets, Target, i).trail, trail))
      return false;
  if (paths->targets->len >= NODES_MAX) {
    paths->overflowed = true;
    return false;
  }
  Target target = {trail, folder->first_target};
  g_array_append_val(paths->targets, target);
  folder->first_target = paths->targets->len - 1;
  return true;
}

/* What of the target is after its last "..". */
static Slice
after_last_up(const char *target)
{
  Slice rest = slice_from_string(target), last = rest, name;
  while (slice_next_field(&rest, '/', &name))
    if (slice_equal_string(name, ".."))
      last = rest;
  return last;
}

static bool
leads_to_folder(const AskedPaths *paths, uint32_t from, Slice path)
{
  Slice name;
  while (from != NONE && slice_next_field(&path, '/', &name))
    if (name.size > 0 && !slice_equal_string(name, "."))
      from = asked_child(paths, from, name);
  return from != NONE && is_folder(paths, from);
}

/* Whether a folder that is asked for could be reached by @path, whatever it counts from. */
static bool
may_lead_to_folder(const AskedPaths *paths, Slice path)
{
  GHashTableIter iter;
  void *edge;
  Slice first = SLICE_EMPTY, rest = path;
  while (slice_next_field(&rest, '/', &first) && first.size == 0)
    continue;
  g_autofree char *name = slice_to_string(first);
  if (*name == '\0')
    return true;
  if (!g_hash_table_contains(paths->names, name))
    return false;
  g_hash_table_iter_init(&iter, paths->edges);
  while (g_hash_table_iter_next(&iter, &edge, NULL))
    if (slice_equal(((const Edge *)edge)->name, first) &&
        leads_to_folder(paths, ((const Edge *)edge)->from, path))
      return true;
  return false;
}

static AskedGrowth
add_symlink(AskedPaths *paths, const char *path, const char *target, bool asked)
{
  bool grew = false, kept = false;
  guint trails = paths->trails->len;
  States states = follow_target(paths, path, target, asked, &grew);
  /* Who knows where it leads when the folders on the way turn out to be links. */
  if ((states.doubtful && may_lead_to_folder(paths, after_last_up(target))) ||
      leads_to_file_inside(paths, &states, target)) {
    asked = true;
    node_of(paths, path, true, &grew);
    states = follow_target(paths, path, target, asked, &grew);
  }
  for (unsigned i = 0; i < states.count; i++) {
    uint32_t to = end_of(paths, states.states[i].trail);
    if (states.states[i].beyond > 0 || (!asked && !is_asked(paths, to)))
      continue;
    uint32_t from = node_of(paths, path, true, &grew);
    if (from == NONE)
      continue;
    grew |= asked_join(paths, from, to);
    /* Of a link that is asked for, as of one to a folder, ".." leads to what is above its target.
     */
    if (asked || is_folder(paths, asked_find(paths, to)))
      kept |= keep_target(paths, asked_find(paths, to), states.states[i].trail);
  }
  if (!kept)
    g_array_set_size(paths->trails, trails);
  return grew ? ASKED_MORE : kept ? ASKED_TURNED : ASKED_SAME;
}

/* --- public --- */

static void
clear_node(void *data)
{
  g_free(((Node *)data)->name);
}

static void
add_place(AskedPaths *paths, const char *place)
{
  bool grew = false, folder = g_str_has_suffix(place, "/");
  g_autofree char *path = g_strndup(place, strlen(place) - folder);
  Node *node = asked_node(paths, node_of(paths, path, true, &grew));
  uint64_t reading = (uint64_t)1 << fixed_places_find_reading(place);
  *(folder ? &node->inside : &node->readings) |= reading;
}

AskedPaths *
asked_paths_new(void)
{
  AskedPaths *paths = g_new0(AskedPaths, 1);
  paths->nodes = g_array_new(FALSE, FALSE, sizeof(Node));
  g_array_set_clear_func(paths->nodes, clear_node);
  paths->names = g_hash_table_new(g_str_hash, g_str_equal);
  paths->trails = g_array_new(FALSE, TRUE, sizeof(Trail));
  paths->targets = g_array_new(FALSE, FALSE, sizeof(Target));
  g_array_set_size(paths->trails, 1);
  paths->edges = g_hash_table_new_full(asked_edge_hash, asked_edge_equal, g_free, NULL);
  asked_add_node(paths, SLICE_EMPTY);
  const char *place;
  for (unsigned i = 0; (place = fixed_places_get(i)) != NULL; i++)
    add_place(paths, place);
  for (size_t i = 0; i < G_N_ELEMENTS(usual_links); i++)
    add_symlink(paths, usual_links[i][0], usual_links[i][1], true);
  return paths;
}

void
asked_paths_free(AskedPaths *paths)
{
  if (paths == NULL)
    return;
  g_hash_table_unref(paths->edges);
  g_hash_table_unref(paths->names);
  g_array_unref(paths->trails);
  g_array_unref(paths->targets);
  g_array_unref(paths->nodes);
  g_free(paths);
}

/* Of the file from @name to @end in a folder. */
static uint64_t
readings_inside(const AskedPaths *paths, uint32_t folder, const char *name, const char *end)
{
  uint64_t inside = asked_node(paths, folder)->inside;
  if (inside == 0)
    return 0;
  g_autofree char *file = g_strndup(name, (size_t)(end - name));
  return asked_readings(inside, file);
}

AskedLook
asked_paths_look(const AskedPaths *paths, const char *path)
{
  AskedLook look = {.asked = true, .readings = asked_node(paths, ROOT)->readings};
  uint32_t node = ROOT;
  for (const char *at = path; *at != '\0';) {
    const char *end = strchrnul(at, '/');
    uint32_t child = asked_child(paths, node, slice_new(at, (size_t)(end - at)));
    look.folder = at == path ? 0 : (size_t)(at - path) - 1;
    if (child == NONE) {
      uint64_t readings = readings_inside(paths, node, at, end);
      look.asked = *end == '\0' && readings != 0;
      look.readings = look.asked ? readings : 0;
      /* What is below a file that is asked for makes a folder of it. */
      look.folder = *end == '/' && readings != 0 ? (size_t)(end - path) : look.folder;
      return look;
    }
    node = child;
    look.readings = asked_node(paths, node)->readings;
    at = *end == '/' ? end + 1 : end;
  }
  look.is_folder = is_folder(paths, node);
  return look;
}

AskedGrowth
asked_paths_add_symlink(AskedPaths *paths, const char *path, const char *target)
{
  if (paths->overflowed || *path == '\0' || *target == '\0')
    return ASKED_SAME;
  return add_symlink(paths, path, target, asked_paths_look(paths, path).asked);
}

AskedGrowth
asked_paths_add_hardlink(AskedPaths *paths, const char *path, const char *target)
{
  bool grew = false;
  guint trails = paths->trails->len;
  if (paths->overflowed || *path == '\0' || !asked_paths_look(paths, path).asked)
    return ASKED_SAME;
  uint32_t from = node_of(paths, path, true, &grew);
  uint32_t to = from == NONE ? NONE : node_of(paths, target, true, &grew);
  grew |= to != NONE && asked_join(paths, from, to);
  g_array_set_size(paths->trails, trails);
  return grew ? ASKED_MORE : ASKED_SAME;
}

bool
asked_paths_overflowed(const AskedPaths *paths)
{
  return paths->overflowed;
}
