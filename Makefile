# For a machine with git, make and Python 3.11 or newer. Everything goes into .venv, from the pinned and
# hashed requirements.txt; nothing has to be activated. With uv, `uv run tracker ...` and `uv run pytest` do.

# The first Python that is new enough; name another with `make test PYTHON=/path/to/python3`.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && exit; \
	done; echo python3)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
INSTALLED := $(VENV)/installed-by-make

.PHONY: diff test lint bench fuzz audit clean

diff: $(INSTALLED)
	@$(BIN)/tracker diff 2025 2026

test: $(INSTALLED)
	@$(BIN)/python -m pytest

lint: $(INSTALLED)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

bench: $(INSTALLED)
	@$(BIN)/python benchmarks/run.py $(BENCH)

# `make fuzz FUZZ="--seconds 600 workbook"`
fuzz: $(INSTALLED)
	@$(BIN)/python tests/fuzz/guided.py $(FUZZ)

# Asks the database of advisories for every pinned version. It needs the network, and says so where it has none; its tool
# lives in a folder of its own for as long as it runs. An answer that leaves a package out is no answer (--strict).
audit:
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
	$(PYTHON) -m venv "$$folder" && "$$folder/bin/python" -m pip -qq --disable-pip-version-check install pip-audit==2.10.1 || { \
	echo "make audit could not run: pip-audit cannot be installed here" >&2; exit 1; }; \
	"$$folder/bin/pip-audit" --strict --disable-pip --require-hashes --progress-spinner off -r requirements.txt \
	--format columns --output "$$folder/report" 2>"$$folder/told" && { echo "no advisory is known for any pinned version"; exit; }; \
	test -s "$$folder/report" && { cat "$$folder/report"; exit 1; }; \
	tail -n 1 "$$folder/told" >&2; echo "make audit could not run: nothing is known of the pinned versions" >&2; exit 1

clean:
	@rm -rf $(VENV) dist .fuzz .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +

# Standard output is left to the command that was asked for.
$(INSTALLED): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	echo "tracker needs Python 3.11 or newer, and $(PYTHON) is not: install one, or name it with PYTHON=" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	echo "$(PYTHON) cannot make a virtual environment: install the system package python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV), once ..." >&2
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) install --no-deps --require-hashes -r requirements.txt >&2
	@$(PIP) install --no-deps --no-index --no-build-isolation -e . >&2
	@touch $@
