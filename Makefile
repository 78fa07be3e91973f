# Everything a developer does here. Needs Python 3.10 or newer and make; the rest goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
TEMPLATE := .venv/template/.ready
PORT ?= 8000

.DEFAULT_GOAL := help
.PHONY: help run setup test check lint types format package deploy rehearse bench fuzz conformance soak clean

help:            ## show these lines
	@sed -n 's/^\([a-z]*\): *[^#]*## */\1\t/p' Makefile | expand -t 10

run: $(READY)    ## set everything up and serve on http://localhost:8000
	@$(BIN)/python -m emulator.local.configuration && \
	  export PATH="$(CURDIR)/$(BIN):$$PATH" && exec chalice local --port $(PORT)

setup: $(READY) $(TEMPLATE)  ## set everything up

test: $(READY) $(TEMPLATE)  ## run the tests
	@$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

check: lint types test  ## everything that must be green: style, types, tests

lint: $(READY)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(READY)
	@$(BIN)/mypy

format: $(READY) ## put the code into the project's form
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

package: $(READY)  ## what AWS gets, in build/: make package STAGE=prod
	@$(BIN)/python scripts/stage.py package "$(STAGE)"

deploy: $(READY) ## to the AWS account of your credentials: make deploy STAGE=prod BUCKET=…
	@$(BIN)/python scripts/stage.py deploy "$(STAGE)" --bucket "$(BUCKET)"

rehearse: $(READY)  ## deploy to an AWS on this machine, twice, run it, delete it (one minute)
	@PYTHONPATH="$(CURDIR)" $(BIN)/python scripts/rehearse.py

fuzz: $(READY)   ## send thousands of generated requests to chalice local (some minutes)
	@PYTHONPATH="$(CURDIR):$(CURDIR)/tests/acceptance" $(BIN)/python tests/acceptance/fuzz.py

bench: $(READY)  ## measure against stock chalice local with moto's server (ten minutes)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@$(BIN)/python -m benchmarks

conformance: $(READY)  ## run moto's own tests on our queues (two minutes, needs the package index)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-conformance.txt
	@$(BIN)/python tests/conformance/conformance_run.py

soak: $(READY)   ## ten thousand messages through every kind of failure (three minutes)
	@$(BIN)/python tests/soak/soak_run.py

clean:           ## remove the environment and every cache
	@rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): requirements.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "Python 3.10 or newer is needed; try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Setting up .venv (once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(READY)

$(TEMPLATE): $(READY) requirements-template.txt constraints-template.txt
	@$(PYTHON) -m venv .venv/template
	@.venv/template/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-template.txt
	@touch $(TEMPLATE)
