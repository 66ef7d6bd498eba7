# Every target first builds .venv when it is missing, or when pyproject.toml or constraints.txt changed since.
# PYTHON=... chooses the interpreter (3.11 or newer); ARGS=... goes to the command of the target; EXTRAS=sim,test,lint,train
# also installs PyTorch, without which the tests of learning are skipped.

VENV := .venv
PEERS := .venv-bench
BIN := $(VENV)/bin
PYTHON ?=
ARGS ?=
EXTRAS ?= sim,test,lint
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
CANDIDATES = $(if $(PYTHON),$(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python)

.PHONY: help demo test lint bench experiments clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    eight simulated nodes with real daemons, live; some may lie"
	@echo "make test    the test suite             (ARGS='-k watchdog' runs a part of it)"
	@echo "make lint    ruff, format check and mypy --strict"
	@echo "make bench   polling, network simulation, agreement and policies against peers or a floor   (ARGS='--quick' takes a minute or two)"
	@echo "make experiments  networks under attack, against baselines and a bound, in some minutes; goes on where it was cut short"
	@echo "make clean   removes .venv, caches and build results"

demo: $(VENV)/.installed
	@$(BIN)/qkdctl demo $(ARGS)

# Tests that watch a deadline in real time run one after the other. All others share the cores: those that keep to no real
# time one by one, the rest, which often wait, file by file and one more at a time than there are cores.
TIMELESS := $(addprefix tests/,abft actuation api audit auth config control evidence keys library physics policies policy records \
  routing secretsharing store hil_sim/adversary hil_sim/channels hil_sim/key_relay hil_sim/network hil_sim/scpi \
  hil_sim/world)

test: $(VENV)/.installed-with-extras
ifeq ($(ARGS),)
	$(BIN)/pytest --numprocesses 2 --dist worksteal $(TIMELESS)
	$(BIN)/pytest --numprocesses 3 --dist loadfile -m 'not deadlines' $(addprefix --ignore=,$(TIMELESS))
	$(BIN)/pytest -m deadlines $$(grep -rl --include='test_*.py' mark.deadlines tests)
else
	$(BIN)/pytest $(ARGS)
endif

lint: $(VENV)/.installed-with-extras
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict

bench: $(VENV)/.installed-with-extras $(PEERS)/.installed
	@$(BIN)/python -m tests.bench $(ARGS)

experiments: $(VENV)/.installed-with-extras
	@mkdir -p build/experiments
	@$(BIN)/qkdctl experiment run small --resume --into build/experiments/rows.jsonl $(ARGS)
	@$(BIN)/qkdctl experiment report build/experiments/rows.jsonl --cost docs/results/bench-agreement.json \
	  --trainings docs/results/policy-trainings.json \
	  --into build/experiments
	@cat build/experiments/paper-table.md

clean:
	rm -rf $(VENV) $(PEERS) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The build backend is installed like everything else, from the constraints, because pip does not apply them to the
# isolated environment in which it would build otherwise.
$(VENV)/.installed: pyproject.toml constraints.txt
	@if ! $(BIN)/python -c 'import pip' 2>/dev/null; then \
	  for candidate in $(CANDIDATES); do \
	    if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	      echo "building $(VENV) with $$candidate" && exec "$$candidate" -m venv --clear $(VENV); \
	    fi; \
	  done; \
	  echo "no Python 3.11 or newer with its venv module among: $(CANDIDATES)" >&2; \
	  echo "install one (Debian and Ubuntu: apt install python3-venv) or name it: make PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi
	@echo "installing qkdctl into $(VENV), which takes a minute or two the first time"
	@$(PIP_INSTALL) hatchling editables
	@$(PIP_INSTALL) --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-with-extras: $(VENV)/.installed
	@echo "installing the tools for tests, lint and benchmarks"
	@$(PIP_INSTALL) --no-build-isolation --editable '.[$(EXTRAS)]'
	@touch $@

# The frameworks that the bench compares with, apart from everything else. One that cannot be installed leaves its error
# for the report, and is tried again the next time.
$(PEERS)/.installed: tests/bench/constraints-peers.txt $(VENV)/.installed
	@echo "installing the peers for benchmarks into $(PEERS)"
	@$(BIN)/python -m venv --clear $(PEERS)
	@failed=0; for peer in fastcs frappy-core sequence qns stable-baselines3 onnx onnxruntime; do \
	  if $(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check \
	    --constraint tests/bench/constraints-peers.txt $$peer 2>$(PEERS)/$$peer.error; \
	  then rm $(PEERS)/$$peer.error; else failed=1; echo "$$peer could not be installed; the report says so" >&2; fi; \
	done; [ $$failed = 1 ] || touch $@
