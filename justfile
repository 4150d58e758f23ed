# `just` lists these; each is one line of what CONTRIBUTING.md says.

# Keeps dependencies between clones and CI runs
export CARGO_TARGET_DIR := env("CARGO_TARGET_DIR", home_directory() / ".cache/clickproof/target")

_default:
    @just --list

# Everything that CI runs
ci:
    bash .ci/run

# Format
fmt:
    cargo fmt --all

# Format, lints and documentation, without the tests
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# All tests
test *ARGS:
    cargo test --workspace {{ARGS}}

# A query over the sample lake, such as `just run proxy_rate --format csv`
run QUERY *ARGS:
    cargo run --bin analyze -- run {{QUERY}} {{ARGS}}

# Screenshots of the sample's report at three widths, in light and dark, and its print; needs Chromium and npm
look *ARGS:
    mkdir -p target/look && cp tests/browser/package*.json target/look/ && (cd target/look && npm ci --silent)
    cargo run --bin analyze -- report --from 2026-03-09 --output target/look/report.html {{ARGS}}
    CLICKPROOF_NODE_MODULES=target/look node tests/browser/check_page.mjs --screenshots target/look target/look/report.html

# Completions and manual pages of the debug build, below PREFIX/share
share PREFIX:
    cargo build --bin analyze --bin fetcher
    dist/make-share "$CARGO_TARGET_DIR/debug" {{PREFIX}}

# Draw the pictures of docs/queries anew
pictures:
    cargo build --bin analyze
    ~/.cache/clickproof/venv/bin/python docs/make-pictures "$CARGO_TARGET_DIR/debug/analyze"

# Make the sample lake anew
sample:
    data/make-sample

# `fetcher land` against DuckDB, recorded in benches/runs
bench-land *ARGS:
    cargo build --release --bin fetcher --no-default-features --features fetcher
    cargo build --release -p simulator
    python3 benches/land.py "$CARGO_TARGET_DIR/release/fetcher" "$CARGO_TARGET_DIR/release/everflow-sim" {{ARGS}} \
        --record "benches/runs/$(date +%F)/land.txt"

# Requests that the window planner needs, beside plain bisection
bench-plan *ARGS:
    cargo bench -p fetcher --bench plan -- {{ARGS}}

# What the scores find and whom they wrong, beside the usual baselines, recorded in benches/runs
bench-exam *ARGS:
    cargo build --release --bin analyze --bin fetcher
    cargo build --release -p simulator
    python3 benches/exam.py "$CARGO_TARGET_DIR/release/analyze" "$CARGO_TARGET_DIR/release/fetcher" \
        "$CARGO_TARGET_DIR/release/everflow-sim" --fdma ../shared/data/fdma2012/publishers.parquet {{ARGS}} \
        --record "benches/runs/$(date +%F)/exam.txt"

# Banned crates, licences and sources of the dependencies
deny:
    cargo deny check bans licenses sources

# Known vulnerabilities of the dependencies; needs the network
advisories:
    cargo deny check advisories
