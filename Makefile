# One command each; `make` alone lists them. Everything sets itself up.

PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
PACKAGES := shared gateway credit-service collection-service
SOURCES := shared/src gateway/src credit-service/src collection-service/src

.DEFAULT_GOAL := help
.PHONY: help setup run demo test check fix migrate constraints services docs

help: ## list the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(STAMP) ## make the virtual environment and install everything (run and test do it by themselves)

$(STAMP): requirements.in constraints.txt $(PACKAGES:%=%/pyproject.toml)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is missing: install it, then try again"; exit 1; }
	@echo "Setting up with $$($(PYTHON) --version) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "The module venv is missing (Debian: apt-get install python3-venv)"; exit 1; }
	@echo "Installing libraries …" && $(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.in -c constraints.txt
	@echo "Installing the packages of the suite …" && $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(PACKAGES:%=-e ./%)
	@touch $(STAMP) && echo "Ready."

run: setup ## start the whole suite in one process, with its own PostgreSQL
	@$(BIN)/python -m gateway.standalone

demo: setup ## play the story of order to cash on a suite of its own
	@$(BIN)/python -m demo

test: setup ## run all tests, on PostgreSQL, LocalBus and Apache Kafka
	@$(BIN)/python -m pytest

check: setup ## style, types, structure, documents in step with the code
	@echo "ruff …" && $(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .
	@echo "mypy …" && $(BIN)/mypy --no-error-summary $(SOURCES) demo
	@echo "import-linter …" && $(BIN)/lint-imports --no-cache > /dev/null || { $(BIN)/lint-imports --no-cache; exit 1; }
	@echo "documents …" && $(BIN)/python -m tests.support.documents --check
	@echo "All checks passed."

fix: setup ## format, sort, and write the generated documents anew
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .
	@$(BIN)/python -m tests.support.documents

migrate: setup ## bring the databases of a distributed suite to the newest schema (reads the services' environment)
	@for package in gateway credit_service collection_service; do $(BIN)/python -m $$package migrate || exit 1; done

constraints: setup ## pin what is installed now
	@$(BIN)/python -m pip freeze --exclude-editable | grep -viE '^suite-' > constraints.txt

services: ## list the services and what they own
	@for folder in gateway credit-service collection-service ticket-service survey-service; do printf '%-20s' $$folder; sed -n '3p' $$folder/README.md; done
