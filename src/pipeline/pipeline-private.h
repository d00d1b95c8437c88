/* What the files of the pipeline share. */
#pragma once

#include <glib.h>

#include "base/cache.h"
#include "inspect/overlay.h"
#include "oci/image_config.h"
#include "pipeline/chains-private.h"
#include "pipeline/early.h"
#include "pipeline/packages-private.h"
#include "pipeline/policy_in_force.h"
#include "pipeline/sboms.h"
#include "pipeline/standings.h"
#include "registry/namespace.h"

/* What waits is in the database; this many images of it are in memory. */
#define IN_FLIGHT_MAX 1000u

/* Of an image's config, which is read in memory. */
#define CONFIG_BYTES_MAX ((size_t)4 * 1024 * 1024)

/* Which images are in memory, and what they wait for: flight.c, backlog.c. */
typedef struct {
  GMutex lock;               /* guards the rest */
  GHashTable *queued_layers; /* digests of layers that are to be inspected, or at work */
  /* Manifest digests that wait for layers, are to be scanned or at work -> whether they were asked
   * for again meanwhile. */
  GHashTable *in_flight;
  GHashTable *waiting; /* manifest digest -> set of layer digests that it waits for */
  bool backlog;        /* the database may hold pending images that are not in flight */
  bool taking_up;      /* a thread is bringing some of them in */
  bool unlisted;       /* a manifest came whose image could not be noted */
  int64_t rest_until;  /* nothing of the backlog is taken up before */
} Scans;

/* The advisories that are in use: advisories.c. */
typedef struct {
  GMutex lock;            /* guards the rest */
  AdvisoryDatabase *open; /* NULL: none yet */
  char *problem;          /* of the file that is there, or NULL */
  char *damage;           /* of the last that was moved aside, or NULL */
  bool watched;           /* they are looked at again; set before that begins */
  bool verified;          /* what was open at the start was read whole; look_job's alone */
  bool untold;            /* the event of those that are open is not written; look_job's alone */
  bool recount;           /* counts of images are of other advisories than the open ones */
} LiveAdvisories;

/* Who is told of changes. */
typedef struct {
  GMutex lock; /* guards the rest, also while it runs */
  void (*changed)(void *data);
  void *data;
} Listener;

/* What is to be judged: keeper.c. */
typedef struct {
  GMutex lock;          /* guards what is below, up to gauges */
  GHashTable *to_judge; /* manifest digests */
  unsigned judging;     /* taken from there, and not written down yet */
  bool judge_all;       /* the rules changed */
  int64_t judged;       /* when some were last, microseconds since 1970 */
  Overview *gauges;     /* what /metrics prints; NULL: not counted yet */
  bool complete;        /* each image has had a standing since the start; judge_job's alone */
  int64_t counted;      /* days, g_get_monotonic_time(); judge_job's alone */
} Keeper;

/* The attestors of the server, made of its rows: attestors.c. */
typedef struct {
  GMutex lock;         /* guards the rest */
  GPtrArray *made;     /* Attestor; NULL: not yet */
  uint64_t generation; /* of the rows that they were made of */
} ServerAttestors;

/* Where looking for images whose bill of materials is due has come to; sbom_job's alone. */
typedef struct {
  char *space;                 /* the namespace, or the last one, of which nothing is left */
  char *repository, *manifest; /* the image there that was looked at last; NULL: none yet */
} SbomPlace;

struct Pipeline {
  PipelineOptions options;
  char *data_folder;
  Registry *registry;
  BlobStore *blobs;
  SqlPool *sql;
  Jobs *jobs;
  Cancellable *stop;   /* jobs_end() */
  uint64_t generation; /* atomic: any verdict may have changed */
  uint64_t judgement;  /* atomic: advisories or policy changed, which known images are judged by */
  Cache *verdicts;     /* gate.c */
  Cache *beside;       /* beside.c */
  ServerAttestors attestors;
  SharedWork *share; /* findings.c */
  EarlyLayers *early;
  Scans scans;
  LiveAdvisories live;
  PolicyInForce policy;
  Listener listener;
  Keeper keeper;
  SbomPlace sboms;
  unsigned older; /* atomic: images that newer detectors are to inspect again; renewal.c */
};

/* Of having a layer inspected. */
typedef enum { LAYER_INSPECTED, LAYER_FAILED, LAYER_POSTPONED } LayerOutcome;

/* --- generation.c --- */

/* Nothing can be stored, so nothing is scanned; what is known is judged as ever. */
bool pipeline_is_idle(const Pipeline *pipeline);
void pipeline_tell(Pipeline *pipeline);    /* those who wait look again */
void pipeline_advance(Pipeline *pipeline); /* counts a change of verdicts */
void pipeline_rejudge(Pipeline *pipeline); /* the same for what every image is judged by */
uint64_t pipeline_judgement(const Pipeline *pipeline); /* counts these */

/* --- flight.c: which images are in memory, and which layers they wait for --- */

bool flight_has_room(Pipeline *pipeline); /* for layers that come before their manifests */
/* False: it is queued already, or at work. */
bool flight_queue_layer(Pipeline *pipeline, const Digest *layer);
bool flight_layer_is_queued(Pipeline *pipeline, const Digest *layer); /* or at work */
/* Images that waited for this layer alone, which is queued no more; when it is @postponed, all that
 * waited for it. (transfer full): char * */
GPtrArray *flight_take_ready(Pipeline *pipeline, const Digest *layer, bool postponed);
/* True when the image is in memory now and was not before; else its scan is told, with @again, that
 * the image was asked for again. Without room it stays in the database, until others are done. */
bool flight_begin(Pipeline *pipeline, const char *manifest, bool again);
/* It waits for all of its layers. */
void flight_note_waiting(Pipeline *pipeline, const char *digest, const Manifest *manifest);
/* True: it waits for nothing more. */
bool flight_stop_waiting_for(Pipeline *pipeline, const char *manifest, const char *layer);
/* True for the one that ends the image's waiting. */
bool flight_end_waiting(Pipeline *pipeline, const char *manifest);
/* *again: the image was asked for meanwhile; *others: there are some in the database. */
void flight_end(Pipeline *pipeline, const char *manifest, bool *again, bool *others);

/* --- pipeline.c --- */

/* A scan of an image, an inspection of a layer; their keys are digests. */
extern const JobKind scan_job, inspect_job;
/* Inspects the layer, unless that is done, and counts it. Cancelled, it is postponed. */
LayerOutcome pipeline_inspect_layer(Pipeline *pipeline, const Digest *layer,
                                    Cancellable *cancellable, int64_t *retry_at, GError **error);
/* Overlays the image's inventories, and stores what comes of it. */
bool pipeline_scan_stored_image(Pipeline *pipeline, const Digest *manifest,
                                Cancellable *cancellable, GError **error);
/* Waits for the layers that are not inspected yet, and with @again for those whose inspection
 * failed; with none missing, the image is next. With one that is to be tried later, so is it. */
void pipeline_wait_for_layers(Pipeline *pipeline, const Digest *digest, const Manifest *manifest,
                              bool again);
/* Has an image of the database scanned; @again: also the layers whose inspection failed. */
void pipeline_take_up_image(Pipeline *pipeline, const char *manifest, bool again);

/* images_store_scan() by the open advisories. */
bool pipeline_store_scan(Pipeline *pipeline, const Digest *digest, const ImageInventory *inventory,
                         bool again, GError **error);

/* --- unjudged_rows.c: what ClamAV made of layers, and when each is looked at again --- */

/* In the transaction that stores what was found in the layer. @again: images that were scanned
 * already have it. */
bool unjudged_note(SqlConnection *db, const LayerInventory *inventory, bool again, GError **error);
/* What is due, those first that failed least often; at most @limit. (transfer full): char * */
GPtrArray *unjudged_due(SqlPool *sql, unsigned limit, GError **error);
/* What other signatures than @signatures judged, or refused, those first whose images were used
 * last; at most @limit. (transfer full): char * */
GPtrArray *unjudged_stale(SqlPool *sql, const char *signatures, unsigned limit, GError **error);
typedef struct {
  ClamavState state;
  bool stale; /* not by @signatures */
  bool due;
} UnjudgedRow;
Found unjudged_row(SqlPool *sql, const char *layer, const char *signatures, UnjudgedRow *row,
                   GError **error);
/* Nothing more is to be done, for now; it failed for another reason than ClamAV's, and is tried
 * later; it is not there any more. SqlWork; char * */
bool unjudged_settle(SqlConnection *db, void *layer, GError **error);
bool unjudged_put_off(SqlConnection *db, void *layer, GError **error);
bool unjudged_forget(SqlConnection *db, void *layer, GError **error);
/* The smallest size that clamd refused; 0: none. And it takes that now. */
bool unjudged_too_large(SqlPool *sql, uint64_t *size, GError **error);
bool unjudged_size_is_taken(SqlPool *sql, uint64_t size, GError **error);
/* clamd was away: what it refused it may take now. */
bool unjudged_doubt_refusals(SqlPool *sql, GError **error);
/* Layers of which it did not judge all; and those that unjudged_stale() gives ("": none). */
bool unjudged_count(SqlPool *sql, const char *signatures, int64_t *unjudged, int64_t *stale,
                    GError **error);

/* --- unjudged.c: judging them again --- */

/* Asks clamd how it is, and has it judge what is due. */
extern const JobKind clamav_job;
/* Has what other signatures judged be judged again, slowly. */
extern const JobKind signatures_job;
void unjudged_write_metrics(Pipeline *pipeline, GString *out);

/* --- keeper.c: rows that follow from others, made in the background --- */

extern const JobKind fill_rows_job; /* asked for at the start */
/* Judges the images that were asked for, and those whose verdict may have turned. */
extern const JobKind judge_job;
/* The image may stand otherwise now: it is judged within seconds. */
void keeper_ask(Pipeline *pipeline, const char *manifest);
/* All images may. */
void keeper_ask_all(Pipeline *pipeline);
/* How many were asked for and are not judged yet. */
unsigned keeper_waiting(Pipeline *pipeline);

/* --- standings.c: how images stand (standings.h) --- */

/* What all are judged by. */
typedef struct {
  char *advisories, *policy; /* the generation ("": there are none), the SHA-256 of the rules */
  int64_t stamp;             /* of both */
  uint64_t judgement;        /* Pipeline.judgement */
} Rules;
Rules *standings_rules(Pipeline *pipeline);
void rules_free(Rules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rules, rules_free)
/* Judges each in all of its repositories, and writes that down. Those that could not be judged now
 * are added to @later. */
bool standings_judge(Pipeline *pipeline, const GPtrArray *manifests, const Rules *rules,
                     GPtrArray *later, GError **error);
/* In one repository, without writing it down. NULL without *error: it is not there any more.
 * (transfer full) */
Standing *standings_judge_one(Pipeline *pipeline, const char *repository, const Digest *digest,
                              GError **error);
/* Images without a standing; those after @last that were judged by other rules; those whose verdict
 * may have turned. (transfer full): char * */
GPtrArray *standings_missing(SqlPool *sql, GError **error);
GPtrArray *standings_stale(SqlPool *sql, const Rules *rules, const char *last, unsigned limit,
                           GError **error);
GPtrArray *standings_expired(SqlPool *sql, int64_t now, GError **error);
/* Of a manifest, and of all, that their repository has no more. */
bool standings_forget(SqlConnection *db, const char *manifest, GError **error);
bool standings_sweep(SqlConnection *db, GError **error);
/* Writes down how many stand how today, and drops what changed long ago. */
bool standings_count_day(SqlPool *sql, GError **error);
/* Of one image in one repository, as stored; judged by the rules of @stamp or by others.
 * NULL without *error: it is not written down. */
Standing *standings_read_one(SqlConnection *db, const char *repository, const char *manifest,
                             int64_t stamp, GError **error);
/* Of twelve columns: unknown to critical, fixable_unknown to fixable_critical. */
void standings_read_counts(SqlRows *rows, int column, uint32_t *counts, uint32_t *fixable);

/* --- sboms.c, sboms_due.c, sboms_rows.c --- */

/* Keeps the bill of materials of an image, by its digest, wherever a namespace asks for it; with
 * the key "" of all those that lack theirs. */
extern const JobKind sbom_job;
/* Drops rows of a manifest, the image or its bill, unless the other of the two is still there. */
bool sboms_forget(SqlConnection *db, const char *manifest, GError **error);
/* The same of all manifests. */
bool sboms_sweep(SqlConnection *db, GError **error);
/* --- backlog.c --- */

/* What a crash or a stop left undone, at the start; what is to be tried again, when it is due. */
extern const JobKind catch_up_job, retry_job;
void backlog_begin(Pipeline *pipeline); /* asks for both */
/* Brings images that wait in the database into memory, as far as there is room. */
extern const JobKind take_up_job;

/* --- deferred.c, deferred_due.c: images whose namespaces have them scanned later, or by hand ---
 */

/* True: it is to be scanned now; else that is noted. Of one that is not scanned, and of which
 * nothing else is known. */
bool deferred_is_due(Pipeline *pipeline, const Digest *manifest);
/* Looks at those of a namespace again, or with "" at all. */
extern const JobKind deferred_job;

/* --- renewal.c --- */

extern const JobKind renew_job;
bool renewal_count(Pipeline *pipeline, GError **error); /* how much there is to do, at the start */
void renewal_begin(Pipeline *pipeline);                 /* asks for it, in a while */
/* Waits while images are scanned that were pushed, for some seconds at most: one thing in the
 * background follows another all the same. False: the job was cancelled. */
bool renewal_give_way(Pipeline *pipeline, Job *job);

/* --- faults.c: what failed, in the metadata database --- */

typedef enum { FAULT_FINAL, FAULT_DOUBTFUL, FAULT_PASSING } FaultKind;
FaultKind fault_kind(const GError *error);
/* *retry_at: when it is to be tried again, microseconds since 1970; 0: the failure is final. */
bool faults_store_layer(SqlPool *sql, const Digest *layer, const GError *fault, int64_t *retry_at,
                        GError **error);
/* The image could not be scanned: notes why, and has it tried again when that is due. */
void faults_note_image(Pipeline *pipeline, const char *manifest, const GError *fault);
/* For an image whose layer is to be tried again then. */
void faults_postpone_image(Pipeline *pipeline, const char *manifest, const char *message,
                           int64_t retry_at);
/* A person cancelled its scan. */
void faults_cancel_image(Pipeline *pipeline, const char *manifest);
/* How an image or layer stands could not be noted, because of @error: nothing is begun for a while,
 * and it is looked at again then. */
void faults_rest(Pipeline *pipeline, const char *digest, const GError *error);
/* Makes everything due that waits for another try. */
bool faults_retry_all(SqlPool *sql, GError **error);
/* *when: the first that is due after @after; G_MAXINT64: none. */
bool faults_next_retry(SqlPool *sql, int64_t after, int64_t *when, GError **error);

/* --- layers.c: what bytes look like, and having them inspected --- */

/* Its file is there, and inspect_looks_like_layer(). */
bool layers_look_inspectable(Pipeline *pipeline, const Digest *digest);
/* Inspects and stores the outcome; *@retry_at when it is postponed. */
LayerOutcome layers_inspect(Pipeline *pipeline, const Digest *digest, Cancellable *cancellable,
                            int64_t *retry_at, GError **error);
/* The same without storing, for @links as well (LayerInventory.links). (transfer full) */
LayerInventory *layers_inspect_for(Pipeline *pipeline, const Digest *digest, const GPtrArray *links,
                                   Cancellable *cancellable, GError **error);

/* --- inventories.c: what inspection found in layers, in the metadata database --- */

typedef enum {
  INVENTORY_ABSENT,
  INVENTORY_THERE,
  INVENTORY_FAILED,
  INVENTORY_POSTPONED /* to be tried again */
} InventoryState;
typedef struct {
  InventoryState state;
  char *failure;    /* of the last two */
  int64_t retry_at; /* of the last: microseconds since 1970 */
} LayerState;
void layer_state_clear(LayerState *state);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(LayerState, layer_state_clear)
/* By @detectors, or where those left nothing by the present ones. ABSENT with *error when the
 * database does not tell. */
LayerState inventories_state(SqlPool *sql, const Digest *layer, uint32_t detectors, GError **error);
/* Adds what ClamAV found in the layer before, in files that it did not judge this time. For newer
 * detectors, and for links that an image asks for: the daemon may fail just then. */
void inventories_keep_finds(SqlPool *sql, LayerInventory *inventory);
bool inventories_store(SqlPool *sql, const LayerInventory *inventory, GError **error);
/* The same in the caller's transaction; @text: its JSON. @again: as unjudged_note() has it. */
bool inventories_write(SqlConnection *db, const LayerInventory *inventory, const char *text,
                       bool again, GError **error);
/* Likewise, of one that may hold nothing by its type. ASSAY_ERROR_INVALID: it could not be
 * inspected; _BUSY: and will be tried again; _NOT_FOUND: it was not inspected. (transfer full) */
LayerInventory *inventories_load_layer(SqlPool *sql, const Descriptor *layer, uint32_t detectors,
                                       GError **error);
/* Whether its inspection found no tar, where its type promises none: nothing is unpacked of it. */
bool inventories_is_none(SqlPool *sql, const Descriptor *layer, uint32_t detectors);

/* --- images.c: images in the metadata database --- */

/* Not for failures, which are faults.c's. */
bool images_set_state(SqlPool *sql, const char *manifest, ScanState state, GError **error);
/* It is to be scanned, since somebody asked for it: the event "image.scan_asked" says who. */
bool images_ask(SqlPool *sql, const char *manifest, GError **error);
/* Whether it is for another runtime than those of containers: WebAssembly, a whole file system in
 * one file, a machine. What is in it cannot be read. */
bool images_runs_elsewhere(const Manifest *manifest);
/* Whether some client would run it: manifest_is_container_image(), or a config that names layers,
 * which is all that containerd looks at, or what is for another runtime, whose scan fails. Reads
 * the config. */
bool images_is_image(BlobStore *blobs, const Manifest *manifest);
/* The bytes of a manifest, from any repository; NULL with *error. */
Manifest *images_load_manifest(SqlPool *sql, const char *manifest, GError **error);
/* Of an image. (transfer full) */
ImageConfig *images_load_config(BlobStore *blobs, const Manifest *manifest, GError **error);
/* Is not scanned before @when, microseconds since 1970 (INT64_MAX: by itself), for the reason @why.
 */
bool images_defer(SqlPool *sql, const char *manifest, int64_t when, const char *why,
                  GError **error);
/* The deferred ones whose time has not come, in repositories of the namespace @name (NULL: all), at
 * most @limit, after @last. (transfer full): char * */
GPtrArray *images_deferred(SqlPool *sql, const char *name, const char *last, unsigned limit,
                           GError **error);
/* Those that wait or whose next try is due; at most @limit, in no order. (transfer full): char * */
GPtrArray *images_pending(SqlPool *sql, unsigned limit, GError **error);
/* Images that need @layer, in a repository that has it, and whose scan is to be or failed, maybe
 * for want of it. (transfer full): char * */
GPtrArray *images_unscanned_without(SqlPool *sql, const Digest *layer, GError **error);
/* Those of @repository that @layer is foreign to, and whose scan is to be or failed. (transfer
 * full): char * */
GPtrArray *images_unscanned_with_foreign(SqlPool *sql, const char *repository, const Digest *layer,
                                         GError **error);
/* Who pushes an image need not have its foreign layers, and so names any: what is in them is told
 * only where each repository that has the image has them, too. ASSAY_ERROR_INVALID: one has not. */
bool images_check_foreign(SqlPool *sql, const Digest *manifest, const Descriptor *layer,
                          GError **error);
/* The present detectors could not inspect it again; *noted: that was not known, or not why. */
bool images_note_renewal(SqlPool *sql, const char *manifest, const char *why, bool *noted,
                         GError **error);
/* With @chain or NULL. @again: of an image that stays scanned, whose rows are made anew. */
bool images_store_scan(SqlPool *sql, const char *manifest, const ImageInventory *inventory,
                       const ImageChain *chain, AdvisoryDatabase *advisories, bool again,
                       GError **error);

/* --- findings.c --- */

/* With the notes on its layers. ASSAY_ERROR_NOT_FOUND when a layer is not inspected, for which it
 * is asked then. (transfer full) */
ImageInventory *findings_load_layers(Pipeline *pipeline, const Digest *manifest, GError **error);
/* ASSAY_ERROR_NOT_FOUND: there are no advisories, and why. */
bool findings_check_advisories(Pipeline *pipeline, GError **error);
/* Of an image without packages: what of it is not known (completeness.h). (transfer full) */
GPtrArray *findings_gaps(Pipeline *pipeline, const Digest *manifest, GError **error);

/* --- looks.c: layers that are inspected once more for links of others --- */

typedef struct {
  Pipeline *pipeline;
  const Digest *image;
  const Manifest *manifest;
  uint32_t detectors; /* whose inventories are overlaid */
  bool inspects;      /* a layer is inspected again, which takes seconds; else it must have been */
  Cancellable *cancellable; /* of that */
  bool missing;             /* one was not */
  size_t used;              /* memory of the image's layers, as image_inventory_admit() counts it */
} LayerLooks;
/* Those of an image, overlaid. ASSAY_ERROR_INVALID: one could not be inspected;
 * ASSAY_ERROR_NOT_FOUND: or was not. (transfer full) */
ImageInventory *looks_load_layers(LayerLooks *looks, GError **error);

/* --- cleaning.c --- */

/* ABSENT: no repository has it any more. */
Found images_manifest_exists(SqlConnection *db, const char *manifest, GError **error);
/* Drop what is kept of a manifest (a SqlWork; char *) or layer, unless it is still there. */
bool images_forget(SqlConnection *db, void *manifest, GError **error);
bool images_forget_layer(SqlPool *sql, const Digest *layer, GError **error);
/* Some of those that are no blobs any more; *more: call again. */
bool images_forget_lost_layers(SqlPool *sql, bool *more, GError **error);
/* At the start. Has images scanned again whose inventories are of a format that is not read any
 * more, or whose scan failed with older detectors. */
bool images_check_detectors(SqlPool *sql, GError **error);
/* The manifests in rows of "id, manifest" in the order of the ids; *last: that of the last of them.
 * (transfer full): char *; NULL: as sql_next() has failed. */
GPtrArray *images_take_page(SqlRows *rows, int64_t *last, GError **error);
/* Scanned images that older detectors inspected: those first that were pulled or pushed last.
 * (transfer full): int64_t, for images_older_manifest() */
GArray *images_of_older_detectors(SqlPool *sql, GError **error);
/* The manifest of one, if it still is; ABSENT: it is not. */
Found images_older_manifest(SqlPool *sql, int64_t image, char **manifest, GError **error);
/* Drops inventories of older detectors, which no image is by any more. */
bool images_drop_older_inventories(SqlPool *sql, GError **error);
/* Drops all that belongs to nothing. */
bool images_sweep(SqlPool *sql, GError **error);
/* Manifests that the pipeline was never told of. (transfer full): char * */
GPtrArray *images_unknown(SqlPool *sql, GError **error);

/* --- rematch.c --- */

/* *due: some image was counted, or some package matched, by other advisories. */
bool rematch_is_due(SqlPool *sql, const AdvisoryDatabase *advisories, bool *due, GError **error);
/* All packages that were matched by others. */
bool rematch_packages(SqlPool *sql, AdvisoryDatabase *advisories, Cancellable *cancellable,
                      GError **error);
/* And all images. Also drops the packages that no image has any more. */
bool rematch_all(SqlPool *sql, AdvisoryDatabase *advisories, Cancellable *cancellable,
                 unsigned *images, GError **error);

/* --- gate.c --- */

/* Of what the gate said of images that will not change. */
Cache *gate_cache_new(void);
/* pipeline_judge_pull() without remembering what it said. */
Verdict *gate_judge_now(Pipeline *pipeline, const char *repository, const char *reference,
                        const StoredManifest *stored, ScanState *scan, GError **error);

/* The same by all checks but those of signatures, for who signs what passes them. */
Verdict *gate_judge_content(Pipeline *pipeline, const char *repository, const char *reference,
                            const StoredManifest *stored, ScanState *scan, GError **error);

/* --- advisories.c: the live database --- */

AdvisoryDatabase *pipeline_advisories(Pipeline *pipeline); /* (transfer full), or NULL */
/* @database, from pipeline_advisories(), is damaged: it is in use no more, its file is moved aside,
 * and there are none until a new one comes. */
void pipeline_lose_advisories(Pipeline *pipeline, AdvisoryDatabase *database,
                              const GError *failure);
/* The same when @database (or NULL) was found damaged while it was asked; *@failure is cleared
 * then. False: it is as it was. */
bool advisories_lost(Pipeline *pipeline, AdvisoryDatabase *database, GError **failure);
void advisories_open_first(Pipeline *pipeline);
/* Takes what is new into use: asked for when the data folder changes, and once a minute. */
extern const JobKind look_job;
/* Counts every image again by what is open. */
extern const JobKind rematch_job;
/* Whether images are, or are to be, counted by the open ones. */
bool advisories_are_counting(Pipeline *pipeline);

/* --- advisory_jobs.c: what keeps them fresh --- */

extern const JobKind watch_job, update_job, rebuild_job;
