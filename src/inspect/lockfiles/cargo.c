/* Cargo.lock: an array "package" of tables; what has no source is the project's own, or lies beside
 * it (https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html). */
#include "inspect/lockfiles/lockfiles-private.h"

void
cargo_lock_read(Slice bytes, Lock *lock)
{
  g_autoptr(json_t) root = lock_toml(bytes, lock);
  size_t index;
  json_t *package;
  json_array_foreach(json_get_array(root, "package"), index, package) {
    lock_add(lock, json_get_string(package, "name"), json_get_string(package, "version"));
  }
}
