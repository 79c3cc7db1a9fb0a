# Every target sets itself up on a fresh machine: Python 3.11 or later, a C compiler, Java 17 or
# later, Maven.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
COMPILED_STAMP := $(VENV)/.compiled
# what setup.py compiles is among these
LOOPS := $(shell find pipeline -name '*.c')
SOURCES := setup.py $(LOOPS) $(shell find pipeline -name '*.h') $(wildcard pipeline/redaction/*.py pipeline/redaction/*/*.py \
  pipeline/events/*.py pipeline/adapters/kafka/*.py pipeline/storage/*.py pipeline/tasks/*.py pipeline/windows/*.py)
KAFKA_STAMP := .sluice/kafka-jars/.ready

.PHONY: help setup interpreted demo up down test test-fast test-services fault-short fault lint format bench lock

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) $(COMPILED_STAMP) $(KAFKA_STAMP) ## the Python environment and the Kafka jars


$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Sluice needs Python 3.11 or later: apt-get install python3 python3-venv, or make PYTHON=python3.12"; exit 1; }
	@command -v cc >/dev/null || command -v gcc >/dev/null \
	  || { echo "Sluice needs a C compiler: apt-get install gcc python3-dev"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Python packages into $(VENV): some minutes the first time"
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

# All of it goes first, so that no module stays that is compiled no more, and all of it is new at the
# end: what is older than its source counts as stale.
$(COMPILED_STAMP): $(STAMP) $(SOURCES)
	@echo "Compiling the core: about a minute"
	@find pipeline -name '*.so' -delete
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@find pipeline -name '*.so' -exec touch {} +
	@touch $@

interpreted: ## delete what was compiled, to work on the core; other targets compile it again
	find pipeline -name '*.so' $(foreach loop,$(LOOPS),! -name '$(basename $(notdir $(loop))).*') -delete
	@rm -f $(COMPILED_STAMP)

$(KAFKA_STAMP): deploy/kafka/pom.xml
	@command -v java >/dev/null || { echo "Sluice needs Java 17 or later: apt-get install openjdk-17-jre-headless"; exit 1; }
	@command -v mvn >/dev/null || { echo "Sluice needs Maven: apt-get install maven"; exit 1; }
	@rm -rf $(dir $@)
	mvn --quiet --batch-mode --file deploy/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory=$(CURDIR)/$(dir $@)
	@touch $@

demo: setup ## a running system with a simulated fleet, and what it shows
	$(BIN)/sluice demo

up: setup ## the local stack, until Ctrl-C
	$(BIN)/sluice up

down: setup ## stop the local stack
	$(BIN)/sluice down

test: test-fast test-services fault-short ## every test: unit to integration, and each fault once

test-fast: setup ## architecture, unit and property tests, on all processors (about 2 minutes)
	$(BIN)/python -m pytest -n auto tests/architecture tests/unit tests/property

test-services: setup ## contract and integration tests on a real broker and a real engine
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/contract tests/integration

fault-short: setup ## each fault once, and the negative controls (about 7 minutes)
	$(BIN)/python -m pytest -n 2 tests/fault

fault: setup ## break everything at length, and count what is lost or there twice (about an hour)
	$(BIN)/python -m tests.fault.run $(FAULT)

lint: $(STAMP) ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## measured figures
	$(BIN)/sluice bench all

lock: ## resolve the dependencies anew (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --group build pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --group build --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock
