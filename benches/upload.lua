-- The load of `proxy.sh` and `reload.sh`: the same bytes in every upload. Those of the file that is named behind `--`, or
-- else 100,000 which no file format explains.
-- Prints one line of figures at the end, in the order in which `proxy.sh` reads them.

local function opaque(length)
  local state, bytes = 1, {}
  for i = 1, length do
    state = (state * 16807) % 2147483647 -- Park and Miller's minimal standard generator, 1988
    bytes[i] = string.char(math.floor(state / 128) % 256)
  end
  return table.concat(bytes)
end

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/octet-stream"

function init(arguments)
  if arguments[1] then
    local file = assert(io.open(arguments[1], "rb"))
    wrk.body = file:read("*a")
    file:close()
  else
    wrk.body = opaque(100000)
  end
end

function done(summary, latency)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  print(string.format("figures %d %d %d %d %d %d", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.status, broken))
end
