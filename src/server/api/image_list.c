/* Images of all repositories by how they stand: filtered, newest first, a page of them. */
#include <string.h>

#include "base/enum_names.h"
#include "base/json.h"
#include "registry/quarantine.h"
#include "server/api/api-private.h"

/* ?gate=refused, or ?refused=true for short. */
static bool
gate_of(Request *request, StandingFilter *filter)
{
  const char *text = request_query(request, "gate");
  unsigned gate = GATE_REFUSED;
  bool refused = false;
  filter->gate = -1;
  if (!api_flag_of(request, "refused", &refused))
    return false;
  if (refused)
    filter->gate = GATE_REFUSED;
  if (text == NULL)
    return true;
  if (!enum_find(gate_answer_names, text, &gate) || (refused && gate != GATE_REFUSED)) {
    g_autofree char *list = enum_list(gate_answer_names);
    api_refuse(request, "?gate= must be %s, and ?refused= agree with it", list);
    return false;
  }
  filter->gate = (int)gate;
  return true;
}

static bool
filter_of(Request *request, StandingFilter *filter, char **vulnerability)
{
  g_autoptr(GError) error = NULL;
  const char *name = request_query(request, "vulnerability");
  filter->repository = request_query(request, "repository");
  filter->package = request_query(request, "package");
  filter->least = filter->most = 0;
  if (!gate_of(request, filter) || !api_severities_of(request, &filter->severities) ||
      !api_number_of(request, "min_size", 0, G_MAXINT64, &filter->least) ||
      !api_number_of(request, "max_size", 1, G_MAXINT64, &filter->most))
    return false;
  *vulnerability = name == NULL
                       ? NULL
                       : pipeline_vulnerability_id(server_context(request)->pipeline, name, &error);
  filter->vulnerability = *vulnerability;
  if (error == NULL)
    return true;
  respond_error(request, error);
  return false;
}

typedef struct {
  Standing standing;
  char **tags;
  char *quarantined;
  const char *signing; /* or NULL */
} ListedStanding;
#define STANDING_MEMBER(name, member) JSON_MEMBER_AS(name, ListedStanding, standing.member)
static const JsonMember members[] = {
    {STANDING_MEMBER("repository", repository), .kind = &json_text, .required = true},
    {STANDING_MEMBER("digest", manifest), .kind = &json_text, .required = true},
    {JSON_MEMBER(ListedStanding, tags), .kind = &json_texts, .required = true},
    {STANDING_MEMBER("pushed", pushed), .kind = &json_moment, .required = true},
    {STANDING_MEMBER("findings", counts), .kind = &json_counts, .words = severity_names,
     .last_first = true},
    {STANDING_MEMBER("fixable", fixable), .kind = &json_counts, .words = severity_names,
     .last_first = true},
    {JSON_MEMBER_AS("gate", ListedStanding, standing), .kind = &json_part, .table = &api_gate_table,
     .required = true},
    {STANDING_MEMBER("size", size), .kind = &json_number},
    {JSON_MEMBER(ListedStanding, quarantined), .kind = &json_text},
    {JSON_MEMBER(ListedStanding, signing), .kind = &json_text},
};
static const JsonTable table = JSON_TABLE(ListedStanding, members);

const ApiSchema api_standing_schemas[] = {
    {"Standings.images", &table},
    {"Standings.not_known", &api_not_known_table},
    {NULL},
};

/* NULL: failed. */
static json_t *
list_standings(ServerContext *server, const GPtrArray *standings, GError **error)
{
  g_autofree ImageName *names = g_new(ImageName, standings->len);
  for (guint i = 0; i < standings->len; i++) {
    const Standing *standing = g_ptr_array_index(standings, i);
    names[i] = (ImageName){standing->repository, standing->manifest};
  }
  g_autoptr(GPtrArray) tags = registry_tags_of(server->registry, names, standings->len, error);
  json_t *list = tags == NULL ? NULL : json_array();
  for (guint i = 0; list != NULL && i < standings->len; i++) {
    const Standing *standing = g_ptr_array_index(standings, i);
    g_autofree char *quarantined =
        registry_quarantined(server->registry, standing->repository, standing->manifest);
    char **of_image = g_ptr_array_index(tags, i);
    const ListedStanding listed = {
        *standing, of_image, quarantined,
        api_signing_of(server, standing->repository, standing->manifest, of_image)};
    json_array_append_new(list, json_table_write(&table, &listed));
  }
  return list;
}

static bool
sees(const char *repository, void *data)
{
  return request_may(data, VERB_LIST, repository) &&
         request_may(data, VERB_READ_FINDINGS, repository);
}

static void
api_all_images(Request *request)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *vulnerability = NULL;
  ServerContext *server = server_context(request);
  StandingFilter filter;
  Page page;
  uint64_t total = 0;
  if (!api_page_of(request, &page) || !filter_of(request, &filter, &vulnerability))
    return;
  bool all = request_may_all(request, VERB_LIST, NULL) &&
             request_may_all(request, VERB_READ_FINDINGS, NULL);
  filter.sees = all ? NULL : sees;
  filter.data = request;
  g_autoptr(GPtrArray) standings = pipeline_standings(
      server->pipeline, &filter, (int64_t)page.limit, (int64_t)page.offset, &total, &error);
  g_autoptr(Overview) unknown =
      standings == NULL ? NULL : pipeline_unknown(server->pipeline, &error);
  g_autoptr(json_t) list = unknown == NULL ? NULL : list_standings(server, standings, &error);
  if (list == NULL) {
    respond_error(request, error);
    return;
  }
  g_autoptr(json_t) body = json_object();
  api_set_unknown(request, body, unknown);
  api_respond_page_of(request, body, "images", total, &page, g_steal_pointer(&list));
}

const Route api_standing_routes[] = {
    {"GET", "/api/v1/images", "api-all-images", VERB_LIST, ON_WHAT_ONE_MAY, WORK_WAITS,
     .finish = api_all_images},
    {NULL},
};
