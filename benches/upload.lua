-- The load of `proxy.sh`: the same 100,000 bytes, which no file format explains, in every upload.
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
wrk.body = opaque(100000)
wrk.headers["Content-Type"] = "application/octet-stream"

function done(summary, latency)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  print(string.format("figures %d %d %d %d %d %d", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), errors.status, broken))
end
