# Each target sets up what it needs in .venv. `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: help demo test run check fix test-postgres simulate simulate-all chaos pictures bench-webhooks bench-restock \
  bench-allocation replay-recorded replay-scenario lock
.DELETE_ON_ERROR:

# What a runner is told goes through the environment, letter for letter: a secret may hold quotes, $, & and <.
# Make would expand a $ in a value, so each one is taken as it was written.
TOLD := RECORDING SECRET ORDER SEED DROP CATCH_UP SCENARIO ONCE SEEDS FAULT FAULTS LIST SECONDS DATABASE PEER PLOT
take = $(eval override $(1) := $$(value $(1)))$(eval export $(1))
$(foreach name,$(TOLD),$(if $(filter undefined,$(origin $(name))),,$(call take,$(name))))

IN = .venv/bin/python -m
# The storm over real processes is a test of minutes: `make chaos` is its place.
TOGETHER = -n 2 --dist worksteal --ignore tests/chaos/test_short_storm.py
DEV = .venv/dev.stamp
RUN = .venv/run.stamp

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

demo: $(DEV) ## two stand-in stores and a story to watch in the browser; nothing to set up
	@$(IN) demo

test: $(DEV) ## the tests, on SQLite
	@$(IN) pytest -q $(TOGETHER)

run: $(RUN) ## Waitline for real stores, with the settings of the environment or of .env
	@$(IN) app.cli up

check: $(DEV) ## format, lint, types, import rules
	@$(IN) ruff format --check --quiet --output-format concise . && echo "format: in order"
	@$(IN) ruff check --quiet . && echo "lint: in order"
	@$(IN) mypy --no-error-summary && echo "types: in order"
	@found=$$(.venv/bin/lint-imports --no-logo) || { echo "$$found"; exit 1; }; echo "import rules: in order"

fix: $(DEV) ## format and mend what can be mended
	@$(IN) ruff check --fix --quiet . ; $(IN) ruff format --quiet .

test-postgres: $(DEV) ## the tests, on a PostgreSQL server started for them
	@$(IN) tests.postgres $(TOGETHER)

simulate: $(DEV) ## a world in a box: [SEED= | SEEDS= SECONDS= FAULTS= | FAULT= SEEDS= | LIST=1]
	@PYTHONHASHSEED=0 $(IN) tests.simulation

simulate-all: $(DEV) ## the same, with every planted fault and every seed that ever failed
	@ALL_SEEDS=1 $(IN) pytest -q -n 2 tests/simulation
	@PYTHONHASHSEED=0 FAULTS=all $(IN) tests.simulation

chaos: $(DEV) ## real processes, killed, stopped and cut off: [SECONDS= DATABASE=sqlite|postgres|both SEED= SCENARIO=F-..|all]
	@$(IN) tests.chaos

pictures: $(DEV) ## the pictures of docs/shopify.md, taken anew in Chromium
	@$(IN) tests.pictures

bench-webhooks: $(DEV) ## webhooks a second, beside an empty view on the same server
	@$(IN) benchmarks.webhooks

bench-restock: $(DEV) ## a restock for 100 waiting orders: seconds from the store's webhook to the mail
	@$(IN) benchmarks.restock

bench-allocation: $(DEV) ## passes over long queues: [SIZES= TRIALS= RECEIPTS= DATABASE= PEER=1 PLOT=]
	@$(IN) benchmarks.allocation

replay-recorded: $(DEV) ## play a recorded shop: RECORDING= SECRET= [ORDER=shuffled SEED= DROP= CATCH_UP=1]
	@$(IN) demo.replay.recorded

replay-scenario: $(DEV) ## play a scenario: SCENARIO=
	@$(IN) demo.replay.scenario

# For maintainers; needs uv. setuptools is in the lock of the program because the program itself is installed with it.
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock: ## resolve the lock files anew; needs uv
	@command -v uv > /dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	@echo "setuptools>=77" | $(COMPILE) --upgrade --output-file requirements.lock pyproject.toml -
	@$(COMPILE) --upgrade --group dev --output-file requirements-dev.lock pyproject.toml
	@! grep -l '://' requirements.lock requirements-dev.lock || { echo "A lock file holds an address." >&2; exit 1; }

# .venv/whole is missing while something is being installed, so what an interrupted install left is thrown away.
$(DEV) $(RUN): .venv/%.stamp: requirements.lock requirements-dev.lock pyproject.toml
	@python=; for name in python3.11 python3 python3.12 python3.13 python3.14; do \
	  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' > /dev/null 2>&1; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "Waitline needs Python 3.11 or newer, and there is none on the PATH." >&2; exit 1; fi; \
	if ! $$python -c 'import ensurepip, venv' > /dev/null 2>&1; then \
	  echo "$$python cannot make environments: install its venv package (Debian: apt-get install python3-venv)." >&2; exit 1; \
	fi; \
	if [ ! -e .venv/whole ]; then rm -rf .venv; $$python -m venv .venv || exit 1; fi; \
	rm -f .venv/whole; \
	lock=requirements.lock; [ $* = run ] || lock=requirements-$*.lock; \
	echo "Installing what $$lock names into .venv, once." >&2; \
	$(IN) pip install -qq --disable-pip-version-check --no-input --require-hashes -r $$lock >&2 && \
	$(IN) pip install -qq --disable-pip-version-check --no-input --no-deps --no-build-isolation -e . >&2 && \
	touch .venv/whole $@
