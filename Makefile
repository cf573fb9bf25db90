# Python that the environment is made from, and where the environment is put.
PYTHON ?= python3
VENV = .venv
# Further arguments for demo, crawl, test, bench and lock.
ARGS =

BIN := $(VENV)/bin
QUIET_PIP := -m pip --quiet --quiet --disable-pip-version-check
CORE := $(VENV)/.core-installed
DEV := $(VENV)/.dev-installed
BROWSER := $(VENV)/.browser-found
LOCK_VENV := .venv-lock

# An environment whose Python is gone (upgraded, removed) is made anew, and then has nothing installed.
$(shell test -x $(BIN)/python || rm -f $(CORE) $(DEV) $(BROWSER))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo crawl test lint format bench docs lock clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  ARGS='...' passes arguments on, PYTHON=... chooses the Python (3.11 or newer), VENV=... the environment's folder."

demo: $(CORE) ## Crawl the embedded demo site with both spiders: needs no network once set up
	$(BIN)/python -m scrapy demo inferencemax $(ARGS)
	$(BIN)/python -m scrapy demo inferencex $(ARGS)

crawl: $(CORE) ## Crawl InferenceX: make crawl ARGS='-a models=...'
	$(BIN)/python -m scrapy crawl inferencex $(ARGS)

test: $(BROWSER) ## Run all tests: make test ARGS='-k pareto -x'
	$(BIN)/python -m pytest $(ARGS)

lint: $(DEV) ## Check style, formatting and types
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy

format: $(DEV) ## Format the code and apply safe fixes
	$(BIN)/python -m ruff check --fix-only
	$(BIN)/python -m ruff format

bench: $(DEV) ## Run the benchmarks
	$(BIN)/python -m benchmarks $(ARGS)

# Without --upgrade, versions that are locked and still allowed stay. One version for every Python (fewest), and no
# index address in the files, so that they work with whatever index pip is configured for.
COMPILE = $(LOCK_VENV)/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --no-emit-index-url --no-header --group build $(ARGS)

docs: $(DEV) ## Make the tables of the documentation from the code
	$(BIN)/python -m docs.tables

lock: $(LOCK_VENV)/bin/uv ## Renew the lock files after a change of dependencies: make lock ARGS=--upgrade
	$(COMPILE) --output-file requirements/core.lock
	$(COMPILE) --group dev --extra browser --extra cloud --extra serve --constraint requirements/core.lock --output-file requirements/dev.lock
	$(COMPILE) --extra scrapyd --constraint requirements/core.lock --output-file requirements/scrapyd.lock

clean: ## Remove environments, caches and builds; keep output/
	rm -rf $(VENV) $(LOCK_VENV) $(SCRAPYD_VENV) build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Scrapyd has an environment of its own, without the project: the egg brings that.
SCRAPYD_VENV = .venv-scrapyd
SCRAPYD := $(SCRAPYD_VENV)/.installed
# Where the daemon works, and the port that it listens at.
SCRAPYD_DIR = scrapyd
SCRAPYD_PORT = 6800
.PHONY: scrapyd deploy

scrapyd: $(SCRAPYD) ## Start a Scrapyd daemon on this machine: make scrapyd SCRAPYD_DIR=/srv/inferencemax
	@$(SCRAPYD_VENV)/bin/python -m inferencemax_spider.jobs.daemon --folder '$(SCRAPYD_DIR)' --port '$(SCRAPYD_PORT)'

deploy: $(SCRAPYD) ## Put the project on Scrapyd's nodes: make deploy ARGS='--node URL'
	@$(SCRAPYD_VENV)/bin/python -m inferencemax_spider.jobs.deploy $(ARGS)

$(SCRAPYD): requirements/scrapyd.lock
	$(check-python)
	@echo "Installing $< into $(SCRAPYD_VENV) (once; may take a minute or two)"
	@$(PYTHON) -m venv --clear $(SCRAPYD_VENV)
	@$(SCRAPYD_VENV)/bin/python $(QUIET_PIP) install --require-hashes --requirement $<
	@touch $@

# `pip check` fails when pyproject.toml asks for something that the lock file does not hold yet.
define install
	@echo "Installing $(1) into $(VENV) (once; may take a minute or two)"
	@$(BIN)/python $(QUIET_PIP) install --require-hashes --requirement $(1)
	@$(BIN)/python $(QUIET_PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check
	@touch $(2)
endef

$(CORE): pyproject.toml requirements/core.lock $(BIN)/python
	$(call install,requirements/core.lock,$(CORE))

# The dev lock holds the core lock, version for version: one installation serves both.
$(DEV): pyproject.toml requirements/core.lock requirements/dev.lock $(BIN)/python
	$(call install,requirements/dev.lock,$(CORE) $(DEV))

# The browser of the tests: on PATH, else Playwright's own, else the system's package where root may install it.
TRY_BROWSER := $(BIN)/python -m inferencemax_spider.browser

$(BROWSER): $(DEV)
	@$(TRY_BROWSER) 2>/dev/null || { \
	    echo "Installing Chromium for the browser tests (once)"; \
	    $(BIN)/python -m playwright install chromium >/dev/null 2>&1 && $(TRY_BROWSER) 2>/dev/null; } || { \
	    test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } || true
	@$(TRY_BROWSER)
	@touch $@

# Debian ships venv without ensurepip, which then fails halfway: hence the second check.
define check-python
	@command -v $(PYTHON) >/dev/null || \
	    { echo "No $(PYTHON) here: install Python 3.11 or newer, or name yours: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed and $(PYTHON) is older: name another: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "$(PYTHON) cannot make virtual environments: install python3-venv (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
endef

$(BIN)/python:
	$(check-python)
	@$(PYTHON) -m venv --clear $(VENV)

$(LOCK_VENV)/bin/uv:
	$(check-python)
	@$(PYTHON) -m venv --clear $(LOCK_VENV)
	@$(LOCK_VENV)/bin/python $(QUIET_PIP) install 'uv>=0.9'
