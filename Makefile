# make build   every package and example, in release form
# make test    everything that a change must pass
# make baseline    makes the instructions that the hot paths take now those that they may take
# make deep    what an authorization server in trouble costs the examples: memory, fetches, latency
# make fuzz    the core with inputs that nobody thought of, FUZZ_SECONDS for each target
# make bench   what a check costs, in Rust, Python and Node and in servers, beside other libraries;
#              bench-rust, bench-python, bench-node, bench-http are its parts
# make packages    what a release uploads, from this platform: the crate, the sdist, a wheel from it
# make newcomer    follows each README word for word on an empty machine, or the one that README names
# make version VERSION=1.2.3    makes this the version of every package
# make public-api    writes the listing of the crate's public interface anew
# make demo    the quickstart on real software: a certified authorization server, three MCP
#              servers, the official clients (KEEP=1 leaves it running)
#
# A new machine needs Rust, CPython, Node with npm, make and gcc, and for the instruction counts
# valgrind, for the browser Chromium, for the TLS proxy nginx. The rest is installed here.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.PHONY: build rust wheel addon test lint core instructions baseline vectors python node installed e2e browser deny deep fuzz fuzz-build demo clean
.PHONY: packages newcomer version public-api
.PHONY: bench bench-tokens bench-rust bench-venv bench-python bench-addon bench-node bench-http

# Cargo, maturin and napi share one absolute directory, one target triple and one profile, so that
# nothing is compiled twice.
TRIPLE := $(shell rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR := $(CURDIR)/target
export CARGO_BUILD_TARGET := $(TRIPLE)
export CARGO_TERM_PROGRESS_WHEN := never
CARGO_FLAGS := --locked --release
BINDINGS := --exclude mcp-bearer-python --exclude mcp-bearer-node

DONE := target/done
PY := $(CURDIR)/.venv/bin/python
NODE_FOLDERS := bindings-node examples/dev-authorization-server examples/todo-express tests/gateways/express \
  tests/migration/express tests/demo tests/recipes tests/browser
REQUIREMENTS := $(wildcard bindings-python/requirements-dev.txt examples/*/requirements.txt tests/*/requirements.txt tests/gateways/*/requirements.txt)

# ---- build --------------------------------------------------------------------------------------

build: rust wheel addon $(NODE_FOLDERS:%=$(DONE)/npm/%)

rust:
	cargo build $(CARGO_FLAGS) -p todo-axum -p gateway-axum -p recipes-axum -p demo-rmcp

# The wheel is built once: the examples use it, and so do the tests.
wheel: $(DONE)/venv
	rm -rf build/wheels
	cd bindings-python && $(PY) -m maturin build --locked --release --strip --out ../build/wheels
	$(PY) -m pip install --quiet --force-reinstall --no-deps build/wheels/*.whl

addon: $(DONE)/npm/bindings-node
	cd bindings-node && npm run --silent build

$(DONE)/venv: $(REQUIREMENTS)
	python3 -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check $(REQUIREMENTS:%=-r %)
	mkdir -p $(@D) && touch $@

$(DONE)/npm/%: %/package-lock.json
	cd $* && npm ci --no-audit --no-fund --silent
	mkdir -p $(@D) && touch $@

# ---- test ---------------------------------------------------------------------------------------

test: lint core instructions python node installed e2e browser deny
	@echo "all tests passed"

lint: $(DONE)/venv $(DONE)/npm/bindings-node addon wheel
	cargo fmt --all --check
	cargo fmt --check --manifest-path core/fuzz/Cargo.toml
	cargo fmt --check --manifest-path bench/rust/Cargo.toml
	cargo fmt --check --manifest-path bench/http/Cargo.toml
	cargo clippy $(CARGO_FLAGS) -p mcp-bearer --no-default-features -- -D warnings
	cargo clippy $(CARGO_FLAGS) -p mcp-bearer -- -D warnings
	cargo clippy $(CARGO_FLAGS) -p mcp-bearer --features tower,axum -- -D warnings
	cargo clippy $(CARGO_FLAGS) --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc $(CARGO_FLAGS) -p mcp-bearer --all-features --no-deps
	awk -f core/readme.awk core/src/lib.rs | diff core/README.md -
	python3 .ci/version.py
	.venv/bin/zizmor --quiet --offline .github
	$(PY) -m check_jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	cd bindings-python && $(PY) -m mypy && $(PY) -m mypy.stubtest mcp_bearer
	cd examples/todo-fastapi && $(PY) -m mypy --strict .
	cd tests/gateways/fastapi && $(PY) -m mypy --strict .
	cd bindings-node && npm run --silent types
	git diff --exit-code -- bindings-node/index.d.ts

core:
	cargo test $(CARGO_FLAGS) --workspace $(BINDINGS) --all-features

# Writes the shared vectors anew; `make core` fails where that would change a file.
vectors:
	cargo run $(CARGO_FLAGS) --quiet -p mcp-bearer-tests --bin vectors

# How many instructions the hot paths take: fails where it is not as in the baseline.
COUNTER := $(if $(shell command -v valgrind),target/tools/bin/gungraun-runner)
INSTRUCTIONS := PATH="$(CURDIR)/target/tools/bin:$$PATH" python3 tests/benches/instructions.py
COUNT := cargo bench $(filter-out --release,$(CARGO_FLAGS)) --workspace $(BINDINGS) --all-features --bench instructions

instructions: $(COUNTER)
	$(INSTRUCTIONS) $(COUNT)

# Makes what is counted now the baseline of this compiler and machine.
baseline: $(COUNTER)
	$(INSTRUCTIONS) --write $(COUNT)

python: wheel
	cd bindings-python && $(PY) -m pytest
	cd bench && $(PY) -m pytest -q -p no:cacheprovider test_report.py

node: addon
	cd bindings-node && npm test --silent

# The wheel and the npm tarball, in environments that have nothing else.
installed: wheel addon
	$(PY) bindings-python/tests/check_wheel.py build/wheels/*.whl
	cd bindings-node && npm run --silent test:package

e2e: build
	cd examples/dev-authorization-server && npm test --silent
	cd tests/demo && npm test --silent
	cd tests/end_to_end && $(PY) -m pytest

# The official client in a page of a real browser. Skipped, in capitals, where there is no Chromium.
browser: build
	cd tests/browser && npm test --silent

deny: target/tools/bin/cargo-deny
	cargo fetch --quiet --locked
	PATH="$(CURDIR)/target/tools/bin:$$PATH" cargo deny --offline --all-features check --hide-inclusion-graph bans licenses sources

# The cargo tools that tests need. Unoptimised: they are built more often than they run.
target/tools/bin/cargo-public-api: TOOL := cargo-public-api@0.52.0
target/tools/bin/cargo-deny: TOOL := cargo-deny@0.20.2
target/tools/bin/gungraun-runner: TOOL := gungraun-runner@0.20.0
target/tools/bin/%:
	env -u CARGO_BUILD_TARGET CARGO_TARGET_DIR=$(CURDIR)/target/tools-build \
	  cargo install --quiet --debug --locked --root target/tools $(TOOL)

# Not part of `make test`: it takes minutes, and wants a machine to itself.
deep: build
	cd tests/end_to_end && $(PY) deep.py

# ---- release ------------------------------------------------------------------------------------

# Each is built again from nothing but itself.
packages: installed
	cargo package --locked --all-features -p mcp-bearer
	rm -rf build/sdist
	cd bindings-python && $(PY) -m maturin sdist --out ../build/sdist
	$(PY) -m pip wheel --quiet --no-deps --wheel-dir build/sdist build/sdist/*.tar.gz
	$(PY) bindings-python/tests/check_wheel.py build/sdist/*.whl

# Follows each README word for word, on a machine that has nothing, with the packages in local registries.
newcomer: wheel addon
	rm -f target/package/*.crate
	cargo package --quiet --locked --no-verify --allow-dirty -p mcp-bearer
	cd bindings-node && node npm/pack.mjs ../build/npm
	$(PY) tests/newcomer/walk.py $(README)

version:
	python3 .ci/version.py $(VERSION)

# The hosted workflow fails where this changes the file. It needs a nightly compiler, for rustdoc's JSON.
public-api: target/tools/bin/cargo-public-api
	PATH="$(CURDIR)/target/tools/bin:$$PATH" cargo public-api -sss --all-features --target $(TRIPLE) -p mcp-bearer \
	  > core/public-api.txt

# ---- fuzz ---------------------------------------------------------------------------------------

# libFuzzer's runtime and the compiler's own coverage: no nightly compiler, no cargo tool, no clang.
# No address sanitizer either: the core forbids unsafe code.
FUZZ := target/fuzz
FUZZ_TARGETS := token jwks operation settings
FUZZ_SECONDS := 60
FUZZ_CARGO := cd core/fuzz && CARGO_TARGET_DIR=$(CURDIR)/$(FUZZ) RUSTFLAGS="-Cpasses=sancov-module \
  $(addprefix -Cllvm-args=-sanitizer-coverage-,level=4 inline-8bit-counters pc-table trace-compares)" cargo

fuzz: $(FUZZ_TARGETS:%=fuzz-%)

# What is new is kept in the corpus. An input that fails is kept among the findings, and tried first
# from then on.
$(FUZZ_TARGETS:%=fuzz-%): fuzz-%: fuzz-build
	mkdir -p $(FUZZ)/corpus/$* $(FUZZ)/findings/$*
	$(FUZZ)/$(TRIPLE)/release/$* -max_total_time=$(FUZZ_SECONDS) -timeout=10 -dict=core/fuzz/words.dict \
	  -artifact_prefix=$(FUZZ)/findings/$*/ -print_final_stats=1 \
	  $(addprefix $(FUZZ)/,corpus/$* findings/$* seeds/$*) 2>&1 | grep -avE '^#[0-9]+.(NEW|REDUCE|RELOAD) |# Uses:'

fuzz-build:
	rm -rf $(FUZZ)/seeds
	python3 core/fuzz/seeds.py $(FUZZ)/seeds
	$(FUZZ_CARGO) clippy --locked --release --all-targets -- -D warnings
	$(FUZZ_CARGO) build --locked --release

# ---- bench --------------------------------------------------------------------------------------

# Its parts leave what they have measured in build/bench/results.
bench: bench-rust bench-python bench-node bench-http
	python3 bench/report.py

BENCH_CARGO := CARGO_TARGET_DIR=$(CURDIR)/target/bench cargo
BENCH_PY := $(CURDIR)/build/bench/venv/bin/python
# One of the peers needs OpenSSL's headers.
BENCH_FLAGS := --locked --release $(if $(shell pkg-config --exists openssl && echo yes),--features josekit)

# The tokens that the programs of all languages check. New ones each time: they are good for a day.
bench-tokens:
	cd bench/rust && $(BENCH_CARGO) run $(BENCH_FLAGS) --quiet --bin mint

bench-rust:
	cd bench/rust && $(BENCH_CARGO) clippy $(BENCH_FLAGS) --all-targets -- -D warnings
	cd bench/rust && $(BENCH_CARGO) run $(BENCH_FLAGS) --quiet --bin check

# A registry's build of the wheel, beside its peers in an environment of their own.
bench-venv: $(DONE)/venv $(DONE)/bench-venv
	rm -rf build/bench/wheels
	cd bindings-python && $(PY) -m maturin build --locked --profile dist --strip --out ../build/bench/wheels
	$(BENCH_PY) -m pip install --quiet --force-reinstall --no-deps build/bench/wheels/*.whl

bench-python: bench-tokens bench-venv
	PROFILE=dist $(BENCH_PY) bench/python/check.py

bench-addon: $(DONE)/npm/bindings-node
	cd bindings-node && NAPI_PROFILE=dist npm run --silent build

bench-node: bench-tokens bench-addon $(DONE)/npm/bench/node
	PROFILE=dist node bench/node/check.mjs

# A server sees each of these tokens once: there are as many as the rounds need.
bench-http: bench-venv bench-addon $(DONE)/npm/bench/http/express
	cd bench/rust && $(BENCH_CARGO) run $(BENCH_FLAGS) --quiet --bin mint 25000
	cd bench/http && $(BENCH_CARGO) clippy --locked --release --all-targets -- -D warnings
	cd bench/http && $(BENCH_CARGO) build --locked --release
	CARGO_TARGET_DIR=$(CURDIR)/target/bench python3 bench/http/measure.py

BENCH_REQUIREMENTS := bench/python/requirements.txt bench/http/fastapi/requirements.txt
$(DONE)/bench-venv: $(BENCH_REQUIREMENTS)
	python3 -m venv build/bench/venv
	$(BENCH_PY) -m pip install --quiet --disable-pip-version-check $(BENCH_REQUIREMENTS:%=-r %)
	mkdir -p $(@D) && touch $@

# ---- demo ---------------------------------------------------------------------------------------

demo: build
	PYTHON=$(PY) KEEP=$(KEEP) node tests/demo/demo.mjs

clean:
	rm -rf target build .venv $(NODE_FOLDERS:%=%/node_modules)
