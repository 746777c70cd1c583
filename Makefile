# The two commands: `make demo` and `make test`. Each does all of its own set-up.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export UV_PYTHON_DOWNLOADS := never
export VIRTUAL_ENV := $(CURDIR)/.venv
export PATH := $(CURDIR)/.venv/bin:$(PATH)

RUST_SOURCES := $(shell find crates -name '*.rs' -o -name 'Cargo.toml') Cargo.toml Cargo.lock

.PHONY: help setup demo test quick sim fuzz fuzz-models shapes lint bench peers proofs wheel lock clean
help:            ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/  /'

.venv/.python: requirements/dev.txt
	@scripts/environment.sh $(PYTHON) requirements/dev.txt
	@touch $@

.venv/.extension: .venv/.python $(RUST_SOURCES) pyproject.toml
	@cargo build --release --quiet --package lex7-py --features pyo3/extension-module
	@scripts/link.sh
	@touch $@

setup: .venv/.extension  ## the Python environment and the Rust extension

demo: setup      ## the main job on a sample person's files
	@$(BIN)/python scripts/demo.py

test: setup      ## every test: Rust, Python, tidy
	cargo test --quiet --workspace --exclude lex7-py
	$(BIN)/python -m pytest -n 2

quick: setup     ## the tests that run in seconds
	$(BIN)/python -m pytest -n 2 -m 'not slow'

sim: setup       ## the simulated lattice: `make sim SEED=7`, or `make sim SEEDS=0:5000`
	@$(BIN)/python -m lex7.sim $(if $(SEED),--seed $(SEED),$(if $(SEEDS),--seeds $(SEEDS),))

lint: setup      ## formatters, linters, types, import contracts
	cargo fmt --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m mypy.stubtest lex7._core --mypy-config-file pyproject.toml --allowlist tests/tidy/stubtest_allowlist.txt

bench: setup     ## every benchmark, as a table; `make bench JSON=1` for JSON
	@scripts/environment.sh $(PYTHON) requirements/dev.txt requirements/bench.txt
	@for file in bench/*.py; do $(BIN)/python $$file $(if $(JSON),--json,); done

fuzz: setup      ## coverage-guided fuzzing; `make fuzz N=10000000 TARGET=decoder`
	@scripts/fuzz.sh $(or $(N),200000) $(TARGET)

fuzz-models: setup  ## damaged model files, snapshots and tokenizers; `make fuzz-models COUNT=1000000`
	$(BIN)/python fuzz/models.py --count $(or $(COUNT),20000)

shapes: setup    ## every pinned shape, not only the smallest; some minutes, 1 GB of disk
	LEX7_SHAPES=all $(BIN)/python -m pytest -q tests/law/ssm/test_published_hashes.py

proofs: setup    ## the laws of rules and corrections at full size; an hour of one core
	$(BIN)/python scripts/proofs.py
	$(BIN)/python -m pytest -q -m slow tests/law/directive/test_bounds.py

peers:           ## llama.cpp and transformers in .peers, for `lex7 model bench --peers`
	@scripts/peers.sh $(PYTHON)

wheel:           ## an abi3 wheel in dist/
	$(BIN)/maturin build --release --out dist

lock:            ## pin every dependency again
	scripts/lock.sh

clean:           ## what builds have left behind
	rm -rf .venv target dist
