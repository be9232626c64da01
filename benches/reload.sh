#!/usr/bin/env bash
# What does it cost to swap a hash set of ten million for another while traffic flows? A picture is uploaded all the while:
# held, decoded, hashed, searched for, and released; the file of the set is replaced by another compiled set, and the latencies before, during and
# after the swap are set beside each other. No request may fail.
#
#   cargo build --release --bin penstock --example demo-origin && benches/reload.sh
#
# Prints a table and writes benches/results/reload.json. Everything listens on loopback only and ends with the script.
#
#   QUICK=1       a million hashes in place of ten million
#   PENSTOCK      the binary to test, by default target/release/penstock
#   ORIGIN        the site behind it, by default target/release/examples/demo-origin
#   CONNECTIONS   uploads at a time, by default 2: the machine must not be full already
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
source "$here/support/loopback.sh"
connections=${CONNECTIONS:-2}
picture=$root/deploy/demo/samples/harbour-resized.jpg
if [[ ${QUICK:-} == 1 ]]; then quick=true hashes=1000000; else quick=false hashes=10000000; fi

need wrk curl awk od

# write_list FILE: random PDQ hashes, each with an id.
write_list() {
  head -c $((hashes * 32)) /dev/urandom | od -An -v -tx1 -w32 | tr -d ' ' \
    | awk 'BEGIN { print "algorithm,hash,label,id" } { print "pdq," $1 ",terror,case-" NR }' >"$1"
}

start_penstock() {
  choose_ports
  cat >"$work/penstock.toml" <<END
[server]
threads = 1
inspection_threads = 1
shutdown_grace = "0s"
cache_directory = "cache"
[limits]
spool_directory = "spool"
$(in_front_of_origin)
[[route]]
name = "hold"
path = "/hold/**"
inspect = "enforce"
[[hash_set]]
name = "listed"
path = "current.pset"
allow_shrink = 1.0
END
  mkdir "$work/spool"
  PENSTOCK_LOG=warn,penstock::snapshot=info,pingora_proxy=off "$penstock" run --log-format json \
    --config "$work/penstock.toml" >"$work/penstock.log" 2>&1 &
  penstock_process=$!
  processes+=("$penstock_process")
  wait_until_answers "http://127.0.0.1:$admin_port/readyz" "$penstock_process" "$work/penstock.log"
}

generation() { curl --silent "http://127.0.0.1:$admin_port/metrics" | awk '$1 == "penstock_snapshot_generation" { print $2 }'; }

# memory FIELD: mebibytes of the proxy, by a field of proc(5)'s status.
memory() { awk -v field="$1:" '$1 == field { printf "%.0f", $2 / 1024 }' "/proc/$penstock_process/status"; }

# load NAME SECONDS: one run of wrk. Sets requests, p50 and p99 (in ms). A status from 400 on or a broken connection fails.
load() {
  wrk --threads 1 --connections "$connections" --duration "${2}s" --script "$here/upload.lua" \
    "http://127.0.0.1:$penstock_port/hold/a" -- "$picture" >"$work/wrk-$1.log" || fail "wrk failed: $(cat "$work/wrk-$1.log")"
  local duration refused broken
  read -r requests duration p50 p99 refused broken <<<"$(sed -n 's/^figures //p' "$work/wrk-$1.log")"
  [[ $refused == 0 && $broken == 0 ]] || fail "$1: $refused responses were errors, $broken connections broke"
  p50=$(awk -v us="$p50" 'BEGIN { printf "%.3f", us / 1e3 }') p99=$(awk -v us="$p99" 'BEGIN { printf "%.3f", us / 1e3 }')
}

row() {
  printf '%-8s %10s %9s %9s %14s %14s\n' "$1" "$requests" "$p50" "$p99" "$(memory RssAnon)" "$(memory RssFile)"
  rows+=("{\"phase\": \"$1\", \"requests\": $requests, \"p50_ms\": $p50, \"p99_ms\": $p99, \"anon_mib\": $(memory RssAnon), \"file_mib\": $(memory RssFile)}")
}

echo "compiling two sets of $hashes hashes"
for name in one two; do
  write_list "$work/$name.csv"
  "$penstock" set compile "$work/$name.csv" -o "$work/$name.pset"
  rm "$work/$name.csv"
done
mv "$work/one.pset" "$work/current.pset"
start_origin
start_penstock
load warm 3
rows=()
printf '%-8s %10s %9s %9s %14s %14s\n' phase requests 'p50 ms' 'p99 ms' 'anonymous MiB' 'mapped MiB'
load before 20
row before
before=$p99

# As long as the swap takes, and a little on both sides.
first=$(generation)
load_log=$work/during
(load during 20; echo "$requests $p50 $p99" >"$load_log") &
loading=$!
sleep 2
swap_start=$(date +%s.%N)
mv "$work/two.pset" "$work/current.pset"
until [[ $(generation) -gt $first ]]; do sleep 0.05; done
swap_seconds=$(awk -v from="$swap_start" -v to="$(date +%s.%N)" 'BEGIN { printf "%.2f", to - from }')
wait "$loading" || fail "uploads failed during the swap"
read -r requests p50 p99 <"$load_log"
row during
during=$p99
load after 20
row after
ratio=$(awk -v a="$during" -v b="$before" 'BEGIN { printf "%.2f", a / b }')
echo "the new set served $swap_seconds s after it was put there; p99 during the swap is $ratio times that before"

mkdir -p "$here/results"
cat >"$here/results/reload.json" <<END
{
  "machine": $(machine_json),
  "commit": "$(commit)",
  "date": "$(date --utc +%Y-%m-%dT%H:%M:%SZ)",
  "quick": $quick,
  "hashes": $hashes,
  "connections": $connections,
  "swap_s": $swap_seconds,
  "rows": [
$(printf '    %s\n' "${rows[@]}" | sed '$!s/$/,/')
  ],
  "p99_ratio": $ratio
}
END
echo "written to $here/results/reload.json"
