# What one does here. Each target works on a fresh clone.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PORTS := --port $(or $(PORT),8000) --console-port $(or $(CONSOLE_PORT),8001) --paytronix-port $(or $(PAYTRONIX_PORT),9000)
PEERS := benchmarks/peers
PROVIDER := tests/console/provider
# For every Python from 3.11 on, and without the address of the index that happened to be asked.
LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
.DEFAULT_GOAL := help

.PHONY: help setup browser-and-redis run dev link test soak screenshots browsers audit bench check lint lock

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/ready  ## install what the site and its tests need into .venv

$(VENV)/ready: requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed. Name yours: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv --clear $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

browser-and-redis:
	@./tests/install-servers

run: setup  ## start the site at http://127.0.0.1:8000 and the merchant's console at :8001, with a simulated Paytronix
	$(RUN) -m sandbox.demo $(PORTS)

dev: setup  ## the same with code that is reloaded when it changes, and Flask's debugger
	$(RUN) -m sandbox.demo --debug $(PORTS)

link: setup  ## print another link that opens the console of "make run"
	@$(RUN) -m sandbox.demo --link $(PORTS)

$(PROVIDER)/node_modules/ready: $(PROVIDER)/package-lock.json
	@./tests/install-servers node:nodejs npm:npm
	npm ci --prefix $(PROVIDER) --ignore-scripts --no-audit --no-fund --silent
	touch $@

test: setup browser-and-redis $(PROVIDER)/node_modules/ready  ## run every test, with a real browser and a real Redis
	$(RUN) -m pytest

soak: setup browser-and-redis  ## half an hour of storms and restarts, and docs/operations.md typed into a real systemd
	$(RUN) -m pytest tests/soak/soak.py tests/deploy/rehearsal.py -n0 -s

screenshots: setup browser-and-redis  ## pictures of every page in every state, into screenshots/
	$(RUN) -m pytest tests/browser/screenshots.py
	@echo "Look at them: $(CURDIR)/screenshots"

browsers: setup browser-and-redis  ## the main job in Firefox and in WebKit too
	./tests/install-servers firefox-esr:firefox-esr WebKitWebDriver:webkit2gtk-driver xvfb-run:xvfb xauth:xauth npm:npm
	npm ci --prefix tests/audit --ignore-scripts --no-audit --no-fund
	$(RUN) -m pytest tests/browser/other_browsers.py -n0

audit: setup browser-and-redis  ## what independent tools say of the pages: W3C validator, Lighthouse, CSP, Observatory
	./tests/install-servers npm:npm java:default-jre-headless
	npm ci --prefix tests/audit --ignore-scripts --no-audit --no-fund
	$(RUN) -m pytest tests/audit/audit.py -n0 -s

bench: setup browser-and-redis benchmarks/.venv/ready $(PEERS)/.venv/ready $(PEERS)/express/node_modules  ## measure the site beside others, into benchmarks/RESULTS.md; QUICK=1 for a trial
	$(RUN) -m benchmarks $(if $(QUICK),--quick)

benchmarks/.venv/ready: requirements.lock
	$(PYTHON) -m venv --clear benchmarks/.venv
	benchmarks/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

$(PEERS)/.venv/ready: $(PEERS)/python/requirements.txt
	$(PYTHON) -m venv --clear $(PEERS)/.venv
	$(PEERS)/.venv/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(PEERS)/express/node_modules: $(PEERS)/express/package-lock.json
	@command -v npm >/dev/null || { echo "The benchmarks compare with Express: install Node.js 20 or later with npm." >&2; exit 1; }
	npm ci --prefix $(PEERS)/express --no-audit --no-fund --silent
	touch $@

check: test lint  ## everything that must hold before a change goes in

lint: setup  ## style, types, import rules
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	$(RUN) -m deptry .

lock: setup  ## choose the newest versions that pyproject.toml allows
	$(RUN) -m pip install --quiet uv
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) --extra console pyproject.toml -o requirements-console.lock
	$(LOCK) --extra otel pyproject.toml -o requirements-otel.lock
	$(LOCK) --group dev pyproject.toml -o requirements-dev.lock
