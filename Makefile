# Everything a person does here. `make demo` needs Python 3.11 or newer with pip, and make; nothing else.
#
#   make demo     set up, start the whole world, run the main job, print what came of it, stop
#   make serve    the same world left running until Ctrl-C; prints the addresses
#   make doctor   can this machine run it?
#   make test     all tests            (make test ARGS="tests/store -x")
#   make check    style, types, who may import whom
#   make bench    the figures of docs/performance.md
#   make clean    delete what demo and serve wrote (var)
#   make distclean  also .venv and caches

PYTHON ?= python3
ARGS ?=

# a caller's setting that would make every process compile Airflow again
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH
unexport PYTHONHOME

.PHONY: help demo serve doctor setup setup-dev test check format bench clean distclean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   //p' $(firstword $(MAKEFILE_LIST))

setup:
	@$(PYTHON) onebox/bootstrap.py

setup-dev:
	@$(PYTHON) onebox/bootstrap.py --dev

demo: setup
	@exec .venv/bin/python -m onebox demo $(ARGS)

serve: setup
	@exec .venv/bin/python -m onebox serve $(ARGS)

doctor: setup
	@exec .venv/bin/python -m onebox doctor $(ARGS)

test: setup-dev
	@exec .venv/bin/python -m pytest $(ARGS)

check: setup-dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check --quiet .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo

format: setup-dev
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: setup-dev
	@exec .venv/bin/python benchmarks/run.py $(ARGS)

clean:
	@if [ -x .venv/bin/python ]; then exec .venv/bin/python -m onebox clean $(ARGS); else rm -rf var; fi

distclean: clean
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
