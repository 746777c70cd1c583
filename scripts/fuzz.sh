#!/usr/bin/env bash
# Coverage-guided fuzzing on the stable compiler: fuzz.sh INPUTS [TARGET...]. Sanitizer coverage is switched on by
# plain compiler options, so neither nightly nor cargo-fuzz is needed. What breaks is left in fuzz/found/.
set -euo pipefail
inputs=${1:-200000}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(decoder run)
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
host=$(rustc -vV | sed -n 's/^host: //p')
# With --target the options reach what is fuzzed and not the build scripts.
cargo build --quiet --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir target/fuzz
for target in "${targets[@]}"; do
  mkdir -p "target/fuzz/corpus/$target" fuzz/found
  "target/fuzz/$host/release/$target" "target/fuzz/corpus/$target" "fuzz/corpus/$target" \
    -runs="$inputs" -timeout=5 -rss_limit_mb=512 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="fuzz/found/$target-" 2>&1 | grep -vE '(NEW|REDUCE|pulse|RELOAD) '
done
