# make build: install, and run the main job.  make test: install, and pass all tests.
# Options go to the main job: make build BOARD=zcu104 ARGS="--images my_images"
PYTHON ?= python3
BOARD  ?= pynq-z2
ARGS   ?=
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/installed

.PHONY: build test lint install clean

build: install
	$(BIN)/python finn_build/build.py --board $(BOARD) $(ARGS)

test: install lint
	$(BIN)/python -m pytest -n 2 --dist worksteal --durations 20

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15) and "signflow needs Python 3.11 to 3.14")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) out build *.egg-info
