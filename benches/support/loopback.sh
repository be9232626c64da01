# What the load tests share: processes on loopback that end with the script. Sourced by the scripts beside this folder, after
# they have set `here` and `root`.

penstock=${PENSTOCK:-$root/target/release/penstock}
origin=${ORIGIN:-$root/target/release/examples/demo-origin}
cores=$(nproc)

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# need TOOL…: they are installed.
need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || fail "$tool is not installed"
  done
}

for binary in "$penstock" "$origin"; do
  [[ -x $binary ]] || fail "$binary is missing: cargo build --release --bin penstock --example demo-origin"
done

exec 9<"$here/support/loopback.sh"
flock --nonblock 9 || fail "a load test runs already, and two at once would measure each other"

work=$(mktemp -d)
processes=()
clean_up() {
  for process in "${processes[@]}"; do kill "$process" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# A port below the range from which the system gives ports to clients, so that none of them takes it meanwhile.
free_port() {
  local port
  while port=$((20000 + RANDOM % 10000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

# wait_until_answers URL PROCESS LOG
wait_until_answers() {
  for _ in {1..500}; do
    if curl --silent --fail --output /dev/null --max-time 1 "$1"; then return; fi
    kill -0 "$2" 2>/dev/null || fail "$1 will never answer, its process ended: $(tail -n 5 "$3")"
    sleep 0.02
  done
  fail "$1 does not answer: $(tail -n 5 "$3")"
}

start_origin() {
  origin_port=$(free_port)
  "$origin" "127.0.0.1:$origin_port" --discard >"$work/origin.log" 2>&1 &
  processes+=($!)
  wait_until_answers "http://127.0.0.1:$origin_port/" $! "$work/origin.log"
}

# Sets the ports that Penstock is to listen on.
choose_ports() { penstock_port=$(free_port) admin_port=$(free_port); }

# The tables of a configuration that put Penstock on these ports, in front of the origin.
in_front_of_origin() {
  cat <<END
[admin]
address = "127.0.0.1:$admin_port"
[[listener]]
address = "127.0.0.1:$penstock_port"
[[origin]]
name = "site"
servers = ["127.0.0.1:$origin_port"]
END
}

commit() {
  local commit
  commit=$(git -C "$root" rev-parse --short HEAD)
  if [[ -n $(git -C "$root" status --porcelain -- . ':!benches/results') ]]; then commit+=-dirty; fi
  echo "$commit"
}

# The share of the last second in which the machine had nothing to do, before there is any load of ours.
idle_share() {
  local before after
  before=$(head -n 1 /proc/stat)
  sleep 1
  after=$(head -n 1 /proc/stat)
  printf '%s\n%s\n' "$before" "$after" \
    | awk '{ for (i = 2; i <= 9; i++) total[NR] += $i; idle[NR] = $5 + $6 }
      END { printf "%.2f", (idle[2] - idle[1]) / (total[2] - total[1]) }'
}

# machine_json: what the figures were measured on, and how idle it was when the script began.
machine_json() {
  printf '{"cpu": "%s", "cores": %s, "idle_before": %s}' \
    "$(sed -n '/^model name/{s/.*: //p;q}' /proc/cpuinfo)" "$cores" "$idle"
}

idle=$(idle_share)
if awk -v idle="$idle" 'BEGIN { exit idle > 0.9 }'; then
  echo "the machine is busy with something else ($idle idle): requests/s and latency will say little"
fi
