# make run and make test need Python 3.11 or newer and make, nothing else: no root, no hardware, no Node, no Java.

BIN := .venv/bin
READY := .venv/.ready
CLIENTS := .venv-clients/.ready
ATHERIS := 3.0.0
FUZZ_SECONDS ?= 60

# Who sets this has every one of the hundreds of processes of make test compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup clients run test fmt lock bench fuzz clean

help:  ## say what there is (this list)
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | awk -F'|' '{ printf "  make %-7s %s\n", $$1, $$2 }'

setup: $(READY)  ## make .venv with the locked packages; done already: instant
	@echo "setup: .venv is ready"

$(READY): requirements.lock pyproject.toml .ci/setup.sh
	@PYTHON="$(PYTHON)" .ci/setup.sh
	@touch $@

clients: $(CLIENTS)  ## make .venv-clients with the third-party clients that tests/clients runs
	@echo "clients: .venv-clients is ready"

$(CLIENTS): requirements-clients.lock .ci/clients.sh $(READY)
	@.ci/clients.sh
	@touch $@

run: $(READY)  ## replay the scenarios, build the Allure report, print its place and the result table
	@$(BIN)/pruefstand run

test: $(READY) $(CLIENTS)  ## all checks and tests of the bench, the scenario suite, the coverage of the requirements
	@.ci/check.sh

fmt: $(READY)  ## format the code and repair what ruff can repair
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(READY)  ## write requirements.lock anew from pyproject.toml, with the newest versions allowed
	@.ci/lock.sh

bench: $(READY)  ## measure the bench beside its peers
	@$(BIN)/pruefstand bench

fuzz: $(READY)  ## fuzz the card for FUZZ_SECONDS (60), guided by coverage; installs atheris into .venv
	@ATHERIS="$(ATHERIS)" FUZZ_SECONDS="$(FUZZ_SECONDS)" .ci/fuzz.sh

clean:  ## remove .venv, the report generator and everything generated
	@rm -rf .venv .venv-clients reports/out reports/generator/node_modules build dist *.egg-info
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find emulators harness tests -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "clean: done"
