# Every habit has one command; each command sets up what it needs. `make` lists them.

# Settings, e.g. `make test JOBS=1`, `make conformance MAX=1000`, `make bench CASES=exp PEERS=numpy`, `make bench
# INSTRUCTIONS=1` (instructions per call too, by valgrind).
JOBS ?= auto
MAX ?= 100
CASES ?=
PEERS ?= numpy torch jax numexpr scipy
INSTRUCTIONS ?=
PYTEST ?=
CONFORMANCE ?=

VENV := .venv
PY := $(VENV)/bin/python
STAMPS := build/stamps
PICTURE := examples/hillshade.png
SOURCES := $(shell find crates csrc -type f -not -path '*/.*') Cargo.toml Cargo.lock pyproject.toml

# One interpreter for PyO3 everywhere, so that no target rebuilds what another built.
export PYO3_PYTHON := $(abspath $(PY))
export VIRTUAL_ENV := $(abspath $(VENV))
export PYTHONDONTWRITEBYTECODE := 1

.DEFAULT_GOAL := help
.PHONY: help setup build demo test test-core test-python test-fusion test-conformance lint format bench conformance docs dist clean

help:  ## list the commands
	@awk -F ':.*##' '/^[a-z-]+:.*##/ { printf "make %-18s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMPS)/setup  ## make .venv with the pinned tools

build: $(STAMPS)/build  ## compile in release mode and install into .venv, editable

demo: build  ## shade the relief of a real elevation model; says where the picture is
	$(PY) examples/hillshade.py --output $(PICTURE)

test: test-core test-python test-fusion test-conformance  ## all tests: Rust, Python, and the public suite where it is installed

test-core:  ## the Rust tests, which need neither C++ nor Python
	cargo test --locked --package corepy-core

test-python: build  ## the Python tests; PYTEST="-k name" chooses
	$(PY) -m pytest -n $(JOBS) -p no:cacheprovider $(PYTEST)

test-fusion: build  ## the Python tests with results of every size deferred, and with none
	COREPY_FUSION=always COREPY_TEST_EXAMPLES=0.25 $(PY) -m pytest -n $(JOBS) -p no:cacheprovider -m "not isa" $(PYTEST)
	COREPY_FUSION=0 COREPY_TEST_EXAMPLES=0.25 $(PY) -m pytest -n $(JOBS) -p no:cacheprovider -m "not isa" $(PYTEST)

test-conformance: build
	$(PY) tools/conformance.py --if-present --max-examples $(MAX) --jobs $(JOBS) $(CONFORMANCE)

conformance: build  ## the public suite array-api-tests, fetched if need be, as is and on the baseline; MAX=examples per test
	$(PY) tools/conformance.py --max-examples $(MAX) --jobs $(JOBS) --isa "" --isa baseline $(CONFORMANCE)

lint: build  ## formats, clippy, ruff, clang-format, mypy, generated files
	PY=$(PY) tools/lint.sh

format: setup  ## rewrite all sources in the project's format
	cargo fmt
	$(VENV)/bin/ruff check --fix-only --quiet
	$(VENV)/bin/ruff format
	$(VENV)/bin/clang-format -i $$(find csrc -name '*.h')

bench: build $(if $(filter-out numpy,$(PEERS)),$(STAMPS)/bench)  ## side by side with the peers; CASES=regex PEERS="numpy ..."
	$(PY) -m benchmarks $(if $(CASES),--cases '$(CASES)') --peers $(PEERS) $(if $(INSTRUCTIONS),--instructions)

docs: build  ## write docs/api.md and the stub anew from the docstrings
	$(PY) tools/generate_stub.py
	$(PY) tools/generate_api.py

dist: setup  ## source distribution and wheel into dist/
	rm -rf dist
	$(PY) -m maturin build --release --locked --sdist --out dist

clean:  ## remove whatever these commands made, .venv included
	rm -rf build target dist $(VENV) benchmarks/report examples/*.png corepy/*.so .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(STAMPS)/setup: requirements-dev.txt tools/venv.sh
	test -x $(PY) || tools/venv.sh $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@mkdir -p $(@D) && touch $@

# A peer that cannot be installed is left out, with a remark in the report.
$(STAMPS)/bench: $(STAMPS)/setup requirements-bench.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements-bench.txt && touch $@ || true

$(STAMPS)/build: $(STAMPS)/setup $(SOURCES)
	$(PY) -m maturin develop --release --locked
	@mkdir -p $(@D) && touch $@
