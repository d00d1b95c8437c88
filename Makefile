# A thin front: meson builds, scripts/ do the work. `make help` lists the targets.
BUILD ?= build
PREFIX ?= /usr/local
COUNT ?= 300
OUT ?= packages
SEED ?= 1
MEGABYTES ?= 2048
ROUNDS ?= 10000

.PHONY: all everything help setup demo test test-oidc-providers kubernetes bao deb image package-test setup-package fault race clients differential false-alarms peers conformance bench bench-guard fuzz format lint install uninstall clean

# What is installed, without the tests.
all: $(BUILD)/build.ninja
	ninja -C $(BUILD) installed

everything: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD) --prefix=$(PREFIX)

help:
	@echo 'make             build the program: $(BUILD)/src/cli/assay'
	@echo 'make setup       install every Debian 12 package that the targets below need (root or sudo)'
	@echo 'make demo        install what the demo needs, build, and show the main job on a real image; the server'
	@echo '                 stays up. ONCE=1: stop it at the end. DEMO_PORT=n: the first port to try (5000)'
	@echo 'make test        build with ASan and UBSan, and run every test. TESTS="...": these arguments for pytest'
	@echo 'make kubernetes  admission before a real API server of Kubernetes, which is built from Debian source, once a day, in three minutes'
	@echo 'make bao         keys in a real OpenBao, which is built from its source, once a day, in ten minutes'
	@echo 'make test-oidc-providers  log in by a second provider of OpenID Connect, from npm'
	@echo 'make differential  compare with real unpackers and package managers on random images, with Go on random tars,'
	@echo '                 and with npm, Maven and others on random ranges of versions (where those are installed).'
	@echo '                 COUNT=n: so many images (300), SEED=n: from this seed on (1)'
	@echo 'make peers       compare packages, findings and SBOMs with Trivy, Syft, Grype and osv-scanner, where those are in'
	@echo '                 PATH, on ten images of real packages that npm, pip, Maven, Go, cargo and mmdebstrap make; first,'
	@echo '                 rules for secrets with gitleaks, which Go fetches'
	@echo 'make false-alarms  scan 2 GB of packages of Debian, taken at random: what secrets, malware and weak settings are found'
	@echo '                 in them. MEGABYTES=n: so many (2048), SEED=n'
	@echo 'make fault       damage each kind of file of a data folder, 500 rounds, and start a server on it; and kill -9 one as often'
	@echo 'make race        collection against pushes, pulls, mounts and deletions of the same blobs, with kill -9.'
	@echo '                 ROUNDS=n: so many pushes (10000), SEED=n'
	@echo 'make clients     helm, oras, crane and crictl log in, push and pull (built by Go, where it is installed)'
	@echo 'make lint        the formatter, house rules, analysers, and the release build'
	@echo 'make fuzz        run each fuzz target. SECONDS=n: so long each (60)'
	@echo 'make bench       measure beside docker-registry, nginx and Trivy; the table goes to docs/benchmarks.md'
	@echo 'make bench-guard measure in short, and say which ratios to peers got worse by more than a tenth since that table'
	@echo 'make conformance run the suites of the distribution-spec (needs Go); the report goes to docs/conformance.md'
	@echo 'make format      rewrite the C files as clang-format wants them'
	@echo 'make install     PREFIX=/usr/local, DESTDIR=: program, systemd unit, system user, manual page, completions'
	@echo 'make deb         a Debian package of the program: OUT/assay_VERSION_ARCHITECTURE.deb. OUT=folder (packages)'
	@echo 'make image       a container image of it, an OCI layout: OUT/assay-image (needs umoci, no engine)'
	@echo 'make package-test  make both, and install and run them in a fresh Debian 12 from the mirror'
	@echo 'make uninstall   remove what the last make install from here put down'
	@echo 'make clean       remove all build folders'

setup:
	scripts/setup

demo:
	@scripts/setup build demo
	@echo 'demo: building the program in $(BUILD); the first time takes one to five minutes'
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix=$(PREFIX) >/dev/null || meson setup $(BUILD)
	@scripts/slowly ninja --quiet -C $(BUILD) src/cli/assay
	@ONCE=$(ONCE) ASSAY_BUILD=$(BUILD) scripts/demo

test: setup
	scripts/test $(TESTS)

# oidc-provider is not in Debian; without npm the test says why it is skipped.
test-oidc-providers: setup
	@mkdir -p build-providers
	@! command -v npm >/dev/null || npm install --prefix build-providers --no-audit --no-fund --silent oidc-provider@9
	ASSAY_OIDC_PROVIDERS=$$(test ! -d build-providers/node_modules || echo $(CURDIR)/build-providers) \
		scripts/test tests/integration/test_oidc_providers.py

kubernetes: setup
	ASSAY_KUBERNETES=1 scripts/test tests/integration/test_kubernetes.py

bao: setup
	ASSAY_BAO=1 scripts/test tests/integration/test_bao.py

differential: setup
	+$(MAKE) --no-print-directory everything
	/usr/bin/python3 tests/differential/run.py --program $(BUILD)/src/cli/assay --count $(COUNT) --seed $(SEED)
	/usr/bin/python3 tests/differential/ranges.py --program $(BUILD)/src/cli/assay --count $(COUNT) --seed $(SEED) || test $$? = 77
	/usr/bin/python3 tests/differential/tars.py --lister $(BUILD)/tests/tools/list-tars --seed $(SEED) || test $$? = 77
	/usr/bin/python3 tests/differential/archives.py --program $(BUILD)/src/cli/assay --count $(COUNT) --seed $(SEED)
	/usr/bin/python3 tests/differential/dockerfiles.py --lister $(BUILD)/tests/tools/list-dockerfiles --seed $(SEED) || test $$? = 77

false-alarms: setup
	+$(MAKE) --no-print-directory all
	/usr/bin/python3 tests/false_alarms/run.py --program $(BUILD)/src/cli/assay --folder $(BUILD)/false-alarms --megabytes $(MEGABYTES) --seed $(SEED) || \
		test $$? = 77

peers: setup
	+$(MAKE) --no-print-directory all
	/usr/bin/python3 tests/peers/check_linked.py || test $$? = 77
	/usr/bin/python3 tests/peers/gitleaks.py --program $(BUILD)/src/cli/assay --seed $(SEED) || test $$? = 77
	/usr/bin/python3 tests/peers/run.py --program $(BUILD)/src/cli/assay --folder $(BUILD)/bench-cache/peers || test $$? = 77

bench-guard: setup
	+$(MAKE) --no-print-directory everything
	/usr/bin/python3 bench/guard.py $(BUILD)

conformance: setup
	+$(MAKE) --no-print-directory all
	scripts/conformance --build $(BUILD)

bench: setup
	+$(MAKE) --no-print-directory everything
	scripts/bench $(BUILD)

fuzz: setup
	scripts/fuzz $(or $(filter-out 0,$(SECONDS)),60)

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

lint: setup
	scripts/lint

# The prefix of a build folder can still be changed; only the unit file and the manual pages follow it.
install: $(BUILD)/build.ninja
	meson configure $(BUILD) --prefix=$(PREFIX)
	ninja -C $(BUILD) installed
	meson install --no-rebuild -C $(BUILD) $(if $(DESTDIR),--destdir='$(abspath $(DESTDIR))')

deb: setup-package all
	scripts/deb $(BUILD) $(OUT)

image: setup-package all
	scripts/image $(BUILD)/src/cli/assay $(OUT)/assay-image

package-test: setup all
	ASSAY=$(BUILD)/src/cli/assay ASSAY_PACKAGE_TEST=whole /usr/bin/python3 -m pytest -q -p no:cacheprovider \
	  tests/integration/test_package.py

setup-package:
	scripts/setup build demo package

fault:
	ROUNDS=500 ASSAY_SIGNING_KILLS=100 scripts/test tests/integration/test_corrupted_data.py tests/integration/test_broken_push.py \
	  tests/integration/test_signing_kills.py

race: setup
	test -f build-test/build.ninja || meson setup build-test -Db_sanitize=address,undefined -Db_lundef=false -Dfault_injection=true
	ninja -C build-test src/cli/assay
	/usr/bin/python3 tests/races/collection.py --program build-test/src/cli/assay --rounds $(ROUNDS) --seed $(SEED)

clients: setup
	scripts/clients $(BUILD)/go-clients

uninstall:
	ninja -C $(BUILD) uninstall

clean:
	rm -rf $(BUILD) build-test build-fuzz build-lint
