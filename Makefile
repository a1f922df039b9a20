# The commands of the house. `make site` and `make test` set up everything they need in .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
# Each package is listed with its version and hashes, and none is looked for in what another needs.
HASHED := $(PIP) --no-deps --require-hashes --requirement
EDITABLE := $(PIP) --no-build-isolation --editable
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-annotate --python-version 3.11.5 \
	--constraint constraints.txt --excludes requirements/unhashed.txt --group build --custom-compile-command 'make lock'
# For `make refresh` and `make audit`: read every URL from this folder and touch no network.
MIRROR ?=
# Options of `make bench`, such as BENCH='--models vit_base_patch16_224 --rounds 4'.
BENCH ?=
# For `make fuzz`: how many mirrors are broken, and the number they are drawn from.
FUZZ ?= 1000
SEED ?= 1
README_CHART := public/charts/gmacs-accuracy.png

.PHONY: site serve test test-fast sweep lint refresh charts audit fuzz bench bench-pipeline lock clean

.venv/site.stamp: pyproject.toml requirements/site.txt package-lock.json
	$(PYTHON) -m venv .venv
	$(HASHED) requirements/site.txt
	$(EDITABLE) . --no-deps
	$(BIN)/npm ci --silent --no-audit --no-fund
	touch $@

.venv/bench.stamp: .venv/site.stamp constraints.txt
	$(EDITABLE) '.[site,implementations,export,parity,benchmark]' --constraint constraints.txt
	touch $@

.venv/test.stamp: .venv/site.stamp requirements/test.txt requirements/unhashed.txt constraints.txt
	$(HASHED) requirements/test.txt
	$(PIP) --requirement requirements/unhashed.txt --constraint constraints.txt
	$(BIN)/pip check
	command -v chromium >/dev/null || (apt-get update -qq && apt-get install -y -qq chromium) || echo "chromium is not installed and could not be: browser tests will be skipped" >&2
	touch $@

site: .venv/site.stamp  ## build the site from the committed catalog into public/
	$(BIN)/backbones site

serve: site  ## look at the built site on http://localhost:8000
	$(PYTHON) -m http.server --directory public 8000

refresh: .venv/site.stamp  ## scrape, merge, check, export, draw, build
	status=0; $(BIN)/backbones refresh $(if $(MIRROR),--mirror $(MIRROR)) || status=$$?; \
	$(BIN)/backbones site && cp $(README_CHART) .github/chart.png && exit $$status

charts: .venv/site.stamp  ## draw every chart into site/build/charts
	$(BIN)/backbones charts

lint: .venv/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry .

test: lint  ## lint, format, types, imports and all tests
	$(BIN)/pytest --numprocesses 2 --dist loadfile

test-fast: .venv/test.stamp  ## what needs no framework, browser, built site or whole mirror: for the loop of editing
	$(BIN)/pytest --numprocesses 2 --dist loadfile -m 'not slow'

sweep: .venv/test.stamp  ## the slow extras: every variant and every check
	$(BIN)/pytest -m sweep

fuzz: .venv/test.stamp  ## refresh from mirrors broken at random; the tests do some of it
	$(BIN)/python -m tests.fuzz --mirrors $(FUZZ) --seed $(SEED)

audit:  ## compare every published figure with its line of upstream; the built site's too where there is one
	$(PYTHON) -m tests.audit $(if $(MIRROR),--mirror $(MIRROR))
	$(if $(wildcard public/api),$(PYTHON) -m tests.audit --data public/data --api public/api/v1 $(if $(MIRROR),--mirror $(MIRROR)))

bench: .venv/bench.stamp  ## time the implementations against their rivals on this machine, into catalog/results
	$(BIN)/backbones bench $(BENCH)

bench-pipeline: .venv/test.stamp  ## time and memory of refresh, charts, site and the terminal commands
	$(BIN)/python -m tests.bench_pipeline

lock: .venv/test.stamp  ## write constraints.txt from what is installed, and requirements/ with the hashes of those versions
	$(PIP) uv --constraint constraints.txt
	(head -n 1 constraints.txt; $(BIN)/pip freeze --exclude-editable | sed 's/+cpu$$//' | sort -f) > constraints.new
	mv constraints.new constraints.txt
	$(LOCK) --extra site --output-file requirements/site.txt
	$(LOCK) --all-extras --output-file requirements/test.txt

clean:
	rm -rf public .public.* site/build .cache
