# Two commands matter: `make run` and `make test`. Each sets up what it needs.

PYTHON ?= python3
VENV := .venv
STUDIO := .studio
TRYTON := .tryton
BIN := $(VENV)/bin
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r
PIP_COMPILE = $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-emit-options \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.PHONY: run test coverage check gauntlet bench studio lock clean help

help:  ## Say what each command does
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

run: $(VENV)/.run $(if $(filter tryton,$(ERP)),$(TRYTON)/.installed)  ## Serve on 127.0.0.1:8000 and put the sample invoices, or FILES="a.xml b.pdf", through (ERP=tryton: book them in Tryton)
	@$(BIN)/python $(if $(filter tryton,$(ERP)),-m tools.tryton.setup .steward/tryton -- $(BIN)/python) -m server serve --dev --demo $(FILES)

test: $(VENV)/.dev $(STUDIO)/.installed $(TRYTON)/.installed  ## Run all tests, in two processes (T=path narrows, and takes one)
ifdef T
	@$(BIN)/python -m pytest $(T)
else
	@log=$$(mktemp); $(BIN)/python -m pytest tests/acceptance tests/gauntlet > $$log 2>&1 & beside=$$!; \
	trap "kill $$beside" INT TERM; \
	$(BIN)/python -m pytest tests/unit tests/contract tests/integration; here=$$?; \
	wait $$beside; there=$$?; cat $$log; rm $$log; exit $$((here || there))
endif

coverage: $(VENV)/.dev $(STUDIO)/.installed $(TRYTON)/.installed  ## The same, and say which lines and branches no test runs
	@$(BIN)/python -m pytest --cov --cov-report=term --cov-report=html $(T)

check: $(VENV)/.dev  ## Format, lint, types, layers, rules, policies
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m server rules fmt --check
	@$(BIN)/python -m server rules check
	@$(BIN)/python -m server policy check

gauntlet: $(VENV)/.dev  ## Break the whole system and judge what became of it (T=smoke, T=F3; N=0.1 scales the counts)
	@PYTHONPATH=$(CURDIR) $(BIN)/python tests/gauntlet $(or $(T),all) --scale $(or $(N),1)

bench: $(VENV)/.dev  ## Measure anew and write docs/performance.md (T="cycles" runs one benchmark)
	@$(BIN)/python -m benchmarks $(T)

studio: $(STUDIO)/.installed  ## Open the processes in LangGraph Studio (the official `langgraph dev`)
	@ERP_DATABASE=$(CURDIR)/.steward/studio-erp.sqlite3 $(STUDIO)/bin/langgraph dev

lock: $(VENV)/.dev  ## Resolve the four lock files anew
	@$(PIP_COMPILE) pyproject.toml --upgrade --extra embedded -o requirements/run.txt
	@$(PIP_COMPILE) pyproject.toml --upgrade --extra embedded --extra dev -c requirements/run.txt -o requirements/dev.txt
	@$(PIP_COMPILE) pyproject.toml --upgrade --extra studio -o requirements/studio.txt
	@$(PIP_COMPILE) requirements/tryton.in --upgrade -o requirements/tryton.txt

clean:  ## Remove environments and caches, not the data in .steward
	@rm -rf $(VENV) $(STUDIO) $(TRYTON) .mypy_cache .ruff_cache .pytest_cache .hypothesis htmlcov .coverage

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Steward needs Python 3.11 or later; set PYTHON=...") if sys.version_info < (3, 11) else None'
	@echo "Setting up $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt | $(VENV)/bin/python
	@echo "Installing what the runtime needs, from requirements/run.txt ..."
	@$(BIN)/python $(PIP_INSTALL) requirements/run.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(VENV)/bin/python
	@echo "Installing what the tests and checks need, from requirements/dev.txt ..."
	@$(BIN)/python $(PIP_INSTALL) requirements/dev.txt
	@touch $@ $(VENV)/.run

$(STUDIO)/.installed: requirements/studio.txt
	@echo "Setting up $(STUDIO) for LangGraph Studio, from requirements/studio.txt ..."
	@$(PYTHON) -m venv $(STUDIO)
	@$(STUDIO)/bin/python $(PIP_INSTALL) requirements/studio.txt
	@touch $@

$(TRYTON)/.installed: requirements/tryton.txt
	@echo "Setting up $(TRYTON) for the ERP Tryton, from requirements/tryton.txt ..."
	@$(PYTHON) -m venv $(TRYTON)
	@$(TRYTON)/bin/python $(PIP_INSTALL) requirements/tryton.txt
	@touch $@
