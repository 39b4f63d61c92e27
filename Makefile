# Two commands: `make demo` does the main job on real input, `make test` proves it.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.PHONY: demo test bench torture reference install dev lock clean

demo: install
	$(BIN)/safeconduct demo $(ARGS)

install: $(VENV)/installed
dev: $(VENV)/installed-dev

$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) --require-hashes --no-deps --only-binary :all: -r requirements.lock
	$(PIP) --no-build-isolation --no-deps --editable .
	touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock
	$(PIP) --require-hashes --no-deps --only-binary :all: -r requirements-dev.lock
	touch $@

test: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses 2 --cov --cov-fail-under=100 $(ARGS)

reference: dev
	$(BIN)/python -m tests.docs.reference

# Every fault, all of them: half an hour. Writes docs/reference/faults.md.
torture: dev
	$(BIN)/python -m tests.faults $(ARGS)

bench: dev
	$(BIN)/python -m benchmarks $(ARGS)

# Resolves again and writes both lock files: hashes, no registry's host name.
lock: dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --extra server --output-file requirements.lock pyproject.toml requirements-build.in
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url --extra server --output-file requirements-dev.lock pyproject.toml requirements-build.in --group dev

clean:
	rm -rf $(VENV) demo build dist
