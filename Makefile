# A thin front: meson builds, scripts/ do the work. Variables: BUILD (folder of the release build), PREFIX and
# DESTDIR (install), ONCE=1 (demo), SECONDS=n (fuzz, a target), TESTS (arguments of pytest).
BUILD ?= build
PREFIX ?= /usr/local

.PHONY: all setup demo test bench fuzz format lint install clean

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

$(BUILD)/build.ninja:
	meson setup $(BUILD) --buildtype=debugoptimized --prefix=$(PREFIX) -Db_pie=true

setup:
	scripts/setup

demo: setup
	+$(MAKE) --no-print-directory all
	ONCE=$(ONCE) ASSAY_BUILD=$(BUILD) scripts/demo

test: setup
	scripts/test $(TESTS)

bench: setup
	+$(MAKE) --no-print-directory all
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
	meson install -C $(BUILD) $(if $(DESTDIR),--destdir='$(abspath $(DESTDIR))')

clean:
	rm -rf $(BUILD) build-test build-fuzz build-lint
