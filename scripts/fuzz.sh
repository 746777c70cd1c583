#!/usr/bin/env bash
# Coverage-guided fuzzing: fuzz.sh INPUTS [TARGET...]. Rust targets run on the stable compiler, because sanitizer
# coverage is switched on by plain compiler options; Python targets run under atheris. What breaks is left in
# fuzz/found/; what was learnt stays in target/fuzz/corpus/.
set -euo pipefail
inputs=${1:-200000}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(decoder run twin pairing range)
host=$(rustc -vV | sed -n 's/^host: //p')
quiet='^(\s|"|#####|WARNING: Failed|INFO: (Loaded|Running|Instr)|#[0-9]+\s+(NEW|REDUCE|pulse|RELOAD))'

build() {
  RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares" \
    cargo build --quiet --release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir target/fuzz
}

for target in "${targets[@]}"; do
  kept=fuzz/corpus/$target
  [ "$target" != twin ] || kept=fuzz/corpus/decoder
  mkdir -p "target/fuzz/corpus/$target" fuzz/found
  corpus=("target/fuzz/corpus/$target" "$kept")
  limits=(-timeout=20 -rss_limit_mb=1024 "-artifact_prefix=fuzz/found/$target-")
  case $target in
    decoder) build; run=("target/fuzz/$host/release/decoder" -runs="$inputs" -max_len=65536) ;;
    run) build; run=("target/fuzz/$host/release/run" -runs="$((inputs < 50 ? inputs : inputs / 50))" -max_len=4096) ;;
    *) run=(.venv/bin/python fuzz/handlers.py "$target" -runs="$((inputs < 100 ? inputs : inputs / 100))" -max_len=512) ;;
  esac
  echo "== $target"
  "${run[@]}" "${corpus[@]}" "${limits[@]}" -print_final_stats=1 2>&1 | grep -vE "$quiet"
done
