#!/usr/bin/env bash
# How long after its last byte is an upload answered? A text of 64 MiB is sent at some speeds and searched for ten thousand
# keywords: by a Penstock that works on it while it arrives, and by one that holds it in memory and so begins when it is
# whole.
#
#   cargo build --release --bin penstock --example demo-origin && benches/arriving.sh
#
# Prints a table and writes benches/results/arriving.json. Everything listens on loopback only and ends with the script.
#
#   QUICK=1       16 MiB
#   PENSTOCK      the binary to test, by default target/release/penstock
#   ORIGIN        the site behind it, by default target/release/examples/demo-origin
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
source "$here/support/loopback.sh"
if [[ ${QUICK:-} == 1 ]]; then quick=true mebibytes=16; else quick=false mebibytes=64; fi
rounds=3
# Megabytes a second; 0 for as fast as can be.
rates=(10 30 100 0)

need curl awk python3

# Words of two to four syllables, the first ones far more often than the last, and pairs of them for keywords.
write_texts() {
  awk -v bytes=$((mebibytes << 20)) -v text="$work/text" -v keywords="$work/keywords.txt" '
    BEGIN {
      srand(1)
      split("ba ke lo mi nu ra se ti vo zu an er il os ut", syllable, " ")
      for (word = 0; word < 20000; word++)
        for (left = 2 + int(rand() * 3); left > 0; left--) words[word] = words[word] syllable[1 + int(rand() * 15)]
      for (keyword = 0; keyword < 10000; keyword++)
        print words[int(rand() * 20000)] " " words[int(rand() * 20000)] >keywords
      while (written < bytes) {
        line = ""
        for (word = 0; word < 12; word++) line = line words[int(rand() ^ 3 * 20000)] " "
        written += length(line) + 2
        # Without any mark it would pass for base64, and be read as that too.
        print line "." >text
      }
    }'
  truncate --size $((mebibytes << 20)) "$work/text"
}

# start_penstock MEMORY: holds uploads in memory up to so much. Sets penstock_port.
start_penstock() {
  choose_ports
  mkdir -p "$work/$1/spool"
  cat >"$work/$1/rules.toml" <<END
[[rule]]
id = "pairs"
keywords_file = "keywords.txt"
action = "flag"
END
  cp "$work/keywords.txt" "$work/$1/"
  cat >"$work/$1/penstock.toml" <<END
rules = ["rules.toml"]
[server]
worker = false
shutdown_grace = "0s"
[limits]
memory_per_upload = "$1"
spool_directory = "spool"
$(in_front_of_origin)
[[route]]
name = "hold"
path = "/hold/**"
inspect = "enforce"
max_body = "1 GiB"
END
  PENSTOCK_LOG=warn,pingora_proxy=off "$penstock" run --config "$work/$1/penstock.toml" >"$work/$1/log" 2>&1 &
  processes+=($!)
  wait_until_answers "http://127.0.0.1:$admin_port/readyz" $! "$work/$1/log"
  wait_until_answers "http://127.0.0.1:$penstock_port/" $! "$work/$1/log"
}

# waited PORT RATE: milliseconds from the last byte to the answer, the median of all rounds.
waited() { python3 "$here/arriving_client.py" "$1" "$2" "$rounds" "$work/text"; }

write_texts
start_origin
start_penstock "1 MiB"
ahead_port=$penstock_port
start_penstock "256 MiB"
whole_port=$penstock_port

rows=()
printf '%-10s %22s %22s %8s\n' 'MB/s' 'while it arrives, ms' 'when it is whole, ms' ratio
for rate in "${rates[@]}"; do
  ahead=$(waited "$ahead_port" "$rate") whole=$(waited "$whole_port" "$rate")
  ratio=$(awk -v whole="$whole" -v ahead="$ahead" 'BEGIN { printf "%.1f", whole / ahead }')
  printf '%-10s %22s %22s %8s\n' "${rate/#0/any}" "$ahead" "$whole" "$ratio"
  rows+=("{\"mb_per_second\": $rate, \"ahead_ms\": $ahead, \"whole_ms\": $whole, \"ratio\": $ratio}")
done

mkdir -p "$here/results"
cat >"$here/results/arriving.json" <<END
{
  "machine": $(machine_json),
  "commit": "$(commit)",
  "date": "$(date --utc +%Y-%m-%dT%H:%M:%SZ)",
  "quick": $quick,
  "bytes": $((mebibytes << 20)),
  "keywords": 10000,
  "rounds": $rounds,
  "rows": [
$(printf '    %s\n' "${rows[@]}" | sed '$!s/$/,/')
  ]
}
END
echo "written to $here/results/arriving.json"
