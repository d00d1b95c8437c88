/* What becomes of an object: whether it is admitted, and what its author and the audit of the
 * cluster are told. An object is judged by its images; what judges an image is a function of the
 * caller's (ImageJudge), so that this room knows no registry.
 *
 * In this order:
 * - DELETE, CONNECT, and subresources other than ephemeralcontainers are admitted at once.
 * - Kinds that hold no Pod are admitted: whatever they make comes as a Pod.
 * - Objects of exempt namespaces, and exempt images, are admitted.
 * - An UPDATE is judged by the images alone that the stored object does not have: a Deployment can
 *   be scaled while its image is refused. Pods that this makes are judged as they are created.
 * - A Pod of a node's own file is admitted with a warning, for it runs already.
 * - One image that is refused refuses the object; in the mode "warn" that is a warning, and so it
 *   is where the glass is broken (broken_glass.h). To ask for that is a change that is judged.
 *
 * Pure. */
#pragma once

#include "admission/admission_settings.h"
#include "admission/review.h"
#include "admission/workload.h"
#include "base/found.h"
#include "oci/reference.h"

/* The reason why an object may run what is refused, and when that ends (broken_glass.h). */
#define BREAK_GLASS_ANNOTATION "assay/break-glass"
#define BREAK_GLASS_UNTIL      "assay/break-glass-until"

typedef enum {
  IMAGE_ADMITTED,
  IMAGE_REFUSED,
  IMAGE_UNKNOWN, /* it cannot be judged now: `reason` says why */
  IMAGE_PENDING, /* its scan is about to end: ask again */
} ImageState;

/* What is said of an image. Immutable once it is shared; counted. */
typedef struct {
  ImageState state;
  char *reason;        /* a sentence, also of what is admitted by a dry run; or NULL */
  char *policy;        /* that decided; or NULL */
  char *digest;        /* what the name names now; NULL: not known */
  char *repository;    /* of this registry; NULL: it is elsewhere */
  GPtrArray *warnings; /* char * */
  uint64_t generation; /* of verdicts; the caller's own */
  int64_t expires;     /* when it may be otherwise by itself, microseconds since 1970; 0: never */
} ImageAnswer;
/* (transfer full) */
ImageAnswer *image_answer_new(ImageState state);
ImageAnswer *image_answer_ref(ImageAnswer *answer);
void image_answer_unref(ImageAnswer *answer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageAnswer, image_answer_unref)

/* What is asked of an image. */
typedef struct {
  const Reference *name;
  const char *text;         /* image_name_text() of it */
  const char *architecture; /* of the nodes that it may run on; NULL: any */
  const char *os;           /* the same */
} ImageQuestion;
/* May block. (transfer full) */
typedef ImageAnswer *(*ImageJudge)(void *data, const ImageQuestion *question);

typedef struct {
  WorkloadImage *image; /* of AdmissionDecision.images */
  ImageAnswer *answer;
} JudgedImage;

/* Why it is as it is, for the audit of the cluster and for counts. */
typedef enum {
  ADMISSION_BY_IMAGES,     /* they were judged */
  ADMISSION_BY_OPERATION,  /* nothing is to be judged in what is done */
  ADMISSION_BY_KIND,       /* it holds no Pod */
  ADMISSION_BY_NAMESPACE,  /* it is exempt */
  ADMISSION_BY_NO_CHANGE,  /* its images are those that are stored */
  ADMISSION_BY_MIRROR,     /* a node runs it already */
  ADMISSION_BY_MODE,       /* it would be refused, in the mode "enforce" */
  ADMISSION_BY_UNREADABLE, /* its spec is none */
  ADMISSION_BY_GLASS,      /* the glass is broken for its images (broken_glass.h) */
} AdmissionBy;
extern const char *const admission_by_names[];

typedef struct {
  bool allowed;
  bool pending; /* an image is: ask again, or take it as it is */
  AdmissionBy by;
  char *message;       /* why not; NULL when it is allowed */
  GPtrArray *warnings; /* char * */
  GPtrArray *images;   /* WorkloadImage */
  GPtrArray *judged;   /* JudgedImage: those that were, in their order */
} AdmissionDecision;
void admission_decision_free(AdmissionDecision *decision);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdmissionDecision, admission_decision_free)

typedef struct {
  const AdmissionSettings *settings;
  const ClusterSettings *cluster; /* or NULL */
  ImageJudge judge;
  /* Whether what is refused may run all the same; @images: char *, image_key() of each. FOUND:
   * *told says by whom and why. FAILED with *error: somebody asks for it who may not, or nobody can
   * say. May block. */
  Found (*glass)(void *data, const Review *review, const GPtrArray *images, char **told,
                 GError **error);
  void *data;
} AdmissionInput;

/* What an image is remembered by: its name with the digest that it names now, without the tag; with
 * the tag alone where the digest is not known. (transfer full) */
char *image_key(const WorkloadImage *image, const ImageAnswer *answer);

/* (transfer full) */
AdmissionDecision *admission_decide(const AdmissionInput *input, const Review *review);
