# ClassPulse. `make help` lists what there is; everything works on a fresh machine with Python 3.11 or 3.12 and make.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
CODE := api dataflows db grafana alerting ingest reports health privacy simulation demo local models verify cli bench tests
SECRETS := POSTGRES_PASSWORD CLASSPULSE_WRITER_PASSWORD CLASSPULSE_READER_PASSWORD CLASSPULSE_MESSENGER_PASSWORD CLASSPULSE_GATEWAY_PASSWORD GRAFANA_ADMIN_PASSWORD CLASSPULSE_ERASURE_KEY CLASSPULSE_RECEIPT_KEY

# Three brokers: each record in three places, and in two of them before it counts as written.
HA := CLASSPULSE_REPLICATION=3 CLASSPULSE_COMPOSE_MIN_INSYNC=2 CLASSPULSE_COMPOSE_BROKERS=kafka:9092,kafka-2:9092,kafka-3:9092 CLASSPULSE_COMPOSE_VOTERS=1@kafka:9093,2@kafka-2:9093,3@kafka-3:9093

# All tests: one process more than there are cores, up to six, file by file, long files first (tests/conftest.py). On two cores a
# third of the time a test waits for a server.
SPREAD := -n $(shell cores=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$((cores < 5 ? cores + 1 : 6))) --dist loadfile --no-loadscope-reorder

# The first interpreter that is 3.11 or 3.12 and can make virtual environments; `python3` itself may be another version.
USABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
PYTHON ?= $(shell for p in python3.11 python3.12 python3 python /usr/bin/python3.11 /usr/bin/python3.12; do \
	"$$p" -c '$(USABLE)' 2>/dev/null && { command -v "$$p"; break; }; done)

.PHONY: help install demo test soak faults lint format services services-stop up down bench-engines bench-throughput bench-freshness bench-outage bench-writes bench-chapters bench-boards bench-alerts bench-rules bench-gateway bench-time-on-task bench-memory bench-memory-flow ci lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-16s %s\n", $$1, $$2 }'

install: $(RUN) ## a virtual environment .venv with the classpulse command and its locked dependencies

demo: $(RUN) ## the whole path on the embedded default, with a live view (ARGS="--seconds 60 --json")
	@$(BIN)/classpulse demo $(ARGS)

test: $(DEV) ## the tests; real parts are used where they can be had (ARGS="-k watermark")
	@$(BIN)/pytest $(if $(ARGS),$(ARGS),$(SPREAD))

test-long: $(DEV) ## those that take half a minute or more each: killed workers, whole logs, restored databases
	@$(BIN)/pytest -m "long and not soak" $(if $(ARGS),$(ARGS),$(SPREAD))

soak: $(DEV) ## the tests that take minutes: large logs, many kills (ARGS="-k memory")
	@$(BIN)/pytest -m soak $(ARGS)

faults: $(DEV) ## three brokers, a database and workers under random faults (CLASSPULSE_FAULTS_TEST=100, CLASSPULSE_SEED_TEST=7)
	@$(BIN)/pytest -m soak -s tests/e2e/test_faults.py $(ARGS)

lint: $(DEV) ## style, types, and whether what is generated is current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)
	$(BIN)/classpulse dashboards build --check
	$(BIN)/classpulse alerts build --check

format: $(DEV) ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench-engines: $(RUN) ## Kafka Streams, Flink, Quix Streams, Bytewax and ClassPulse in one run (ARGS="--quick --keep")
	@$(BIN)/classpulse bench engines $(ARGS)

bench-throughput: $(RUN) ## events a second and core on real Kafka and TimescaleDB (ARGS="--rounds 5")
	@$(BIN)/classpulse bench throughput $(ARGS)

bench-freshness: $(RUN) ## append to committed row at 5,000 events/s for five minutes
	@$(BIN)/classpulse bench freshness $(ARGS)

bench-outage: $(RUN) ## the database away for a minute under load
	@$(BIN)/classpulse bench outage $(ARGS)

bench-writes: $(RUN) ## WAL an event, updates that stay on their page, sizes of tables at 500 events/s (ARGS="--seconds 60")
	@$(BIN)/classpulse bench writes $(ARGS)

bench-memory: $(DEV) ## which forgetting model forecasts best on held-out students, and its chart
	@$(BIN)/classpulse bench memory-models --chart docs/forgetting-calibration.svg $(ARGS)

bench-memory-flow: $(RUN) ## learning events a second and core with 100,000 pairs, memory a pair (ARGS="--model fsrs")
	@$(BIN)/classpulse bench memory-flow $(ARGS)

bench-chapters: $(RUN) ## a week of 5 M chapter visits a day: queries of the chapters board, sizes (ARGS="--scale 0.1")
	@$(BIN)/classpulse bench chapters $(ARGS)

bench-boards: $(RUN) ## 30 days of 20,000 students: every panel's query of every board (ARGS="--scale 0.1")
	@$(BIN)/classpulse bench boards $(ARGS)

bench-alerts: $(RUN) ## what the rules that go out at once would have sent, against their budget (ARGS="--weeks 4 --keep")
	@$(BIN)/classpulse bench alerts $(ARGS)

bench-rules: $(RUN) ## the same school: both statements of every learning alert (ARGS="--keep DIR" after bench-boards --keep)
	@$(BIN)/classpulse bench rules $(ARGS)

bench-gateway: $(RUN) ## events over HTTP until Kafka has them, beside a plain FastAPI route (ARGS="--rounds 1")
	@$(BIN)/classpulse bench gateway $(ARGS)

bench-time-on-task: $(RUN) ## what caps of 5, 10 and 30 minutes make of a real Moodle log
	@$(BIN)/classpulse bench time-on-task $(ARGS)

services: $(RUN) ## start real Kafka and PostgreSQL on loopback without Docker; addresses go to .services.env
	@$(BIN)/classpulse services up $(ARGS)

services-stop: ## end them and remove their data
	@test ! -d .services || { test -x $(BIN)/classpulse || $(MAKE) --no-print-directory install; $(BIN)/classpulse services down; }

up: .env-secrets ## the full stack in Docker Compose (PROFILE=dev or PROFILE=ha); secrets are made once, into .env
	$(if $(filter ha,$(PROFILE)),$(HA)) docker compose $(if $(PROFILE),--profile $(PROFILE)) up --build --detach --wait

down: ## stop the full stack; its data stays (docker compose --profile "*" down --volumes removes it)
	docker compose --profile "*" down

ci: ## what the merge check runs: packages, tests with required parts, lint
	bash .ci/run

lock: ## bring both lock files to the newest versions that pyproject.toml allows
	@test -x .uv/bin/uv || { $(PYTHON) -m venv .uv && .uv/bin/pip install --quiet uv; }
	.uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--custom-compile-command "make lock" pyproject.toml --output-file requirements.lock
	.uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --extra dev \
		--custom-compile-command "make lock" --constraint requirements.lock pyproject.toml \
		--output-file requirements-dev.lock

clean: services-stop ## remove what was built and downloaded here
	rm -rf $(VENV) .uv .demo .classpulse .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 with the venv module is needed, and none was found." \
		"Debian: apt-get install python3.11-venv; or say which: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(RUN): requirements.lock pyproject.toml | $(BIN)/python
	@echo "installing the locked dependencies"
	@$(BIN)/python -m local.installing requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@$(BIN)/python -m dataflows.events.scanner.warm
	@touch $@

$(DEV): requirements-dev.lock $(RUN) | $(BIN)/python
	@echo "installing the locked development tools"
	@$(BIN)/python -m local.installing requirements-dev.lock
	@touch $@

.PHONY: .env-secrets
.env-secrets:
	@umask 077; touch .env; test -z "$$(tail -c1 .env)" || echo >> .env; for name in $(SECRETS); do grep -q "^$$name=" .env || \
		echo "$$name=$$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" >> .env; done
