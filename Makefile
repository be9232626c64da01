# `make` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## Install what building needs and is missing (Debian, Ubuntu)
	@deploy/install-deps.sh

.PHONY: demo
demo: deps ## Build, run Penstock in front of a small site, upload samples, keep serving
	cargo build --release --bin penstock --example demo-origin
	@deploy/demo/run.sh

.PHONY: test
test: deps ## Run every test
	-@deploy/install-deps.sh --differential
	-@deploy/install-deps.sh --libheif
	-@deploy/install-deps.sh --pdfium
	cargo test

.PHONY: differential
differential: deps ## Send N=20000 bodies of SEED=1 through Penstock to real parsers
	@deploy/install-deps.sh --differential
	PENSTOCK_REQUIRE=differential PENSTOCK_DIFFERENTIAL_N=$(or $(N),20000) PENSTOCK_DIFFERENTIAL_SEED=$(SEED) \
	    PENSTOCK_DIFFERENTIAL_FIRST=$(FIRST) cargo test differential::no_parser

.PHONY: differential-paths
differential-paths: deps ## Send N=20000 requests of SEED=1 through Penstock to real routers
	@deploy/install-deps.sh --differential
	PENSTOCK_REQUIRE=differential PENSTOCK_PATHS_N=$(or $(N),20000) PENSTOCK_PATHS_SEED=$(SEED) \
	    PENSTOCK_PATHS_FIRST=$(FIRST) cargo test differential::paths

.PHONY: differential-pictures
differential-pictures: deps ## Send N=2000 odd pictures of SEED=1 through Penstock to programs that show them
	@deploy/install-deps.sh --differential
	PENSTOCK_REQUIRE=differential PENSTOCK_PICTURES_N=$(or $(N),2000) PENSTOCK_DIFFERENTIAL_SEED=$(SEED) \
	    PENSTOCK_DIFFERENTIAL_FIRST=$(FIRST) cargo test differential_pictures -- --nocapture

.PHONY: differential-texts
differential-texts: deps ## Send N=2000 odd documents of SEED=1 through Penstock to programs that show them
	@deploy/install-deps.sh --differential
	-@deploy/install-deps.sh --documents
	PENSTOCK_REQUIRE=differential PENSTOCK_TEXTS_N=$(or $(N),2000) PENSTOCK_DIFFERENTIAL_SEED=$(SEED) \
	    PENSTOCK_DIFFERENTIAL_FIRST=$(FIRST) cargo test differential_texts -- --nocapture

.PHONY: pieces
pieces: deps ## Upload files of BYTES=30000000 in pieces with real clients of npm and PyPI
	@deploy/install-deps.sh --differential
	PENSTOCK_REQUIRE=differential PENSTOCK_PIECES_BYTES=$(or $(BYTES),30000000) cargo test chunks::

.PHONY: build
build: deps ## Build the release binary, target/release/penstock
	cargo build --release --bin penstock

.PHONY: lint
lint: deps ## Check formatting, lints and documentation as CI does
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

.PHONY: fuzz
fuzz: ## Fuzz every parser, SECONDS=30 each; TARGETS="json xml" for some of them
	@deploy/install-deps.sh --fuzz
	@SECONDS_EACH=$(or $(SECONDS),30) fuzz/run.sh $(TARGETS)

.PHONY: deny
deny: deps ## Check licences, sources and advisories of dependencies
	@deploy/install-deps.sh --deny
	cargo deny check bans licenses sources
	@if cargo deny fetch db; then cargo deny check advisories; \
	    else echo "make deny: advisories were NOT checked, as their database cannot be fetched" >&2; fi

.PHONY: bench
bench: bench-stages bench-images bench-index bench-sets bench-text bench-proxy bench-arriving bench-reload bench-worst bench-overload ## Run every bench; QUICK=1 takes under a minute each

.PHONY: bench-stages
bench-stages: deps ## Measure each stage: PDQ, Hamming query, text scan, multipart
	cargo bench --bench stages

.PHONY: bench-images
bench-images: deps ## Hash pictures beside libjpeg-turbo, and Pillow with pdqhash
	@deploy/install-deps.sh --bench-images
	cargo bench --bench images

.PHONY: robustness
robustness: build ## Which manipulations the hashes survive: writes the table in docs/robustness.md
	@deploy/install-deps.sh --robustness
	target/robustness/venv/bin/python benches/robustness/robustness.py target/robustness \
	    benches/results/robustness.json docs/robustness.md

.PHONY: near-copies
near-copies: build ## Which edits of a known text are still found: writes the tables in docs/near-copies.md
	@deploy/install-deps.sh --near-copies
	target/near-copies/venv/bin/python benches/near_copies/near_copies.py target/release/penstock target/near-copies \
	    benches/results/near-copies.json docs/near-copies.md

.PHONY: false-alarms
false-alarms: build ## What odd matches each switch of rules costs over ordinary text: writes the table in docs/rules.md
	python3 benches/false_alarms/false_alarms.py target/release/penstock target/false-alarms \
	    benches/results/false-alarms.json docs/rules.md

.PHONY: bench-index
bench-index: deps ## Search up to 10^8 hashes beside faiss; QUICK=1 stops at 10^6
	@deploy/install-deps.sh --bench-index
	cargo bench --bench index

.PHONY: bench-text
bench-text: deps ## Search text for up to 10^6 keywords beside aho-corasick and Hyperscan
	@deploy/install-deps.sh --bench-text
	cargo bench --bench text

.PHONY: bench-sets
bench-sets: deps ## Compile and open 10^7 hashes, and look digests up
	cargo bench --bench sets

.PHONY: bench-reload
bench-reload: ## Swap 10^7 hashes for another 10^7 under load
	@deploy/install-deps.sh --bench
	cargo build --release --bin penstock --example demo-origin
	@benches/reload.sh

.PHONY: bench-worst
bench-worst: build ## What the costliest uploads of up to 1 MB and 4 MB cost; ONLY=gif for some of them
	python3 benches/worst/worst.py target/release/penstock target/worst benches/results/worst.json --only "$(ONLY)"

.PHONY: bench-overload
bench-overload: build ## What becomes of uploads at five times the capacity, and beside hostile ones; QUICK=1, APART=1
	python3 benches/overload/overload.py target/release/penstock target/overload benches/results/overload.json \
	    --seconds $(if $(QUICK),4,16) $(if $(APART),--apart)

.PHONY: soak
soak: ## Serve MINUTES=60 of traffic with reloads, floods and faults, and check every answer; RATE=20 uploads a second
	@deploy/install-deps.sh --soak
	cargo build --release --bin penstock
	python3 benches/soak/soak.py target/release/penstock target/soak benches/results/soak.json \
	    --minutes $(or $(MINUTES),60) --rate $(or $(RATE),20)

.PHONY: bench-links
bench-links: ## Uploads over long lines, beside nginx, and over narrow ones that are shared
	@deploy/install-deps.sh --bench-links
	cargo build --release --bin penstock
	python3 benches/links/links.py target/release/penstock target/links benches/results/links.json

.PHONY: bench-arriving
bench-arriving: ## How long after its last byte an upload is answered, inspected while it arrives or not
	@deploy/install-deps.sh --bench-arriving
	cargo build --release --bin penstock --example demo-origin
	@benches/arriving.sh

.PHONY: bench-proxy
bench-proxy: ## Load test with wrk: pass-through against hold-and-hash
	@deploy/install-deps.sh --bench
	cargo build --release --bin penstock --example demo-origin
	@benches/proxy.sh
