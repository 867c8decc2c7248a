# Every target sets up what it needs: Python packages in .venv, MicroPython for WebAssembly, and,
# for the lab, Debian packages where this runs as root and they are missing.
PYTHON ?= python3
PY := .venv/bin/python
N ?= 1000000
DAYS ?= 60

.DEFAULT_GOAL := help
.PHONY: help demo flash board-test emulate romfs setup quick t test check test-board test-all \
	lint types format docs reference clean coverage lab lab-kea fuzz model mutants simulate size \
	figures bench bench-board pictures romnames dist release-check vm

help:  ## list the targets
	@awk -F ':.*## ' '/^##@/ {print "\n" substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use it

demo:  ## watch a real client get an address from MicroPython; PLAY=1: a server with a page to look at
	@$(PYTHON) tools/bootstrap.py $(if $(PLAY),,--vm --lab)
	@$(PY) tools/demo $(if $(PLAY),--play)

flash: setup  ## put it on a board: make flash BOARD=pico_w PORT=/dev/ttyACM0 [FAST=1] [LINES=1] [MAIN=my.py]
	@$(PY) tools/flash copy --board "$(BOARD)" $(if $(PORT),--port "$(PORT)") \
		$(if $(FAST),--fast) $(if $(LINES),--lines) $(if $(MAIN),--main "$(MAIN)")

board-test: setup  ## the self-test and the test files on a board: make board-test PORT=/dev/ttyACM0
	@$(PY) tools/flash test $(if $(PORT),--port "$(PORT)") $(TESTS)

emulate: setup  ## stock firmware on an emulated Pico W serves real clients
	@$(PYTHON) tools/bootstrap.py --lab
	@$(PY) tools/emulator

romfs: vm  ## an image for a firmware with a ROMFS partition, and the heap it takes from there
	@$(PY) tools/romfs
	@$(PY) tools/romfs --measure

##@ Every day

setup:  ## only what every target needs: the virtual environment .venv
	@$(PYTHON) tools/bootstrap.py

quick:  ## the inner loop, one minute: lint, types, core on CPython and newest MicroPython
	@$(PYTHON) tools/bootstrap.py --vm --types
	@$(PY) tools/check quick

t:  ## one test file on CPython and in MicroPython, seconds: make t T=host_tests/test_x.py
	@$(PYTHON) tools/bootstrap.py --vm
	@$(PY) tools/check --file "$(T)"

test:  ## some ten minutes: all but the emulated boards' stories and the long random runs
	@$(PYTHON) tools/bootstrap.py --vm --types --docs --lab --servers
	@$(PY) tools/check test

check: test  ## exactly what the CI runs

test-board:  ## some twenty minutes: every story on an emulated Pico W with stock firmware
	@$(PYTHON) tools/bootstrap.py --lab
	@$(PY) tools/check test-board

test-all:  ## more than an hour: everything, in all seven MicroPython versions, with the long runs
	@$(PYTHON) tools/bootstrap.py --vm --types --docs --lab --servers
	@$(PY) tools/check test-all

lint: setup  ## ruff (rules and format) and codespell
	@$(PY) tools/check --only lint

types:  ## the package and boards/ against the modules of each firmware (mypy)
	@$(PYTHON) tools/bootstrap.py --types
	@$(PY) tools/check --only types

format: setup  ## rewrite the Python files in the project's format
	@$(PY) -m ruff check --fix-only --quiet . && $(PY) -m ruff format .

docs:  ## the pages as a site in .build/site, every link checked: make docs, make docs SERVE=1
	@$(PYTHON) tools/bootstrap.py --docs
	@$(if $(SERVE),$(PY) -m mkdocs serve --quiet,$(PY) tools/check --only docs)

reference: setup  ## write the reference pages again, from stubs, docstrings and --help
	@$(PY) tools/reference.py

clean:  ## remove what the targets above have made
	rm -rf .venv .build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

##@ Try one thing

coverage: setup  ## branch coverage of the core, fails under 100 %
	@$(PY) tools/check --only coverage

lab:  ## only the tests with real clients in network namespaces
	@$(PYTHON) tools/bootstrap.py --lab
	@$(PY) tools/check --only lab

lab-kea:  ## hand-over to Kea, dnsmasq, ISC dhcpd; relays before a Kea hot-standby pair
	@$(PYTHON) tools/bootstrap.py --lab --servers
	@$(PY) -m pytest -q -rs host_tests/test_host_migrate*.py host_tests/test_host_kea*.py

fuzz: setup  ## N mutated packets against the invariants: make fuzz N=1000000 SEED=7
	@$(PY) tools/fuzz.py --packets $(N) $(if $(SEED),--seed $(SEED))

model: setup  ## N stories against the model of the server: make model N=5000 SEED=7 ONLY=A4
	@$(PY) tools/model.py $(if $(filter-out 1000000,$(N)),--examples $(N)) \
		$(if $(SEED),--seed $(SEED)) $(if $(ONLY),--only $(ONLY))

mutants: setup  ## mutation testing of the core, half an hour: make mutants MODULES="server reply"
	@$(PY) tools/mutants.py $(MODULES)

simulate: setup  ## 60 days of 200 clients, power cuts, a bad network: make simulate DAYS=60 SEED=7
	@$(PY) tools/simulate --days $(DAYS) --reserve-days 0.5 --identifiers 4 $(if $(SEED),--seed $(SEED))

##@ Measure

size: vm  ## what the built package costs on a board, fails above a budget
	@$(PY) tools/size.py

figures: vm  ## measure what `make size` does, and write docs/figures.toml and the pages that quote it
	@$(PY) tools/figures.py

bench: vm  ## cost of a packet with 254 slots against 8; 240 clients at once, checks on
	@$(PYTHON) tools/bootstrap.py --lab
	@$(PY) tools/bench.py
	@$(PY) tools/bench_checks.py

bench-board: setup  ## OFFER and ACK on an emulated Pico W against its built-in server
	@$(PY) tools/bench_board.py

##@ Release

pictures: setup  ## screenshots of page and portal for the docs (Chromium)
	@$(PY) tools/pictures.py

romnames: vm  ## read again which names the firmware has in ROM, after a new one has come
	@$(PYTHON) tools/bootstrap.py --types
	@$(PY) tools/packer/romnames.py

dist: setup  ## a release in dist/: built files, and the package.json for mpremote mip install
	@$(PY) tools/dist.py

release-check: setup  ## whether the tree is ready for a tag: make release-check TAG=v0.2.0
	@$(PY) tools/release.py "$(TAG)"

vm:
	@$(PYTHON) tools/bootstrap.py --vm
