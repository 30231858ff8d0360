# neomesh: `make` lists the targets. A target makes what it needs first, once; everything is installed in this folder.

# The interpreters to use, as in `make setup PYTHON=python3.12`.
NODE ?= node
PYTHON ?= python3

# Tests whose path contains this word, as in `make test ONLY=train`.
ONLY ?=

# Folders too: they change when a file is removed.
SOURCES := $(shell find src kernels test bench -mindepth 1 -type d -o -name '*.ts' -o -path 'src/*/page/*')
VENV := .venv/.installed
JUPYTER := .venv/.jupyter
PEERS := .venv-peers/.installed$(if $(GPU),-gpu)
PLAN := .venv/.installed-plan$(if $(GPU),-gpu)

.PHONY: help setup plan-setup demo lab notebooks lint test test-slow test-peers bench bench-gpu bench-peers fake-cloud site docs clean distclean
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1@\2/p' $(MAKEFILE_LIST) | awk -F@ '{ printf "%-20s %s\n", $$1, $$2 }'

setup: dist/.built $(VENV) $(JUPYTER) ## install and build what is missing or out of date

plan-setup: setup $(PLAN) ## install the compiler for TPUs (0.5 GB), or with GPU=1 for GPUs (0.7 GB), for neomesh plan --topology

demo: dist/.built $(VENV) ## run the five steps on real text and sample; Ctrl-C saves and stops, run it again to resume
	@$(NODE) bin/neomesh.mjs demo

lab: setup ## open JupyterLab with the notebooks
	@.venv/bin/jupyter lab --notebook-dir=. notebooks

notebooks: setup ## run all notebooks, failing on any error; SAVE=1 keeps the outputs, ONLY=word selects, PARAMS="steps=20" sets a parameter
	@.venv/bin/python kernels/run_notebooks.py $(if $(SAVE),--save) $(addprefix -p ,$(PARAMS)) $(ONLY)

lint: node_modules/.installed ## check types of promises and any, imports, and the format
	@$(NODE) node_modules/oxlint/bin/oxlint --type-aware src kernels test bench
	@$(NODE) node_modules/prettier/bin/prettier.cjs --check --log-level=warn src kernels test bench bin templates

test: setup ## run all tests but the slow ones (with CI=true all); ONLY=word selects by path
	@$(NODE) dist/test/run.js $(ONLY)

test-slow: setup ## run all tests
	@$(NODE) dist/test/run.js --slow $(ONLY)

test-peers: setup ## compare with Hugging Face transformers and lm-evaluation-harness, live
	@test -x .venv-peers/bin/python || { echo 'neomesh: the peers are not installed: make bench-peers (6 GB)' >&2; exit 1; }
	@$(NODE) dist/test/run.js --peers $(ONLY)

bench: setup ## measure training and sampling, next to the peers where they are installed
	@$(NODE) dist/bench/run.js $(ONLY)

bench-gpu: setup ## on a machine with an NVIDIA GPU: correctness, training, generation, memory and MFU, next to the peers
	@$(NODE) dist/bench/gpu.js --save bench/RESULTS-GPU.md

bench-peers: $(PEERS) ## install the peers (PyTorch, JAX, Hugging Face: 6 GB) into .venv-peers; with GPU=1 JAX for NVIDIA GPUs, too

fake-cloud: setup ## start a stand-in of Google's TPU service, for `neomesh tpu` without a bill; SCRIPT=file.json says what goes wrong
	@$(NODE) bin/neomesh.mjs tpu stand-in $(if $(SCRIPT),--script $(SCRIPT))

site: dist/.built ## write the lessons as a static site, which runs them in the browser, into dist/site
	@$(NODE) kernels/browser/build.mjs
	@$(NODE) bin/neomesh.mjs site dist/site

docs: node_modules/.installed docs/site/node_modules/.installed ## build the site of docs and API reference in dist/docs
	@cd docs/site && $(NODE) node_modules/typedoc/bin/typedoc --logLevel Warn
	@echo 'made dist/docs/index.html'

clean: ## remove what was built
	rm -rf dist

distclean: clean ## also remove what was installed; runs and data stay
	rm -rf node_modules docs/site/node_modules .venv .venv-peers

# npm ci removes node_modules first, so a stamp in it means that the last install finished.
node_modules/.installed: package.json package-lock.json
	@command -v $(NODE) > /dev/null || { echo 'neomesh: needs Node 20 or newer ($(NODE) not found). See https://nodejs.org' >&2; exit 1; }
	@$(NODE) -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' || \
	  { echo "neomesh: needs Node 20 or newer; this is $$($(NODE) --version). Install one, or name one: make setup NODE=/path/to/node" >&2; exit 1; }
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

docs/site/node_modules/.installed: docs/site/package.json docs/site/package-lock.json
	cd docs/site && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

dist/.built: node_modules/.installed tsconfig.json $(SOURCES)
	npm run --silent build
	@touch $@

$(VENV): requirements.txt
	@command -v $(PYTHON) > /dev/null || { echo 'neomesh: needs Python 3.10 or newer for its libraries ($(PYTHON) not found)' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "neomesh: needs Python 3.10 or newer; this is $$($(PYTHON) --version 2>&1). Name another: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || \
	  { echo 'neomesh: $(PYTHON) lacks the module venv. On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.txt
	@case "$$(uname -s)-$$(uname -m)" in Linux-x86_64|Linux-aarch64) ;; *) \
	  echo 'neomesh: PyPI has no PJRT plugin for the CPU of this system; set PJRT_PLUGIN_LIBRARY_PATH to one that you have built' >&2;; esac
	@touch $@

# The kernelspec names this folder and this node.
$(JUPYTER): requirements-notebooks.txt $(VENV) dist/.built kernels/lab/remoteEntry.js
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-notebooks.txt
	@$(NODE) bin/neomesh.mjs kernel install --prefix .venv > /dev/null
	@touch $@

# `make setup` recreates .venv when its requirements change; then this has to be installed again.
$(PLAN): requirements-plan$(if $(GPU),-gpu).txt $(VENV)
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

.venv-peers/.installed: bench/peers/requirements.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --disable-pip-version-check -r $<
	@touch $@

.venv-peers/.installed-gpu: bench/peers/requirements-gpu.txt .venv-peers/.installed
	.venv-peers/bin/python -m pip install --disable-pip-version-check -r $<
	@touch $@
