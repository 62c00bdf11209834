# Two commands matter: 'make quickstart' and 'make test'. One configuration: release, everywhere.
SWIFT ?= swift
BUILD := $(SWIFT) build -c release
# Compiles what 'swift test' runs and the two executables in one go, so that nothing is compiled twice.
# One test at a time: many of them hold a processor, a port or a deadline, and share two cores.
TEST := $(SWIFT) test -c release --skip-build --no-parallel
# What failed is said once more at the end: it is thousands of lines further up.
TEST_LOG := .build/test.log
RUN = @$(1) 2>&1 | tee $(TEST_LOG); status=$${PIPESTATUS[0]}; \
	[ $$status -eq 0 ] || { echo; echo "What failed ($(TEST_LOG) has all of it):"; grep -A 6 '^✘' $(TEST_LOG) | head -n 200 | grep . || tail -n 20 $(TEST_LOG); }; exit $$status
SHELL := bash
SOURCES := Package.swift Sources Tests
BENCHMARKS := ingest step infer activation linear flights allreduce checkpoint end-to-end

# Where 'make install' puts things; DESTDIR is put in front of all of it, for packages.
PREFIX ?= /usr/local
prefix ?= $(PREFIX)
bindir ?= $(prefix)/bin
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
INSTALLED := \
	$(bindir)/retrainctl \
	$(mandir)/man1/retrainctl.1 \
	$(datadir)/bash-completion/completions/retrainctl \
	$(datadir)/zsh/site-functions/_retrainctl \
	$(datadir)/fish/vendor_completions.d/retrainctl.fish \
	$(datadir)/retrain/pipeline.schema.json \
	$(datadir)/retrain/quickstart.yaml

.DEFAULT_GOAL := help
.PHONY: help deps build build-tests quickstart test check neon fuzz format lint bench install uninstall clean
.NOTPARALLEL:

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## install the system packages that are missing (Debian, Ubuntu)
	@deploy/install-dependencies.sh

build: deps ## build retrainctl and retrain-bench into .build/release
	$(BUILD)

build-tests: deps
	$(BUILD) --build-tests

quickstart: build ## from nothing to a promoted version, learned from a real stream
	@deploy/quickstart.sh

test: lint build-tests ## lint, build and run every test
	$(call RUN,$(TEST))

check: build-tests ## build and run the fast suites: no broker, no end-to-end runs
	$(call RUN,$(TEST) --skip EndToEndTests --skip WorkerTests --skip KafkaTests)

neon: ## compare the kernels' bits with those of AArch64, in an emulator where there is one
	@Tests/CKernelsDigest/check.sh

fuzz: ## read damaged records in every way there is, for half a minute
	@Tests/CJSONFuzz/check.sh

format: ## write the sources as .swift-format says
	$(SWIFT) format format --in-place --recursive $(SOURCES)

lint: ## complain where the sources are not written as .swift-format says
	$(SWIFT) format lint --strict --recursive $(SOURCES)

bench: build ## run every benchmark; one JSON object a line
	@for workload in $(BENCHMARKS); do .build/release/retrain-bench $$workload || exit $$?; done

install: ## install under PREFIX=/usr/local (and DESTDIR): program, man page, completion, schema
	@test -x .build/release/retrainctl || { echo "there is nothing to install yet: 'make build' first" >&2; exit 69; }
	@deploy/install.sh .build/release/retrainctl $(foreach file,$(INSTALLED),'$(DESTDIR)$(file)')

uninstall: ## remove what 'make install' with the same PREFIX and DESTDIR put there
	rm -f $(foreach file,$(INSTALLED),'$(DESTDIR)$(file)')
	-@rmdir '$(DESTDIR)$(datadir)/retrain' 2>/dev/null || true

clean: ## stop what 'retrainctl dev up' left running; remove what was built and the local data
	@if [ -x .build/release/retrainctl ] && [ -d .retrain ]; then .build/release/retrainctl dev down; fi
	rm -rf .build .retrain
