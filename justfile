# Short names for what lies in scripts/ and for cargo: `just --list`.

# Test everything, or only the tests whose names contain one of NAMES
test *NAMES:
    ./scripts/test {{ NAMES }}

# Check the format and every lint
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings

# The whole job against the simulated provider
demo *ARGS:
    cargo run --release --locked -- demo {{ ARGS }}

# The whole archiver beside a bare loop; `--quick` takes less than a minute
bench *ARGS:
    cargo bench --locked --bench end_to_end -- {{ ARGS }}

# Files and functions that are too long, and the figures of the whole
shape:
    ./scripts/shape

# The entries of docs/runbook.md in both languages, from the table of alarms
runbook:
    ./scripts/runbook

# Check deploy/ with systemd, kubectl, hadolint and promtool
deploy *PARTS:
    ./scripts/check-deploy {{ PARTS }}

# The documentation, which opens on the architecture
doc:
    cargo doc --no-deps --document-private-items --locked --open
