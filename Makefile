# Everything here works in a fresh clone; Go is all that must be there before.

export CGO_ENABLED = 0
ARGS =

.PHONY: help dev build test lint fuzz torture bench mutants clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dev: build ## Run Latchkey with demo data on localhost (ARGS="--listen 127.0.0.1:9090")
	@bin/latchkey dev $(ARGS)

build: ## Build bin/latchkey
	go build -trimpath -o bin/latchkey ./cmd/latchkey

test: ## Run every check and every test
	@scripts/test

lint: ## Run the checks alone: format, lint, modules, other systems
	@scripts/check

fuzz: ## Fuzz every parser for a short while (FUZZTIME=10s)
	@scripts/fuzz

torture: build ## Put servers under fire and judge what clients saw (ARGS="...")
	@bin/latchkey torture $(ARGS)

bench: build ## Measure pairs per second beside the floors (ARGS="...")
	@bin/latchkey bench $(ARGS)

mutants: ## Show that the tests find deliberate bugs (ARGS="no-epoch")
	@cd tools && go run ./mutants $(ARGS)

clean: ## Remove what was built
	rm -rf bin
