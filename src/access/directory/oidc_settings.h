/* What the operator says of a provider of OpenID Connect that people log in by: an entry of
 * `access.oidc`. */
#pragma once

#include "access/directory/issuer_settings.h"

typedef struct {
  char *name;  /* people of it have the source "oidc:NAME" */
  char *title; /* what a page to log in calls it; NULL: the name */
  IssuerSettings issuer;
  char *client_id;
  char *client_secret_file; /* its first line; NULL: a public client */
  char **scopes;            /* openid, profile, email */
  char *name_claim;         /* what people are called here; "preferred_username" */
  char *display_claim;      /* "name" */
  char *mail_claim;         /* "email" */
  char *groups_claim;       /* "groups" */
  char **allowed_groups;    /* who is in none of them may not log in; empty: all may */
  char *url;                /* by which browsers reach this registry; NULL: as the request has it */
  uint32_t refresh;         /* people are asked for again after so many seconds; 15 minutes */
  uint32_t stale;           /* ... and while it cannot say they are believed for so long; 24 h */
  uint32_t token_life;      /* seconds, of what `assay login` is given; 30 days */
} OidcSettings;
extern const Section oidc_section;
