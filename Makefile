# Every target creates or refreshes .venv by itself; only Python 3.10 or newer is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_SECONDS ?= 60
DEMO_REPLAY ?=
DEMO_REPORT ?=
DRILL ?=
BENCH ?=
ENTRIES ?=

.PHONY: help demo test test-browser test-oldest test-free-threaded faults soak audit screenshots coverage check generate bench bench-check \
	bench-docs peers docs env clean stack stack-down live test-stack drill drill-recovery quiet-day mutate mutate-alerts mutate-faults render-dashboards
.DEFAULT_GOAL := help

help: ## Show this text
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# A stamp is newer than pyproject.toml exactly if the environment is up to date. The demo installs only its own extra;
# the first target that needs the development tools installs them.
$(VENV)/installed: EXTRA = dev
$(VENV)/demo: EXTRA = demo
$(VENV)/installed $(VENV)/demo: pyproject.toml hatch_build.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "otel_trading needs Python 3.10 or newer, this is " + sys.version.split()[0])'
	@echo "installing otel_trading[$(EXTRA)] into $(VENV) (minutes, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRA)]'
	@touch $(VENV)/demo $@

env: $(VENV)/installed ## Create or refresh the environment in .venv

demo: $(VENV)/demo ## Run the example trading system (DEMO_SECONDS, DEMO_REPLAY, DEMO_REPORT)
	@$(BIN)/otel-trading demo --seconds $(DEMO_SECONDS) $(if $(DEMO_REPLAY),--replay "$(DEMO_REPLAY)") $(if $(DEMO_REPORT),--report "$(DEMO_REPORT)")

test: $(VENV)/compiled ## Run every test that needs only Python
	@$(BIN)/python -m pytest -n auto --dist worksteal

coverage: $(VENV)/installed ## The same with branch coverage, at least 90% of the package; takes twice as long
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest -n auto --dist worksteal
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report --fail-under=90

test-browser: $(VENV)/installed ## Test the local page in headless Chromium (CHROMIUM, where it is not on the PATH)
	@OTEL_TRADING_BROWSER_TESTS=1 $(BIN)/python -m pytest tests/browser -n 0 -p no:randomly

screenshots: $(VENV)/installed ## Photograph the local page for the documentation
	@OTEL_TRADING_BROWSER_TESTS=1 $(BIN)/python -m tests.browser.screenshots

faults: $(VENV)/installed ## Try every fault at length, and print the figures of docs/reliability.md (FAULT_SECONDS, OUTAGE_SECONDS)
	@FAULT_EXAMPLES=10000 FAULT_KILLS=20 $(BIN)/python -m pytest -n auto --dist worksteal tests/faults
	@$(BIN)/python -m tools.faults.figures

mutate-faults: $(VENV)/installed ## Remove the protections of the fault catalogue, one by one: a test has to notice (ENTRIES)
	@$(BIN)/python -m tools.mutate protections $(ENTRIES)

soak: $(VENV)/installed ## Run the example at full speed with another fault every minute (SOAK_SECONDS)
	@$(BIN)/python -m tools.faults.soak

audit: $(VENV)/installed ## Look for known vulnerabilities in the dependencies, and write the bill of materials (sbom.json)
	@$(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit cyclonedx-bom
	@.venv-audit/bin/python -m tools.audit $(BIN)/python sbom.json

stack: ## Start the real backends: in containers if Docker runs, else as native programs
	@cd collector && $(PYTHON) -m stack up

stack-down: ## Stop the backends, and remove their data
	@cd collector && $(PYTHON) -m stack down

live: $(VENV)/demo stack ## Run the example against the real backends (DEMO_SECONDS)
	@OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317 OTEL_TRADING_ENVIRONMENT=paper $(BIN)/otel-trading demo --seconds $(DEMO_SECONDS)

STACK_TESTS = OTEL_TRADING_STACK_TESTS=1 $(BIN)/python -m pytest -p no:randomly -o addopts="--import-mode=importlib --strict-markers --strict-config -ra" --durations=10
test-stack: $(VENV)/installed ## Test the configuration, and drill each P0 alert, on the real programs (builds them once)
	@$(STACK_TESTS) tests/stack
	@$(STACK_TESTS) tests/drills # alone, since it measures times

drill: $(VENV)/installed ## Apply the fault of each alert on the real stack: seconds to detect and to resolve (DRILL)
	@PYTHONPATH=examples $(BIN)/python -m tools.drills $(DRILL)

drill-recovery: $(VENV)/installed ## Kill Prometheus, Alertmanager, the Collector and a service: who notices, what is lost
	@PYTHONPATH=examples $(BIN)/python -m tools.drills.recovery

quiet-day: $(VENV)/installed ## Trade sessions without a fault on the real stack: no alert may fire
	@PYTHONPATH=examples $(BIN)/python -m tools.drills.quiet

mutate: mutate-alerts mutate-faults ## Mutate the alerts and the protections: a test has to notice each mutant

mutate-alerts: $(VENV)/installed ## Remove each clause of each P0 rule: a test has to notice
	@$(BIN)/python -m tools.mutate alerts

check: $(VENV)/installed ## Lint, types, generated files in sync, alert rules, docs build
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m tools.generate --check
	@$(BIN)/otel-trading lint
	@$(BIN)/mkdocs build --quiet --strict

generate: $(VENV)/installed ## Write the files that are generated from registry/, the settings, alerts/slo and tools/dashboards/
	@$(BIN)/python -m tools.generate

render-dashboards: $(VENV)/installed ## Draw the dashboards for the docs from the data that `make live` left in Prometheus
	@$(BIN)/python -m tools.dashboards.render

# Compiles the cells again after an edit; if that fails, one sentence says so, and they run in Python.
$(VENV)/compiled: $(VENV)/installed otel_trading/recording/cells.py otel_trading/recording/sums.py otel_trading/tracing/fast/calls.py \
		otel_trading/tracing/fast/unsampled.py otel_trading/tracing/fast/_unsampled.pxd
	@$(BIN)/python hatch_build.py
	@touch $@

# Peers go into a folder that only the benchmarks use, since some of them bring pytest plugins. They are installed one
# by one: a peer without a wheel for this machine does not stop the others, and is tried each time. No peer may replace
# OpenTelemetry.
PEERS = $$(sed -n 's/^bench = \[\(.*\)\]$$/\1/p' pyproject.toml | tr -d '",')
peers: $(VENV)/installed
	@$(BIN)/python -m pip freeze 2>/dev/null | grep -i '^opentelemetry' > $(VENV)/kept.txt
	@mkdir -p $(VENV)/peers
	@for peer in $(PEERS); do \
		stamp="$(VENV)/peers/.$$peer"; \
		[ "$$stamp" -nt $(VENV)/installed ] || { \
			$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade --target $(VENV)/peers \
				--constraint $(VENV)/kept.txt "$$peer" 2> $(VENV)/refused.txt && touch "$$stamp"; \
		} || echo "$$peer is not compared: $$(grep -m 1 ERROR $(VENV)/refused.txt)"; \
	done

bench: $(VENV)/compiled peers ## Compare with the raw SDK and its peers, pure and compiled, as ratios of one run (BENCH)
	@$(BIN)/python benchmarks/run.py $(BENCH)

bench-check: $(VENV)/compiled peers ## The same, and fail where a ratio misses its bar; for a quiet machine
	@$(BIN)/python benchmarks/run.py --check $(BENCH)

bench-docs: $(VENV)/compiled peers ## The same, and write the tables and charts of docs/reference/performance.md
	@$(BIN)/python benchmarks/run.py --docs $(BENCH)

# Installs the oldest release of each OpenTelemetry package that pyproject.toml allows, in an environment of its own.
test-oldest: ## Test the units and the contracts on the oldest OpenTelemetry that is supported
	@sed -n 's/^ *"\(opentelemetry-[a-z-]*\)>=\([^"]*\)".*/\1==\2/p' pyproject.toml > .venv-oldest.txt
	@$(PYTHON) -m venv .venv-oldest
	@.venv-oldest/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --constraint .venv-oldest.txt
	@.venv-oldest/bin/python -m pip list 2>/dev/null | grep opentelemetry-sdk
	@.venv-oldest/bin/python -m pytest -n auto --dist worksteal tests/unit tests/contract

# Installs only the dependencies of recording and tracing: not every dependency has a build for interpreters without a
# GIL. hypothesis is the newest release with a wheel: later ones need Rust, which cannot build for 3.13.
test-free-threaded: ## Test recording and tracing on an interpreter without a GIL (PYTHON=python3.14t)
	@$(PYTHON) -m venv .venv-free
	@.venv-free/bin/python -m pip install --quiet --disable-pip-version-check --only-binary hypothesis 'Cython>=3.1' hatchling setuptools \
		hypothesis numpy psutil pytest pytest-asyncio pytest-randomly opentelemetry-sdk opentelemetry-exporter-otlp-proto-common
	@.venv-free/bin/python hatch_build.py
	@rm -f $(VENV)/compiled # another interpreter compiled the modules
	@.venv-free/bin/python -m pytest tests/unit/recording tests/unit/tracing

docs: $(VENV)/installed ## Serve the documentation on 127.0.0.1:8000
	@$(BIN)/mkdocs serve

clean: ## Remove the environment and all build products
	@rm -rf $(VENV) $(VENV)-audit $(VENV)-free $(VENV)-oldest $(VENV)-oldest.txt sbom.json
	@rm -rf build dist site .coverage* .mypy_cache .pytest_cache .ruff_cache
	@find otel_trading \( -name '*.so' -o -name '_*.sha256' \) -delete
