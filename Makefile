# Ownhand: the two commands are `make run` and `make test`; both prepare .venv first, once.
#
#   PYTHON              the Python that .venv is made with, 3.11 or newer (python3)
#   ARGS                passed on: make run ARGS="doctor"; make test-rest ARGS="-k vault"
#   GPU                 cuda, vulkan or metal builds llama.cpp for it: make run GPU=cuda; later calls keep that build until
#                       another is named, GPU=none goes back.  On Apple's computers Metal is in every build
#   TORCH_INDEX         address of a package index with CPU builds of torch, where pip's own index has only GPU builds
#   LLAMA_WHEEL_INDEX   address of a package index with prebuilt llama-cpp-python wheels, instead of building one
#
# pip's own configuration (pip.conf, PIP_* variables) is respected.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
GPU ?=
READY := .venv/.ready$(GPU:%=-%)
WINDOWS := display or e2e or screens
BY_HAND := bench or quality
# What pytest's `-n auto` counts would be half of this where a core computes two threads.
CORES := $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
DISPLAYS := $(shell test $(CORES) -lt 4 && echo $(CORES) || echo 4)

# The program is many processes and the tests start hundreds: none is to compile it anew.
unexport PYTHONDONTWRITEBYTECODE
export TORCH_INDEX LLAMA_WHEEL_INDEX GPU

.DEFAULT_GOAL := help
.PHONY: help setup run test lint types layers test-windows test-rest format screenshots bench constraints clean

help: ## show this list
	@echo "Ownhand. The commands are:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1~\2/p' $(MAKEFILE_LIST) | sed 'h; s/~.*//; s/$$/                  /; s/^\(.\{20\}\).*/\1/; G; s/\n[^~]*~/ /'
	@echo "Variables (PYTHON, ARGS, GPU, TORCH_INDEX, LLAMA_WHEEL_INDEX) are explained at the top of the Makefile."

setup: $(READY) ## prepare .venv: everything Ownhand and its tests need

$(READY): pyproject.toml packaging/constraints.txt packaging/debian-packages.txt packaging/prepare.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "Ownhand needs Python 3.11 or newer, and \"$(PYTHON)\" is not; name one: make PYTHON=/path/to/python3.11" >&2; \
	    exit 1; }
	@$(PYTHON) packaging/prepare.py
	@rm -f .venv/.ready-*
	@touch .venv/.ready $@

run: $(READY) ## open the window; ARGS are passed on to ownhand
	@$(BIN)/ownhand $(ARGS)

test: lint types layers test-windows test-rest ## lint, types, layers and all tests

lint: $(READY) ## style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## static types
	@$(BIN)/mypy

layers: $(READY) ## who may import whom
	@$(BIN)/lint-imports

test-windows: $(READY) ## the tests that open real windows, side by side, each process on a virtual display of its own
	@$(BIN)/pytest --dist loadfile --tx "$(DISPLAYS)*popen//python=packaging/under-xvfb $(BIN)/python" -m "$(WINDOWS)" $(ARGS)

test-rest: $(READY) ## all other tests, one process per core
	@$(BIN)/pytest -n $(CORES) --dist loadfile -m "not ($(WINDOWS) or $(BY_HAND))" $(ARGS)

format: $(READY) ## bring the code into form
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

screenshots: $(READY) ## pictures of the windows, light and dark
	@packaging/under-xvfb $(BIN)/python tests/screens/make_screenshots.py $(ARGS)

bench: $(READY) ## measure Ownhand on this machine
	@$(BIN)/ownhand bench $(ARGS)

constraints: $(READY) ## write the versions in .venv into packaging/constraints.txt
	@{ sed '/^$$/q' packaging/constraints.txt; \
	   $(BIN)/pip list --format freeze --exclude-editable --exclude pip | sed 's/+cpu$$//'; } > packaging/constraints.txt.new
	@mv packaging/constraints.txt.new packaging/constraints.txt

clean: ## remove .venv and everything made from the sources; not your data
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
