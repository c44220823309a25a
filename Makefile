# The commands of this checkout. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := $(PYTHON) -m pip --disable-pip-version-check --quiet
HERE := $(shell pwd | cksum | cut -d' ' -f1)
RUN_STAMP := $(VENV)/.run-$(HERE)
TEST_STAMP := $(VENV)/.test-$(HERE)
SOURCES := pyproject.toml build_hook.py $(wildcard assets/*.json assets/*.mjs assets/src/* src/yunheng/locale/*/LC_MESSAGES/*.po)

HOST ?= 127.0.0.1
PORT ?= 8080
DEMO ?= auto
START_auto := demo --or-own
START_yes := demo
START_no := up

MAY_INSTALL := { [ "$$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }

# $(call install_packages,PACKAGES,WHAT THEY ARE FOR): with apt, as root or by sudo that asks nothing.
define install_packages
	if ! command -v apt-get >/dev/null; then echo "Please install: $(1) ($(2))" >&2; exit 1; fi; \
	if ! $(MAY_INSTALL); then echo "Please run once, as root: apt-get install $(1) ($(2))" >&2; exit 1; fi; \
	as_root=; [ "$$(id -u)" = 0 ] || as_root="sudo -n"; \
	echo "Installing $(1) ($(2)) ..."; \
	log=$$(mktemp); \
	{ $$as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends $(1); } \
	  >"$$log" 2>&1 || { tail -n 5 "$$log" >&2; rm "$$log"; exit 1; }; \
	rm "$$log"
endef

# Debian keeps pip in packages of its own. Who may not install them fetches its wheel through apt, which needs no root.
define make_venv_without_root
	folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; mkdir -p "$$folder"/{lists,archives}/partial; \
	options="-qq -o Dir::State::Lists=$$folder/lists -o Dir::Cache=$$folder"; \
	echo "Fetching pip (Python came without it) ..."; \
	( cd "$$folder"; apt-get update $$options && apt-get download $$options python3-pip-whl \
	  && dpkg-deb -x python3-pip-whl_*.deb . ) >"$$folder/log" 2>&1 \
	  || { tail -n 5 "$$folder/log" >&2; $(call install_packages,python3-venv,Python virtual environments); }; \
	wheel=$$(echo "$$folder"/usr/share/python-wheels/pip-*.whl); \
	python3 -m venv --without-pip $(VENV); \
	$(PYTHON) "$$wheel/pip" --disable-pip-version-check --quiet install --no-index --no-deps "$$wheel"
endef

.PHONY: help run test check bench bench-peers screenshots lock format clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

run: $(RUN_STAMP) ## start Yunheng from this checkout: http://127.0.0.1:8080 (PORT=..., HOST=...); first a demonstration (DEMO=no: an empty one of your own)
	@$(PYTHON) -m compileall -qq src || true  # started as root, the server's own user cannot write beside the sources
	@exec $(VENV)/bin/yunheng $(START_$(DEMO)) --host $(HOST) --port $(PORT)

test: $(TEST_STAMP) ## run all tests
	@$(MAKE) --no-print-directory browser || echo "Browser tests are skipped." >&2
	@$(PYTHON) -m compileall -q src  # once, and not in every process that a test starts
	@$(PYTHON) -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)  # on two cores, too: one often waits

check: $(TEST_STAMP) ## format, lint, types, import contracts, migrations, drift of OpenAPI, docs and translations
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target types rules

.PHONY: types rules
types: # takes as long as all the rest
	@$(PYTHON) -m mypy src

rules:
	@$(PYTHON) -m ruff format --check --quiet .
	@$(PYTHON) -m ruff check --quiet .
	@$(VENV)/bin/lint-imports
	@DJANGO_SETTINGS_MODULE=yunheng.site.settings $(PYTHON) -W ignore -m django makemigrations --check --dry-run --verbosity 0
	@$(PYTHON) -m pytest -q tests/architecture

bench: $(TEST_STAMP) ## measure the budgets of the design; writes bench-results.json
	@$(PYTHON) -m benchmarks $(ARGS)

bench-peers: $(TEST_STAMP) ## measure Request Tracker (installed with apt, as root) and Yunheng on the same operations
	@$(PYTHON) -m benchmarks.peers.request_tracker $(ARGS)

format: $(TEST_STAMP) ## format the code
	@$(PYTHON) -m ruff format --quiet .
	@$(PYTHON) -m ruff check --quiet --fix .

screenshots: $(TEST_STAMP) ## take the manual's screenshots anew
	@$(MAKE) --no-print-directory browser
	@$(PYTHON) -m tests.browser.shoot_manual $(ARGS)

lock: $(TEST_STAMP) ## pin all dependencies anew
	@$(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --upgrade pyproject.toml -o requirements.lock
	@$(PYTHON) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --all-extras --constraint requirements.lock pyproject.toml -o requirements-dev.lock

clean: ## remove what was built (not the data in .yunheng)
	@rm -rf $(VENV) build src/yunheng/site/static/yunheng/dist assets/node_modules
	@find src -name '*.mo' -delete

.PHONY: browser
browser: # Chromium without windows (or with them), a Chinese font, and what playwright's driver is linked with
	@{ command -v chromium-headless-shell || command -v chromium; } >/dev/null && fc-list :lang=zh 2>/dev/null | grep -q . \
	  && $(PYTHON) -c 'import ctypes; ctypes.CDLL("libatomic.so.1")' 2>/dev/null \
	  || ( $(call install_packages,chromium-headless-shell fontconfig fonts-noto-cjk libatomic1,for the browser tests) ) \
	  || ( $(call install_packages,chromium fontconfig fonts-noto-cjk libatomic1,for the browser tests) )

$(PYTHON):
	@command -v python3 >/dev/null || { $(call install_packages,python3 python3-venv,Python); }
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Yunheng needs Python 3.11 or newer." >&2; exit 1; }
	@python3 -c 'import ensurepip' 2>/dev/null || ! $(MAY_INSTALL) \
	  || { $(call install_packages,python3-venv,Python virtual environments); }
	@if python3 -c 'import ensurepip' 2>/dev/null; then python3 -m venv $(VENV); else $(make_venv_without_root); fi

$(RUN_STAMP): requirements.lock $(SOURCES) | $(PYTHON)
	@echo "Setting up (only the first time and after updates) ..."
	@test -e $@ && cmp -s requirements.lock $@ || test -e $(TEST_STAMP) || $(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --editable .
	@cp requirements.lock $@

$(TEST_STAMP): requirements-dev.lock $(RUN_STAMP)
	@echo "Setting up the test tools ..."
	@test -e $@ && cmp -s requirements-dev.lock $@ || $(PIP) install --require-hashes -r requirements-dev.lock
	@cp requirements-dev.lock $@
