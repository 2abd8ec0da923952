# The commands of this repository. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin
PYTEST_ARGS ?= -n 2
# A Python that has peers to measure beside ours: see docs/bench/README.md.
PEERS_PYTHON ?=
C_FILES := $(wildcard native/*/*.[ch])
# What the compiled module is made of.
BUILT_FROM := $(wildcard native/include/*.h native/src/*.[ch]) \
	$(addprefix packages/s3dlio-direct/,setup.py ffi_build.py MANIFEST.in)
REQUIREMENTS := $(if $(filter Linux,$(shell uname -s)),requirements-linux.txt,requirements-dev.txt)
# What `make test` runs again over each of the other wires. Without the marker it is all of S3's.
WIRE_TESTS ?= packages/s3dlio-s3 tests/e2e -m "not one_wire"

.DEFAULT_GOAL := help
.PHONY: help install demo test native-test live test-all lint fmt bench dist dist-check clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

install: .venv/.installed ## make .venv with everything editable; .venv/bin/s3-cli is the tool

.venv/.installed: requirements-dev.txt requirements-linux.txt $(wildcard packages/*/pyproject.toml) $(BUILT_FROM)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -r $(REQUIREMENTS)
	@touch $@

demo: install ## copy a real tree past the page cache, to S3, to Azure and back; compare every byte
	$(BIN)/python -m tools.demo

test: native-test install ## run all tests, then those of S3 over requests' own adapter and over TLS
	$(BIN)/python -m pytest $(PYTEST_ARGS)
	S3DLIO_HTTP_ADAPTER=requests $(BIN)/python -m pytest $(PYTEST_ARGS) $(WIRE_TESTS)
	S3DLIO_TEST_TLS=1 $(BIN)/python -m pytest $(PYTEST_ARGS) $(WIRE_TESTS)

native-test: ## build and test the C library: wants make and a C compiler, no Python
	$(MAKE) --silent -C native test

live: install ## test against a bucket or container of yours; says what it needs, does and costs
	$(BIN)/python -m tools.live

test-all: ## run all tests on Python 3.10 to 3.13
	$(PYTHON) -m tools.test_all

lint: install ## check style, types and the repository's own rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run -Werror $(C_FILES)
	$(BIN)/mypy packages tests tools
	$(BIN)/python -m tools.check_repo

fmt: install ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/clang-format -i $(C_FILES)

bench: install ## record the figures of docs/bench
	$(BIN)/python -m tools.bench transfer-memory --output docs/bench/transfer-memory-2gib.json
	$(BIN)/python -m tools.bench small-requests --runs 7 --output docs/bench/small-requests-4kib.json
	$(BIN)/python -m tools.bench plan-memory --runs 1 --output docs/bench/plan-memory-1m.json
	$(BIN)/python -m tools.bench sync-memory --output docs/bench/sync-memory-200k.json
	$(BIN)/python -m tools.bench stdin-stream --output docs/bench/stdin-stream.json
	$(BIN)/python -m tools.bench azure-blobs --runs 5 $(addprefix --peers-python ,$(PEERS_PYTHON)) \
		--output docs/bench/azure-blobs.json
	$(BIN)/python -m tools.bench direct-io --runs 7 --output docs/bench/direct-io-4gib.json
	$(BIN)/python -m tools.bench direct-small --runs 7 --output docs/bench/direct-small-10k.json

dist: install ## build sdists and wheels into dist/
	$(BIN)/python -m tools.dist

dist-check: dist ## try each wheel alone in a fresh environment
	$(BIN)/python -m tools.check_dist

clean: ## remove what the commands above made
	rm -rf .venv .venv-3.* dist build packages/*/build packages/*/src/*.egg-info packages/*/src/*/*.so
	$(MAKE) --silent -C native clean
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .azurite
