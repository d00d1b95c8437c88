/* The readers of lock files, which the table of lockfiles.c names. */
#pragma once

#include "inspect/lockfiles/lock-private.h"

/* Adds what the file names. A broken one is a note. */
typedef void LockReader(Slice bytes, Lock *lock);

LockReader npm_lock_read;
LockReader yarn_lock_read;
LockReader requirements_read;
LockReader pipfile_lock_read;
LockReader python_toml_read;
LockReader uv_lock_read;
LockReader pylock_read;
LockReader cargo_lock_read;
LockReader go_mod_read;
LockReader go_sum_read;
LockReader go_vendor_read;
LockReader conan_lock_read;
LockReader conanfile_read;
LockReader conaninfo_read;
LockReader gradle_lock_read;
LockReader gradle_verification_read;
LockReader mix_lock_read;
LockReader rebar_lock_read;
LockReader bun_lock_read;
LockReader deno_lock_read;
LockReader composer_lock_read;
LockReader renv_lock_read;
LockReader sbt_lock_read;
LockReader swift_resolved_read;
LockReader julia_manifest_read;
LockReader cabal_freeze_read;
LockReader opam_locked_read;
LockReader prolog_pack_read;
LockReader pom_read;
LockReader nuget_lock_read;
LockReader nuget_config_read;
LockReader nuget_project_read;
LockReader paket_lock_read;
LockReader paket_dependencies_read;
LockReader pnpm_lock_read;
LockReader gemfile_lock_read;
LockReader podfile_lock_read;
LockReader pubspec_lock_read;
LockReader stack_read;
LockReader conda_environment_read;
LockReader gleam_manifest_read;
LockReader gradle_catalog_read;
LockReader conda_lock_read;
