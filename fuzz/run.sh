#!/usr/bin/env bash
# Fuzzes every target for SECONDS each, or those named as arguments: `SECONDS_EACH=60 fuzz/run.sh json xml`.
# New inputs that reach new code are kept in target/fuzz/, crashes in fuzz/artifacts/.
set -euo pipefail
cd "$(dirname "$0")"

seconds=${SECONDS_EACH:-30}
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(sed -n 's/^name = "\([a-z_]*\)"$/\1/p' Cargo.toml)

# What cargo-fuzz passes, but for the sanitizer, which needs a nightly compiler and finds little in safe Rust.
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
host=$(rustc -vV | sed -n 's/^host: //p')
cargo build --release --target "$host" --target-dir ../target/fuzz

mkdir -p artifacts
for target in "${targets[@]}"; do
    mkdir -p "../target/fuzz/found/$target"
    seeds=("corpus/$target")
    [ "$target" != containers ] || seeds+=(../tests/fixtures/containers)
    "../target/fuzz/$host/release/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=4096 -max_len=65536 \
        -artifact_prefix="artifacts/$target-" -print_final_stats=1 "../target/fuzz/found/$target" "${seeds[@]}" \
        2> "../target/fuzz/$target.log" || { tail -40 "../target/fuzz/$target.log"; exit 1; }
    awk -v target="$target" '/number_of_executed_units/ { printf "%-12s %d executions\n", target, $2 }' \
        "../target/fuzz/$target.log"
done
