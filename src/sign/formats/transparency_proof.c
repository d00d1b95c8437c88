/* Proofs of inclusion; see the header. */
#include "sign/formats/transparency_proof.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "text/base64.h"
#include "text/der.h"

#define HASH_SIZE      32u
#define KEY_HASH_SIZE  4u
#define LINES_MAX      64u             /* of a checkpoint's signatures */
#define SIGNATURE_MARK "\xe2\x80\x94 " /* an em dash */

/* What a hash is over (RFC 6962, 2.1). */
#define LEAF SLICE_LITERAL("\0")
#define NODE SLICE_LITERAL("\1")

/* --- reading --- */

void
inclusion_proof_free(InclusionProof *proof)
{
  if (proof == NULL)
    return;
  g_clear_pointer(&proof->root, g_bytes_unref);
  g_clear_pointer(&proof->hashes, g_ptr_array_unref);
  g_free(proof->checkpoint);
  g_free(proof);
}

bool
json_get_count(const json_t *json, const char *name, uint64_t *number)
{
  const json_t *value = json_object_get(json, name);
  if (json_is_string(value))
    return slice_to_uint64(slice_from_string(json_string_value(value)), number) &&
           *number <= G_MAXINT64;
  if (!json_is_integer(value) || json_integer_value(value) < 0)
    return false;
  *number = (uint64_t)json_integer_value(value);
  return true;
}

/* (transfer full); NULL: it is no hash. */
static GBytes *
read_hash(const char *text)
{
  GBytes *bytes = base64_decode(slice_from_string(text));
  if (bytes != NULL && g_bytes_get_size(bytes) == HASH_SIZE)
    return bytes;
  g_clear_pointer(&bytes, g_bytes_unref);
  return NULL;
}

static bool
read_hashes(const json_t *list, InclusionProof *proof, GError **error)
{
  size_t count = json_array_size(list);
  if (count > PROOF_HASHES_MAX)
    return error_set(error, ASSAY_ERROR_LIMIT, "its proof has more than %u hashes",
                     PROOF_HASHES_MAX);
  for (size_t i = 0; i < count; i++) {
    GBytes *hash = read_hash(json_string_value(json_array_get(list, i)));
    if (hash == NULL)
      return error_set(error, ASSAY_ERROR_INVALID, "its proof has what is no hash");
    g_ptr_array_add(proof->hashes, hash);
  }
  return true;
}

InclusionProof *
inclusion_proof_read(const json_t *json, GError **error)
{
  g_autoptr(InclusionProof) proof = g_new0(InclusionProof, 1);
  const char *checkpoint = json_get_string(json_get_object(json, "checkpoint"), "envelope");
  proof->hashes = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
  proof->root = read_hash(json_get_string(json, "rootHash"));
  /* What is 0 may be left out. */
  if (json_object_get(json, "logIndex") != NULL &&
      !json_get_count(json, "logIndex", &proof->index)) {
    error_set(error, ASSAY_ERROR_INVALID, "its proof has no \"logIndex\"");
    return NULL;
  }
  if (checkpoint == NULL || strlen(checkpoint) > CHECKPOINT_MAX || proof->root == NULL ||
      !json_get_count(json, "treeSize", &proof->size)) {
    error_set(error, ASSAY_ERROR_INVALID,
              "its proof has no \"checkpoint\", no \"rootHash\" or no \"treeSize\"");
    return NULL;
  }
  proof->checkpoint = g_strdup(checkpoint);
  return read_hashes(json_get_array(json, "hashes"), proof, error) ? g_steal_pointer(&proof) : NULL;
}

/* --- the path --- */

bool
inclusion_proof_leads(const InclusionProof *proof, Slice body, uint64_t size, Slice root)
{
  uint8_t hash[HASH_SIZE];
  uint64_t at = proof->index, last = size - 1;
  if (size == 0 || at >= size)
    return false;
  transparency_hash(LEAF, body, SLICE_EMPTY, hash);
  for (guint i = 0; i < proof->hashes->len; i++) {
    Slice other = slice_from_bytes(g_ptr_array_index(proof->hashes, i));
    if (last == 0)
      return false;
    bool right = (at & 1) != 0 || at == last;
    transparency_hash(NODE, right ? other : slice_new(hash, sizeof hash),
                      right ? slice_new(hash, sizeof hash) : other, hash);
    /* The last node of a level without a sibling is the same one further up. */
    while (right && (at & 1) == 0 && at != 0)
      at >>= 1, last >>= 1;
    at >>= 1, last >>= 1;
  }
  return last == 0 && slice_equal(slice_new(hash, sizeof hash), root);
}

/* --- the head of the tree --- */

typedef struct {
  Slice text; /* what is signed */
  Slice origin, signatures;
  uint64_t size;
  GBytes *root;
} Checkpoint;

static void
checkpoint_clear(Checkpoint *checkpoint)
{
  g_clear_pointer(&checkpoint->root, g_bytes_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Checkpoint, checkpoint_clear)

static bool
read_checkpoint(const char *envelope, Checkpoint *checkpoint)
{
  const char *end = g_strrstr(envelope, "\n\n");
  Slice size, root;
  if (end == NULL)
    return false;
  checkpoint->text = slice_new(envelope, (size_t)(end - envelope) + 1);
  checkpoint->signatures = slice_from_string(end + 2);
  Slice rest = checkpoint->text;
  if (!slice_next_field(&rest, '\n', &checkpoint->origin) || checkpoint->origin.size == 0 ||
      !slice_next_field(&rest, '\n', &size) || !slice_to_uint64(size, &checkpoint->size) ||
      !slice_next_field(&rest, '\n', &root))
    return false;
  g_autofree char *text = slice_to_string(root);
  checkpoint->root = read_hash(text);
  return checkpoint->root != NULL;
}

/* Rekor's first version adds the number of a tree: "rekor.example.org - 1193050959916656506". */
static bool
has_tree_number(Slice origin)
{
  size_t digits = 0;
  while (digits < origin.size && g_ascii_isdigit(origin.data[origin.size - 1 - digits]))
    digits++;
  Slice before = slice_sub(origin, 0, origin.size - digits);
  Slice mark = SLICE_LITERAL(" - ");
  return digits > 0 && before.size > mark.size &&
         slice_equal(slice_sub(before, before.size - mark.size, mark.size), mark);
}

/* By what a line of signatures names the log's key. */
static void
hash_key(const TransparencyLog *log, Slice name, bool first_version, uint8_t hash[HASH_SIZE])
{
  static const char rsa[] = "\n\xffPKIX-RSA-PKCS#1v1.5";
  g_autoptr(GBytes) der = public_key_to_der(log->key);
  Slice key = slice_from_bytes(der), fields, algorithm, bits;
  SignatureAlgorithm kind = public_key_cosign_algorithm(log->key);
  if (first_version || kind == ALGORITHM_ECDSA_SHA256)
    transparency_hash(key, SLICE_EMPTY, SLICE_EMPTY, hash);
  else if (kind == ALGORITHM_EDDSA && der_take(&key, DER_LIST, &fields) &&
           der_take(&fields, DER_LIST, &algorithm) && der_take(&fields, DER_BITS, &bits))
    transparency_hash(name, SLICE_LITERAL("\n\1"), slice_sub(bits, 1, bits.size), hash);
  else
    transparency_hash(name, slice_new(rsa, sizeof rsa - 1), key, hash);
}

/* "— NAME BASE64" of the key of the log: *signature (transfer full). */
static bool
take_line_of(Slice line, const Checkpoint *checkpoint, const TransparencyLog *log,
             GBytes **signature)
{
  const Slice mark = SLICE_LITERAL(SIGNATURE_MARK);
  uint8_t hash[HASH_SIZE];
  Slice name;
  bool first_version = has_tree_number(checkpoint->origin);
  if (!slice_has_prefix(line, mark))
    return false;
  Slice rest = slice_sub(line, mark.size, line.size);
  if (!slice_next_field(&rest, ' ', &name) ||
      (!first_version && !slice_equal(name, checkpoint->origin)))
    return false;
  g_autoptr(GBytes) bytes = base64_decode(rest);
  if (bytes == NULL)
    return false;
  Slice left = slice_from_bytes(bytes), key_hash;
  hash_key(log, name, first_version, hash);
  if (!slice_take(&left, KEY_HASH_SIZE, &key_hash) ||
      memcmp(key_hash.data, hash, KEY_HASH_SIZE) != 0)
    return false;
  *signature = g_bytes_new(left.data, left.size);
  return true;
}

/* The first line of the log's key decides: anybody can write many that are wrong, and verifying one
 * takes long. */
static bool
is_signed(const Checkpoint *checkpoint, const TransparencyLog *log)
{
  Slice rest = checkpoint->signatures, line;
  g_autoptr(GBytes) signature = NULL;
  if (log->origin != NULL && !has_tree_number(checkpoint->origin) &&
      !slice_equal_string(checkpoint->origin, log->origin))
    return false;
  for (unsigned i = 0; i < LINES_MAX && slice_next_line(&rest, &line); i++)
    if (take_line_of(line, checkpoint, log, &signature))
      return public_key_verify(log->key, public_key_cosign_algorithm(log->key), checkpoint->text,
                               slice_from_bytes(signature));
  return false;
}

bool
inclusion_proof_names(const InclusionProof *proof, const TransparencyLog *log, Slice id)
{
  g_auto(Checkpoint) checkpoint = {.root = NULL};
  uint8_t hash[HASH_SIZE];
  if (!read_checkpoint(proof->checkpoint, &checkpoint))
    return false;
  hash_key(log, checkpoint.origin, has_tree_number(checkpoint.origin), hash);
  return id.size >= KEY_HASH_SIZE && id.size <= HASH_SIZE && memcmp(id.data, hash, id.size) == 0;
}

bool
inclusion_proof_verify(const InclusionProof *proof, Slice body, const TransparencyLog *log,
                       GError **error)
{
  g_auto(Checkpoint) checkpoint = {.root = NULL};
  if (!read_checkpoint(proof->checkpoint, &checkpoint))
    return error_set(error, ASSAY_ERROR_MISMATCH, "has a checkpoint that is none");
  if (!is_signed(&checkpoint, log))
    return error_set(error, ASSAY_ERROR_MISMATCH, "has a checkpoint that the log did not sign");
  if (!g_bytes_equal(checkpoint.root, proof->root) || checkpoint.size != proof->size)
    return error_set(error, ASSAY_ERROR_MISMATCH, "has the checkpoint of another tree");
  return inclusion_proof_leads(proof, body, checkpoint.size, slice_from_bytes(checkpoint.root)) ||
         error_set(error, ASSAY_ERROR_MISMATCH, "has a proof that does not lead to its checkpoint");
}
