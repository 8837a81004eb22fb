# Everything runs from .venv, which the first target that needs it builds from requirements.txt.
# Needs Python 3.10 to 3.13 with its venv module (Debian: apt install make python3-venv).

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
OUT := out
DATA := data
COMPARE := .venv-compare
# A file's tests stay together, since they share what they train. Three processes keep two cores busy, since many tests
# wait for processes of their own; each may need 3 GB.
PARALLEL := -n 3 --dist loadfile

.PHONY: android-test android-apk android-model android-pictures android-tools pi setup demo test test-fast lint format bench bench-compare bench-tasks mini-en topics requirements transformers-env clean
.DEFAULT_GOAL := help

help:  ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  \1\t/' | expand -t 20

setup: $(VENV)/.installed  ## Build .venv with everything in it

$(VENV)/.installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 14))' || \
		{ echo "Python must be 3.10 to 3.13; received $$($(PYTHON) --version 2>&1) (make PYTHON=...)" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip' || { echo "Python's venv module must be there (apt install python3-venv)" >&2; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: setup  ## Train, quantize, convert, check, measure and run a classifier
	$(BIN)/albert-edge demo --out $(OUT)/demo --overwrite

test: setup  ## All tests
	$(BIN)/python -m pytest $(PARALLEL)

test-fast: setup  ## The quick tests
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow"

lint: setup  ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup  ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup  ## The figures of the README's tables (DATA=folder with sst2 and ag_news: hours)
	$(BIN)/python -m benchmarks.graph --out $(OUT)/graph.json
	@if [ -d "$(DATA)/sst2" ] && [ -d "$(DATA)/ag_news" ]; then \
		$(BIN)/python -m benchmarks.compression --data $(DATA) --out $(OUT)/compression; \
	else \
		$(BIN)/python -m benchmarks.compression --out $(OUT)/compression --only shape && \
		echo "left out: what is trained, which needs make bench DATA=folder with sst2 and ag_news" >&2; \
	fi

bench-compare: setup $(COMPARE)/.installed  ## This project beside other engines (DATA=folder with ag_news: its mix of lengths too)
	$(BIN)/python -m benchmarks.compare --peers $(COMPARE)/bin/python --out $(OUT)/compare \
		$(if $(wildcard $(DATA)/ag_news),--data $(DATA)/ag_news/dev.tsv --calibration $(DATA)/ag_news/train.tsv)

$(COMPARE)/.installed: benchmarks/compare/requirements.txt
	$(PYTHON) -m venv --clear $(COMPARE)
	$(COMPARE)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/compare/requirements.txt
	@touch $@

pi: setup  ## Answers and instruction counts on emulated Raspberry Pis (Debian: mmdebstrap, gcc; network once)
	$(BIN)/python -m benchmarks.pi --out $(OUT)/pi

# What Maven makes of android_demo is as new as the sources below, or is made anew.
ANDROID := android_demo
ANDROID_BUILT := $(ANDROID)/apk/target/build.json
ANDROID_SOURCES := $(shell find $(ANDROID) -name target -prune -o -type f \( -name pom.xml -o -name resources.xml \
	-o -path '*/src/*' ! -path '*/assets/*' ! -path '*/src/test/*' \) -print)
MAVEN := mvn --batch-mode --no-transfer-progress --file $(ANDROID)/pom.xml

android-tools:
	@missing=; for program in mvn javac aapt2 zipalign apksigner; do \
		command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	[ -z "$$missing" ] || { echo "not on the PATH:$$missing (Debian: apt install maven openjdk-17-jdk-headless" \
		"aapt zipalign apksigner)" >&2; exit 2; }

android-test: android-tools  ## Build and test the Android sample on the JVM (needs no Android SDK; network once)
	$(MAVEN) verify

android-pictures: android-test  ## Draw docs/pictures anew (Debian: pngquant)
	for name in classify entities-night answer benchmark-night; do \
		pngquant --force --output docs/pictures/$$name.png 64 $(ANDROID)/app/target/screenshots/$$name.png || exit 1; done

android-model: setup  ## Train, convert and measure the models that the Android sample carries
	$(BIN)/python $(ANDROID)/models/make.py --out $(OUT)/android-models

$(ANDROID_BUILT): $(ANDROID_SOURCES) | android-tools
	$(MAVEN) --quiet -DskipTests package

android-apk: $(ANDROID_BUILT)  ## A signed debug APK of the sample, checked (needs no Android SDK; network once)
	@ls $(ANDROID)/app/src/main/assets/*.tflite >/dev/null 2>&1 || { mkdir -p $(ANDROID)/app/src/main/assets && \
		cp examples/topics/topics.tflite $(ANDROID)/app/src/main/assets/; }
	$(PYTHON) $(ANDROID)/apk/make_apk.py --out $(OUT)/android

bench-tasks: setup  ## What small models learn from public data sets (DATA=their folder)
	$(BIN)/python -m benchmarks.tasks --data $(DATA) --out $(OUT)/tasks.json

topics: setup  ## Rebuild examples/topics/topics.tflite
	$(BIN)/albert-edge train text-classification --train examples/topics/train.tsv --dev examples/topics/dev.tsv \
		--size tiny --vocab-size 4000 --out $(OUT)/topics --overwrite
	$(BIN)/albert-edge convert $(OUT)/topics examples/topics/topics.tflite --target litert \
		--target tflite-runtime==2.14.0 --licence Apache-2.0 --overwrite

MINI_EN := $(OUT)/mini-en
MINI_EN_MODEL := examples/mini_en/albert-edge-mini-en

$(MINI_EN)/books: | setup
	$(BIN)/albert-edge corpus $(DATA)/books/books_pd_1928.txt.xz --vocab $(DATA)/albert_spm/30k-clean.model \
		--held-out 0.03 --out $@

$(MINI_EN)/wikitext2: | setup
	@mkdir -p $(MINI_EN)
	$(BIN)/python examples/mini_en/wikitext.py $(DATA)/wikitext2/valid.txt > $(MINI_EN)/wikitext2.part
	@mv $(MINI_EN)/wikitext2.part $(MINI_EN)/wikitext2.txt
	$(BIN)/albert-edge corpus $(MINI_EN)/wikitext2.txt --vocab $(DATA)/albert_spm/30k-clean.model --out $@

mini-en: setup $(MINI_EN)/books $(MINI_EN)/wikitext2  ## Pretrain examples/mini_en anew, in hours (DATA=the folder with books, wikitext2, albert_spm)
	$(BIN)/albert-edge pretrain --corpus $(MINI_EN)/books/train --held-out $(MINI_EN)/books/held-out \
		--held-out $(MINI_EN)/wikitext2/train --size mini --layers 6 --steps 24000 --batch-size 32 \
		--lengths 32:0.08,128:0.84,512:0.08 --depths 2:0.72,6:0.28 --learning-rate 0.0007 --warmup 0.02 \
		--mask-share 0.3 --word-vectors --local-start --jit --threads 1 --log-every 20 --evaluate-every 2000 \
		--out $(MINI_EN)/first
	$(BIN)/albert-edge adapt $(MINI_EN)/first --corpus $(MINI_EN)/books/train --held-out $(MINI_EN)/books/held-out \
		--held-out $(MINI_EN)/wikitext2/train --steps 1300 --batch-size 16 --lengths 128 --learning-rate 0.0004 \
		--mask-share 0.2 --seed 2 --threads 1 --log-every 20 --evaluate-every 1000 --out $(MINI_EN)/model
	$(BIN)/albert-edge export $(MINI_EN)/model --format huggingface --dtype float16 --out $(MINI_EN_MODEL) --overwrite
	cp $(MINI_EN)/first/training.json $(MINI_EN_MODEL)/pretraining.json
	cp $(MINI_EN)/first/curves.png $(MINI_EN)/model/training.json $(MINI_EN_MODEL)/
	cp $(MINI_EN)/model/curves.png $(MINI_EN_MODEL)/curves-adapt.png

requirements:  ## Pin requirements.txt anew (needs uv)
	uv pip compile pyproject.toml --extra host --extra corpus --extra privacy --extra dev --universal --python-version 3.10 --no-annotate \
		--no-emit-index-url --no-header --quiet --output-file $(OUT)/requirements.txt
	@{ echo "# The host's whole environment, pinned: Python 3.10 to 3.13 on 64-bit Linux, or macOS on Arm."; \
	   echo "# tflite-runtime needs numpy 1 and has no wheel past Python 3.11; later Pythons do without that target."; \
	   echo "# Written by 'make requirements' from pyproject.toml."; \
	   sed -E "s/ and \(\(platform_machine == 'arm64'.*//; s/ ; python_full_version < '3.14'$$//; s/ and python_full_version < '3.14'$$//" \
	   $(OUT)/requirements.txt; } > requirements.txt

transformers-env:  ## An environment with PyTorch and transformers, for the tests against them
	$(PYTHON) -m venv --clear .venv-transformers
	.venv-transformers/bin/python -m pip install --quiet --disable-pip-version-check -r tests/model/transformers-requirements.txt

clean:  ## Remove what the other targets made
	rm -rf $(VENV) .venv-transformers $(COMPARE) $(OUT) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
