# bitsim from a fresh clone: `make` sets up .venv from the lock and runs the main job.
# Needs Python 3.11 or later with pip, g++ and make; writes to .uv, .venv and out only.
# `make test PYTHON=python3.12` runs the tests under that one, beside a .venv of another version.

PYTHON ?= python3
OUT ?= out
JOBS ?= 2

export UV_PYTHON_DOWNLOADS := never
export PIP_ROOT_USER_ACTION := ignore
UV := .uv/bin/uv

# An interpreter asked for by name has .venv, or .venv-3.12 where that has another version.
VENV := .venv
ifneq ($(origin PYTHON),file)
VERSION := -c 'import sys; print("%d.%d" % sys.version_info[:2])'
ASKED := $(shell $(PYTHON) $(VERSION))
VENV := $(if $(filter-out $(ASKED),$(shell test -x .venv/bin/python && .venv/bin/python $(VERSION))),.venv-$(ASKED),.venv)
endif
BIN := $(VENV)/bin

.PHONY: run setup setup-test test types tests-quick test-full bench docs notebook lock clean

run: setup
	$(BIN)/bitsim run --out $(OUT)

# Stamps: a second `make` finds them and sets nothing up. The test environment is the plain one
# and more, so it has both stamps, and once it is there it stays the one that is kept current.
setup: $(VENV)/stamp
setup-test: $(VENV)/stamp-test

$(VENV)/stamp: requirements.lock requirements-test.lock pyproject.toml | $(UV)
	$(call install,$(if $(wildcard $(VENV)/stamp-test),requirements-test.lock,requirements.lock))
	touch $@ $(wildcard $(VENV)/stamp-test)

$(VENV)/stamp-test: requirements-test.lock pyproject.toml | $(UV)
	$(call install,requirements-test.lock)
	touch $(VENV)/stamp $@

# uv, and pip where only pip knows the way to a package index. Then bitsim itself, editable. Both
# compile bytecode of packages, so that no run does; compileall that of bitsim.
define install
	test -x $(BIN)/python || $(UV) venv --quiet --python "$$(command -v $(PYTHON))" $(VENV)
	$(UV) pip sync --compile-bytecode --python $(BIN)/python --require-hashes $(1) || \
		$(PYTHON) -m pip --python $(BIN)/python install --require-hashes -r $(1)
	$(UV) pip install --python $(BIN)/python --no-index --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q bitsim
endef

# uv at the version and hashes of the lock, by whichever pip there is; else the uv of this machine.
$(UV): requirements-test.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "bitsim needs Python 3.11 or later: make PYTHON=python3.11" >&2; exit 2; }
	@mkdir -p .uv && sed -n '/^uv==/,/[^\\]$$/p' $< > .uv/uv.lock
	@if $(PYTHON) -m pip --version >/dev/null 2>&1; then pip="$(PYTHON) -m pip"; \
	elif $(PYTHON) -m venv .uv/pip >/dev/null 2>&1; then pip=.uv/pip/bin/pip; \
	elif command -v uv >/dev/null; then mkdir -p .uv/bin && ln -sf "$$(command -v uv)" $@; exit; \
	else echo "$(PYTHON) has no pip: apt-get install python3-pip (or put uv on PATH)" >&2; exit 2; fi; \
	$$pip install --quiet --target .uv --upgrade --no-deps --require-hashes -r .uv/uv.lock
	@touch -h $@

# The type checker has one core for a while, so it runs beside the tests.
test: setup-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory -j 2 types tests-quick

types: setup-test
	$(BIN)/mypy

tests-quick: setup-test
	$(BIN)/pytest -n $(JOBS)

# Other draws of random cases each time; `make test-full SEED=N` are those of a run that failed.
# With SLICE=k/N a part of the long tests, and a record of what held; SLICE=state tells what did.
SEED ?= $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
test-full: setup-test
	$(if $(SLICE),$(BIN)/python -m tests.full $(SLICE))
	$(if $(filter state,$(SLICE)),,$(BIN)/pytest -n $(JOBS) \
		$(if $(SLICE),-m full --slice $(SLICE),-m "full or not full") \
		--hypothesis-profile=full --hypothesis-seed=$(SEED))

bench: setup-test
	$(BIN)/python -m tests.bench.run

docs: setup-test
	$(BIN)/sphinx-build -W docs docs/_build

notebook: setup-test
	$(BIN)/jupyter lab examples/notebooks

lock: | $(UV)
	$(RESOLVE) --extra notebook --extra rtl --extra synth --group build --group test --group docs \
		--output-file requirements-test.lock
	$(RESOLVE) --group build --constraint requirements-test.lock --output-file requirements.lock
	! grep -nE '://|^-|file:|\+cpu' requirements.lock requirements-test.lock

# The large set first: the plain one then agrees with it wherever both have a package.
# One answer for Python 3.11 and later, and no trace of where this machine gets its packages.
RESOLVE := $(UV) pip compile pyproject.toml --quiet --upgrade --no-config --universal \
	--python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock"

clean:
	rm -rf .uv .venv .venv-* out build dist docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
