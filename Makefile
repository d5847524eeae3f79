# Every target sets up what it needs in .venv first; nothing is installed outside this folder
# (the browser tests may install Debian's chromium, see docs/operations.md).
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := 0.13.9

.DEFAULT_GOAL := help
.PHONY: help run test check quick bench soak setup lock
.DELETE_ON_ERROR:

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/uv:
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Waybill needs Python 3.11 or newer; '$(PY)' is $$($(PY) -V 2>&1). Try: make PY=python3.12 …" >&2; exit 1; }
	@$(PY) -m venv $(VENV) || { echo "Python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV)

$(VENV)/.run: $(BIN)/uv requirements.lock
	@echo "Setting up (once, about ten seconds) …"
	@$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	@echo "Setting up the tools for tests …"
	@$(BIN)/uv pip install -q -p $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

setup: $(VENV)/.dev ## create or refresh the private .venv from the lock files

run: $(VENV)/.run ## start everything; without WhatsApp credentials a sandbox to play in
	@exec $(BIN)/python -m bot run

test: $(VENV)/.dev ## every test: units, conversations, SQLite and Postgres, browser
	@$(BIN)/python -m pytest -q

quick: $(VENV)/.dev ## format, lint, types, units and conversations on SQLite
	@sh .ci/stages quick

check: $(VENV)/.dev ## what CI runs: format, lint, types, import contracts, every test
	@sh .ci/stages check

bench: $(VENV)/.dev ## the benchmarks, as a table of ratios; writes var/bench.json
	@$(BIN)/python -m benchmarks

soak: $(VENV)/.dev ## the long proofs at ten times CI's counts
	@SOAK=1 $(BIN)/python -m pytest -q

lock: $(BIN)/uv ## renew both lock files from pyproject.toml
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -c requirements.lock --group dev --group bench pyproject.toml -o requirements-dev.lock
