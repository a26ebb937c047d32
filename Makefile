# The commands of run.py, for those whose fingers know make.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
URL = http://$(HOST):$(PORT)
CURL = curl --no-buffer --include --silent --show-error --fail-with-body

.PHONY: help venv install run test bench request-simple request-nested request-post
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: ## make .venv with everything that the lock names
	$(PYTHON) run.py setup

install: venv ## the same: one lock, one environment

run: ## serve the demo on http://localhost:8000
	$(PYTHON) run.py demo --host $(HOST) --port $(PORT)

test: ## run the gate
	$(PYTHON) run.py test

bench: ## measure bulk throughput against peers
	$(PYTHON) run.py bench bulk

request-simple: ## ask the running demo for lines: five functions of the standard library
	$(CURL) --header 'Accept: application/x-ndjson' '$(URL)/export?rows=5'

request-nested: ## ask it for events: the functions and classes of one module
	$(CURL) --header 'Accept: text/event-stream' '$(URL)/module/json'

request-post: ## ask it for an array, with what is wanted in the body of the request
	$(CURL) --json '{"rows": 5}' '$(URL)/export'
