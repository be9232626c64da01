#!/usr/bin/env bash
# What does holding and hashing cost? Uploads of 100 KB through one proxy thread, streamed on one route and held, hashed
# and released on the other, in turns; and beside them nginx, which holds bodies too but looks at nothing.
#
#   cargo build --release --bin penstock --example demo-origin && benches/proxy.sh
#
# Prints a table and writes benches/results/proxy.json. Everything listens on loopback only and ends with the script.
#
# The proxy thread gets the first processor to itself and everything else shares the others: without that, requests/s
# of equal runs differed by a tenth, with it by a thirtieth. wrk and the origin need most of a processor themselves. With
# two, hashing has to fit into what they leave, and then the proxy thread waits: "proxy busy" below 100 % tells, and its
# processor time for each request says what it could do.
#
#   QUICK=1       three short rounds, less than a minute
#   PENSTOCK      the binary to test, by default target/release/penstock
#   ORIGIN        the site behind it, by default target/release/examples/demo-origin
#   CONNECTIONS   uploads at a time, by default 32
#   PIN=0         let the system choose processors
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
source "$here/support/loopback.sh"
connections=${CONNECTIONS:-32}
body_bytes=100000
if [[ ${QUICK:-} == 1 ]]; then quick=true rounds=3 seconds=2; else quick=false rounds=5 seconds=6; fi

pinned=false
if [[ ${PIN:-1} == 1 && $cores -gt 1 ]] && taskset --pid --cpu-list "1-$((cores - 1))" $$ >/dev/null 2>&1; then
  pinned=true
fi

need wrk curl awk sha256sum

start_penstock() {
  choose_ports
  printf 'a listed upload' >"$work/listed"
  # A set with SHA-256 alone: nothing else is computed.
  printf 'algorithm,hash,label,id\nsha256,%s,listed,1\n' "$(sha256sum "$work/listed" | cut -d ' ' -f 1)" >"$work/set.csv"
  cat >"$work/penstock.toml" <<END
[server]
threads = 1
inspection_threads = 1
shutdown_grace = "0s"
$(in_front_of_origin)
[[route]]
name = "pass"
path = "/pass/**"
inspect = "off"
[[route]]
name = "hold"
path = "/hold/**"
inspect = "enforce"
[[hash_set]]
name = "listed"
path = "set.csv"
END
  # The proxy library has an error for each connection that wrk closes at its end.
  PENSTOCK_LOG=warn,pingora_proxy=off "$penstock" run --config "$work/penstock.toml" >"$work/penstock.log" 2>&1 &
  penstock_process=$!
  processes+=("$penstock_process")
  wait_until_answers "http://127.0.0.1:$admin_port/readyz" "$penstock_process" "$work/penstock.log"
  # The proxy's own listener may open a moment later, and with it comes the thread.
  wait_until_answers "http://127.0.0.1:$penstock_port/" "$penstock_process" "$work/penstock.log"
  give_first_processor "$penstock_process" proxy
}

# give_first_processor PROCESS NAME: to the threads of that name.
give_first_processor() {
  local task
  if ! $pinned; then return; fi
  for task in "/proc/$1/task/"*; do
    if [[ $(<"$task/comm") == "$2" ]]; then taskset --pid --cpu-list 0 "${task##*/}" >/dev/null; fi
  done
}

# One worker that keeps each body in memory, as Penstock does at this size; with nginx's defaults it would go to disk.
start_nginx() {
  nginx_port=$(free_port)
  mkdir "$work/nginx"
  cat >"$work/nginx.conf" <<END
worker_processes 1;
daemon off;
pid $work/nginx/pid;
error_log $work/nginx.log warn;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path $work/nginx/body;
  proxy_temp_path $work/nginx/proxy;
  fastcgi_temp_path $work/nginx/fastcgi;
  uwsgi_temp_path $work/nginx/uwsgi;
  scgi_temp_path $work/nginx/scgi;
  client_body_buffer_size 128k;
  keepalive_requests 100000000;
  upstream site { server 127.0.0.1:$origin_port; keepalive 128; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:$nginx_port;
    location / {
      proxy_pass http://site;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering on;
    }
  }
}
END
  nginx -e "$work/nginx.log" -c "$work/nginx.conf" 2>/dev/null &
  processes+=($!)
  wait_until_answers "http://127.0.0.1:$nginx_port/" $! "$work/nginx.log"
  nginx_worker=$(cat "/proc/$!/task/$!/children")
  nginx_worker=${nginx_worker%% *}
  give_first_processor "$nginx_worker" nginx
}

status_of() { curl --silent --output /dev/null --write-out '%{http_code}' --data-binary "@$work/listed" "$1"; }

metric() { curl --silent "http://127.0.0.1:$admin_port/metrics" | awk -v name="$1" 'index($1, name) == 1 { sum += $2 } END { print sum + 0 }'; }

# Processor time of a process so far, in ticks: of all threads, and of those whose name begins with "inspect-".
# Fields 14 and 15 of stat (proc(5)) are 12 and 13 counted from behind the name, which may hold spaces.
ticks_of() {
  cat "/proc/$1/task/"*/stat | awk '
    { name = $0; sub(/^[^(]*\(/, "", name); rest = name; sub(/.*\) /, "", rest); split(rest, field, " ")
      all += field[12] + field[13]; if (name ~ /^inspect-/) inspecting += field[12] + field[13] }
    END { print all + 0, inspecting + 0 }'
}

# load NAME URL PROCESS SECONDS: one run of wrk. Adds a line to the figures of NAME: requests/s, MB/s, microseconds of
# processor time a request (of the threads that move bytes, and of those that inspect), p50 and p99 in milliseconds, and
# the share of the time for which the threads that move bytes were busy. wrk counts statuses from 400 on as errors, and
# neither proxy makes a redirect.
load() {
  local name=$1 url=$2 process=$3 before after figures
  kill -0 "$process" 2>/dev/null || fail "$name: its process ended: $(tail -n 5 "$work/"*.log)"
  before=$(ticks_of "$process")
  wrk --threads 1 --connections "$connections" --duration "${4}s" --script "$here/upload.lua" "$url" >"$work/wrk.log" \
    || fail "wrk failed on $name: $(cat "$work/wrk.log")"
  after=$(ticks_of "$process")
  figures=$(sed -n 's/^figures //p' "$work/wrk.log")
  read -r requests duration p50 p99 refused broken <<<"$figures"
  [[ $refused == 0 && $broken == 0 ]] || fail "$name: $refused responses were errors, $broken connections broke"
  [[ $requests -gt 0 ]] || fail "$name: no upload was answered"
  echo "$before $after $requests $duration $p50 $p99" | awk -v tick="$(getconf CLK_TCK)" -v body="$body_bytes" '
    { rate = $5 / $6 * 1e6; us = 1e6 / tick / $5; inspecting = ($4 - $2) * us
      print rate, rate * body / 1e6, ($3 - $1) * us - inspecting, inspecting, $7 / 1e3, $8 / 1e3,
        ($3 - $1) / tick / $6 * 1e6 - inspecting * rate / 1e6 }' >>"$work/figures-$name"
}

# The median of a column of figures.
median() {
  cut -d ' ' -f "$2" "$work/figures-$1" | sort -n \
    | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'
}

start_origin
start_penstock
names=(pass hold)
declare -A urls=([pass]="http://127.0.0.1:$penstock_port/pass/a" [hold]="http://127.0.0.1:$penstock_port/hold/a")
declare -A measured=([pass]=$penstock_process [hold]=$penstock_process)
nginx_version=null
if command -v nginx >/dev/null; then
  start_nginx
  names+=(nginx)
  urls[nginx]="http://127.0.0.1:$nginx_port/a"
  measured[nginx]=$nginx_worker
  nginx_version="\"$(nginx -v 2>&1 | sed 's,.*nginx/\([0-9.]*\).*,\1,')\""
else
  echo "nginx is not installed: no peer beside the two routes"
fi

[[ $(status_of "${urls[pass]}") == 200 ]] || fail "the route that passes does not"
[[ $(status_of "${urls[hold]}") == 451 ]] || fail "the route that holds does not stop a listed upload"

for name in "${names[@]}"; do load "$name" "${urls[$name]}" "${measured[$name]}" 1; done
for name in "${names[@]}"; do : >"$work/figures-$name"; done
verdicts=$(metric 'penstock_verdicts_total{') released=0
for ((round = 1; round <= rounds; round++)); do
  for name in "${names[@]}"; do
    load "$name" "${urls[$name]}" "${measured[$name]}" "$seconds"
    if [[ $name == hold ]]; then released=$((released + requests)); fi
  done
done
verdicts=$(($(metric 'penstock_verdicts_total{') - verdicts))
[[ $verdicts -ge $released ]] || fail "$released held uploads were answered with only $verdicts verdicts"

quotient() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }

rows=()
layout='%-6s %11s %8s %13s %11s %15s %7s %7s\n'
# shellcheck disable=SC2059 # the layout is ours
printf "$layout" route requests/s MB/s 'proxy CPU us' 'proxy busy' 'inspect CPU us' 'p50 ms' 'p99 ms'
for name in "${names[@]}"; do
  row=()
  for column in 1 2 3 7 4 5 6; do row+=("$(median "$name" "$column")"); done
  # shellcheck disable=SC2046,SC2059
  printf "$layout" "$name" $(printf '%.0f %.0f %.1f %.2f %.1f %.2f %.2f' "${row[@]}")
  rows+=("$(printf '{"route": "%s", "requests_per_second": %.0f, "mb_per_second": %.0f, "proxy_cpu_us": %.1f, ' \
    "$name" "${row[@]:0:3}")$(printf '"proxy_busy": %.3f, "inspect_cpu_us": %.1f, "p50_ms": %.3f, "p99_ms": %.3f}' \
    "${row[@]:3}")")
done
ratio=$(quotient "$(median hold 1)" "$(median pass 1)")
cpu_ratio=$(quotient "$(median pass 3)" "$(median hold 3)")
echo "hold / pass: $ratio of the requests/s, $cpu_ratio of the requests for each second of the proxy thread"

pingora=$(awk '/^name = "pingora"$/ { getline; gsub(/.*= "|"/, ""); print }' "$root/Cargo.lock")
wrk_version=$(wrk -v 2>&1 | sed -n '1s/^wrk \([^ ]*\).*/\1/p' || true)
if awk -v busy="$(median pass 7)" 'BEGIN { exit busy > 0.95 }'; then
  echo "the proxy thread could not run at full speed even when passing: the ratio means little, measure again"
fi
mkdir -p "$here/results"
cat >"$here/results/proxy.json" <<END
{
  "machine": $(machine_json),
  "commit": "$(commit)",
  "date": "$(date --utc +%Y-%m-%dT%H:%M:%SZ)",
  "quick": $quick,
  "peers": {"wrk": "$wrk_version", "pingora": "$pingora", "nginx": $nginx_version},
  "load": {"body_bytes": $body_bytes, "connections": $connections, "rounds": $rounds, "seconds": $seconds, "pinned": $pinned},
  "rows": [
$(printf '    %s\n' "${rows[@]}" | sed '$!s/$/,/')
  ],
  "ratio": $ratio,
  "proxy_cpu_ratio": $cpu_ratio
}
END
echo "written to $here/results/proxy.json"
