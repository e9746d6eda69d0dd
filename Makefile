# The lock decides what gets installed, into .venv; nothing else on the machine is changed.
UV_VERSION := 0.13.9
PYTHON ?= python3

UV := $(shell uv --version >/dev/null 2>&1 && command -v uv || echo .uv/uv-$(UV_VERSION))
# A tree without a Python in .venv, or with one that is gone, gets a new environment.
NEW := $(shell test -x .venv/bin/python || echo new)

export UV_PROJECT_ENVIRONMENT := .venv
export UV_PYTHON_DOWNLOADS := never
# Where a proxy signs the traffic, only the system's store has its certificate.
export UV_SYSTEM_CERTS := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

# --frozen takes the lock as it is, whichever mirror this machine prefers; `make lint` checks it.
SYNC := $(UV) sync --quiet --frozen $(if $(NEW),--python $(PYTHON))

.PHONY: help serve test lint types contracts check schema audit bench clean new

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 20

serve: .venv/.serve ## serve the API with demo data; HOST, PORT and AICMO_... configure it
	@.venv/bin/aicmo serve --demo $(ARGS)

# tests/conftest.py says how many processes there are.
test: .venv/.all ## run all tests, or some of them: make test ARGS="-k qc"
	@.venv/bin/python -m pytest --numprocesses=auto --dist=loadfile --no-loadscope-reorder $(ARGS)

lint: .venv/.all ## check the code's style and format, and that the locks are up to date
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@$(UV) lock --check --quiet
	@$(UV) lock --check --quiet --project clients/python
	@$(UV) lock --check --quiet --project tests/tools/buckets
	@$(UV) lock --check --quiet --project tests/tools/fuzzing
	@$(UV) lock --check --quiet --project tests/tools/python_clients

types: .venv/.all ## check the types
	@.venv/bin/mypy

contracts: .venv/.all ## check that every room imports only what it may
	@.venv/bin/lint-imports

check: lint types contracts ## lint, types and contracts

schema: .venv/.all ## export schema/schema.graphql
	@.venv/bin/aicmo schema export

audit: .venv/.all ## audit GraphQL over HTTP, and write docs/http-audit.md
	@.venv/bin/python -m tests.tools.audit

bench: .venv/.all ## run the benchmarks
	@.venv/bin/python -m benchmarks $(ARGS)

clean: ## remove the environments and all caches; databases stay
	rm -rf tests/tools/node_modules tests/tools/*/node_modules tests/tools/*/.venv benchmarks/node/node_modules clients/*/node_modules clients/*/.venv
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Serving needs less than testing, and takes away nothing: both may run at the same time.
.venv/.serve: $(NEW) pyproject.toml uv.lock | $(UV)
	@echo "Installing what the server needs into .venv"
	@$(SYNC) --no-default-groups --inexact --extra documents
	@touch $@

.venv/.all: $(NEW) pyproject.toml uv.lock | $(UV)
	@echo "Installing what the server and its tests need into .venv"
	@$(SYNC) --all-groups
	@touch .venv/.serve $@

new:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "AICMO needs Python 3.11 or newer; where it has another name: make PYTHON=python3.12" >&2; \
	  exit 1; }

# Debian leaves venv, or pip, or both to packages of their own. Several makes may do this at once.
.uv/uv-$(UV_VERSION):
	@echo "Fetching uv $(UV_VERSION) into .uv"
	@mkdir -p .uv && folder=$$(mktemp -d .uv/XXXXXX) && trap 'rm -rf "$$folder"' EXIT && \
	if $(PYTHON) -m venv "$$folder/venv" >/dev/null 2>&1; then \
	  "$$folder/venv/bin/python" -m pip install --quiet uv==$(UV_VERSION); \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then \
	  $(PYTHON) -m pip install --quiet --target "$$folder/target" uv==$(UV_VERSION); \
	else \
	  echo "Python has neither venv nor pip here; run: apt install python3-venv" >&2; false; \
	fi && mv "$$folder"/*/bin/uv $@
