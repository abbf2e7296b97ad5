# `make run` and `make test` are all a new user needs; both set up .venv first.
PYTHON ?= python3
PORT   ?= 8501
BIN    := .venv/bin
STAMP  := .venv/.installed
DEV    := .venv/.installed-dev

# Files are dealt to as many processes as there are cores, four at most, in the order of tests/conftest.py.
PYTEST := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# What needs neither the sample workspace, nor a browser, nor a server.
QUICK  := not sample and not browser and not postgres and not slow

.PHONY: browser run quick test check fix shots bench lock
.DEFAULT_GOAL := run

$(BIN)/python:
	$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else f"Leeway needs Python 3.11 to 3.13, this is {sys.version.split()[0]}. Try: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv .venv

$(STAMP): requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(DEV): requirements-dev.txt $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	touch $@

run: $(STAMP)  ## open the dashboard on PORT, and evaluate beside it
	$(BIN)/python -m monitoring run --port $(PORT)

quick: $(DEV)  ## most tests, in under a minute
	$(PYTEST) -m "$(QUICK)"

test: $(DEV)  ## everything but the browser tests
	$(PYTEST)

check: $(DEV)  ## lint, types, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(PYTEST)

browser: $(DEV)  ## the main paths, clicked in headless Chromium; fills a results store first, which takes minutes
	LEEWAY_BROWSER_TESTS=1 $(BIN)/python -m pytest tests/browser

fix: $(DEV)  ## what a tool can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

shots: $(DEV)  ## screenshots of every page into docs/
	$(BIN)/python docs/make_shots.py

bench: $(DEV)  ## measurements; ONLY=name picks one
	$(BIN)/python -m benchmarks $(ONLY)

lock: $(DEV)  ## requirements.txt and requirements-dev.txt from their .in files
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --generate-hashes requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --generate-hashes requirements-dev.in -o requirements-dev.txt
