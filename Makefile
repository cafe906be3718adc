# SPDX-License-Identifier: BSD-3-Clause
# Everything a developer runs. Each target sets up what it needs: a fresh clone needs no other step.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
SCRIPTS := $(wildcard examples/*.py benchmarks/*.py benchmarks/*/*.py)

export PYTHON
# pyright's wrapper would look for a newer release at every run, and warn about it.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.PHONY: help setup system demo test check format bench docs clean
.DELETE_ON_ERROR:

help: setup
	@echo "make demo    run the example experiment"
	@echo "make test    run the tests, report the coverage"
	@echo "make check   formatting, lint, types, layers"
	@echo "make format  format the code, and mend what ruff can mend by itself"
	@echo "make bench   run the benchmarks"
	@echo "make docs    write the reference pages from the declarations"
	@echo "make clean   remove the virtual environment and everything made"

setup: $(READY)

system:
	@tools/system-packages

# After the Debian packages, for they may bring what makes a virtual environment; they change
# nothing in it, hence order-only.
$(READY): pyproject.toml | system
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "NEPI needs Python 3.11 or newer; $(PYTHON) is" \
	    "$$($(PYTHON) --version 2>&1 || true). Name a newer one: make PYTHON=python3.12" >&2; \
	  exit 1; }
	@test -x $(BIN)/python || { echo "Making the virtual environment .venv"; $(PYTHON) -m venv .venv; }
	@echo "Installing NEPI and its tools into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[plots,dev]'
	@touch $@

demo: setup
	$(BIN)/nepi run examples/handover.py

test: setup
	rm -f .coverage .coverage.*
	$(BIN)/python -m coverage run -m pytest
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report
	@echo "The core and the resource kit, which have to be covered whole:"
	$(BIN)/python -m coverage report --include='*/nepi/core/*,*/nepi/resource/*' --fail-under=100

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy src tests $(SCRIPTS)
	$(BIN)/pyright
	$(BIN)/lint-imports

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Each benchmark is a script that prints its ratios; run.py, where it is there, runs them all.
bench: setup
	@set -e; for script in $(or $(wildcard benchmarks/run.py),$(sort $(wildcard benchmarks/*.py))); do \
	  echo "== $$script"; $(BIN)/python "$$script"; done

docs: setup
	$(BIN)/nepi types --markdown docs/reference

clean:
	rm -rf .venv .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache \
	  .ruff_cache build dist
	find src tests examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
