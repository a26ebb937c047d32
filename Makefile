# The commands of run.py, for those whose fingers know make.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
# Whom `run` starts and the requests ask: the demo, or dripdrop.
EXAMPLE ?= demo
URL = http://$(HOST):$(PORT)
CURL = curl --no-buffer --include --silent --show-error --fail-with-body

demo.run = $(PYTHON) run.py demo --host $(HOST) --port $(PORT)
# Lines, events, and an array.
demo.simple = $(CURL) --header 'Accept: application/x-ndjson' '$(URL)/export?rows=5'
demo.nested = $(CURL) --header 'Accept: text/event-stream' '$(URL)/module/json'
demo.post = $(CURL) --json '{"rows": 5}' '$(URL)/export'

dripdrop.run = $(PYTHON) run.py setup && .venv/bin/python -m examples.dripdrop --port $(PORT)
PROGRESSIVE = $(CURL) --header 'Accept: application/x-progressive-json'
dripdrop.simple = $(PROGRESSIVE) '$(URL)/dashboard'
dripdrop.nested = $(PROGRESSIVE) '$(URL)/profile/ada'
dripdrop.post = $(PROGRESSIVE) --header 'Content-Type: application/json' --data '{"rows": 5}' '$(URL)/api/data'

.PHONY: help venv install run test bench request-simple request-nested request-post
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: ## make .venv with everything that the lock names
	$(PYTHON) run.py setup

install: venv ## the same: one lock, one environment

run: ## serve the demo on http://localhost:8000, or with EXAMPLE=dripdrop that example
	$($(EXAMPLE).run)

test: ## run the gate
	$(PYTHON) run.py test

bench: ## measure bulk throughput against peers
	$(PYTHON) run.py bench bulk

request-simple: ## ask what runs: five functions of the standard library, or a dashboard
	$($(EXAMPLE).simple)

request-nested: ## ask it for more: the functions and classes of one module, or values within values
	$($(EXAMPLE).nested)

request-post: ## ask it with what is wanted in the body of the request
	$($(EXAMPLE).post)
