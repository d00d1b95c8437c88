/* What inspection saw in an image that is no package: a secret, a malicious file, a weak setting.
 *
 * Observations are made by detectors (inspect/detector.h, `observes`) in the caged worker, travel
 * and are stored as JSON, and become findings (verdict/observed.h). What `shown` holds is all that
 * is ever stored of the evidence: who makes an observation masks it. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/json_table.h"
#include "inventory/severity.h"

/* A new kind is a line here, a name in observation.c and, where it is shown, a kind of finding. */
typedef enum {
  OBSERVED_SECRET,
  OBSERVED_MALWARE,
  OBSERVED_WEAKNESS,      /* of a service or an account in the image: the baseline */
  OBSERVED_CONFIGURATION, /* of how the image is built and run */
  OBSERVED_FACT,          /* a setting, of which the whole image makes weaknesses; never shown */
} ObservationKind;
extern const char *const observation_kind_names[]; /* "secret", "malware", "weakness" ... */

/* Of `rule`, `path`, `title`, `shown` and `scope`, in bytes; more is cut. */
#define OBSERVATION_TEXT_MAX 512u

/* Texts are const, so that who adds one may name literals; an Observation in a list owns them. */
typedef struct {
  ObservationKind kind;
  const char *rule; /* its id: "github-pat", "sshd-permit-root-login" */
  const char *path; /* as LayerEntry has it, after a colon the one in that archive; or a part of the
                 image's config: "config:Env" */
  uint32_t line;    /* from 1; 0: not known */
  Severity severity; /* unknown: that of the rule's row (rule.h) */
  const char *title; /* NULL: that of the rule's row */
  const char *shown; /* masked evidence, or NULL; of a fact its value, never NULL */
  const char *same;  /* hex of a keyed hash: equal for equal secrets; of a malicious file its
                        SHA-256; or NULL */
  const char *scope; /* of a fact: the block that it is in: "Match User git", "[mysqld]"; or NULL */
  unsigned read;     /* index of the LayerFile that it is of */
} Observation;

/* Whether it counts when an upper layer removes its file: whoever has the image has the bytes. */
bool observation_stays(ObservationKind kind);
void observation_free(Observation *observation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Observation, observation_free)
/* With texts made printable, and cut. (transfer full) */
Observation *observation_copy(const Observation *observation);
/* By kind, path, line and rule: for g_ptr_array_sort(). */
int observation_compare(gconstpointer a, gconstpointer b);
extern const JsonTable observation_table;

/* One of an image: with the layer that brought it. */
typedef struct {
  Observation *observation; /* owned */
  uint32_t layer;           /* index from the bottom; or OBSERVED_IN_IMAGE */
  bool removed;             /* the file is in that layer, and an upper one removes it */
} ImageObservation;
/* In the place of a layer: the image as a whole. */
#define OBSERVED_IN_IMAGE UINT32_MAX
/* Takes over @observation. (transfer full) */
ImageObservation *image_observation_new(Observation *observation, uint32_t layer, bool removed);
void image_observation_free(ImageObservation *observation);
extern const JsonTable image_observation_table;
