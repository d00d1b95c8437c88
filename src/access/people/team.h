/* Teams: people and robots that grants name together. Members were named here, or by a directory
 * whose groups the team takes in (team_groups): those come and go with each log-in. */
#pragma once

#include "access/access.h"

#define TEAM_GROUPS_MOST 100
#define TEAM_GROUP_MOST  512 /* bytes of a group's name: LDAP has long ones */

typedef struct {
  int64_t id;
  char *name, *description;
  int64_t created;
  char *created_by;
  int64_t members; /* how many */
} Team;
void team_free(Team *team);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Team, team_free)

typedef struct {
  char *name, *kind, *source; /* "alice", "person"; "local" or the directory that named it */
} TeamMember;
void team_member_free(TeamMember *member);

typedef struct {
  char *source, *name; /* "oidc:corp", "developers" */
} TeamGroup;
void team_group_free(TeamGroup *group);

/* All that change: @by: who does it. ASSAY_ERROR_NOT_FOUND, _EXISTS, _INVALID. They block. */
bool teams_create(Access *access, const char *name, const char *description, const char *by,
                  GError **error);
bool teams_describe(Access *access, const char *name, const char *description, const char *by,
                    GError **error);
/* With its members, groups and bindings. */
bool teams_delete(Access *access, const char *name, const char *by, GError **error);
/* A person or a robot. Who is a member already stays one. */
bool teams_add_member(Access *access, const char *name, const char *member, const char *by,
                      GError **error);
/* Only as far as it was named here: what a directory says stays. */
bool teams_remove_member(Access *access, const char *name, const char *member, const char *by,
                         GError **error);
/* @source: "oidc:NAME" or "ldap:NAME". */
bool teams_add_group(Access *access, const char *name, const char *source, const char *group,
                     const char *by, GError **error);
bool teams_remove_group(Access *access, const char *name, const char *source, const char *group,
                        const char *by, GError **error);

/* By name, those after @after (or NULL), at most @limit: Team. (transfer full) */
GPtrArray *teams_after(SqlPool *sql, const char *after, unsigned limit, GError **error);
/* NULL with ASSAY_ERROR_NOT_FOUND. (transfer full) */
Team *teams_find(SqlPool *sql, const char *name, GError **error);
/* By name, those after @after (or NULL), at most @limit: TeamMember. (transfer full) */
GPtrArray *teams_members(SqlPool *sql, int64_t team, const char *after, unsigned limit,
                         GError **error);
/* The names of those that a person or robot is in. (transfer full) */
GStrv teams_of(SqlPool *sql, int64_t principal, GError **error);
/* TeamGroup. (transfer full) */
GPtrArray *teams_groups(SqlPool *sql, int64_t team, GError **error);
