-- SPDX-License-Identifier: Apache-2.0
-- What wrk prints at the end of a run: one line of JSON behind `figures `. Times are in microseconds.

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'figures {"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "p99.9": %d, "max": %d, "wrong_status": %d, "failed": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    latency.max, errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end

-- `call`: the body of a call, as JSON.
function init(arguments)
  if arguments[1] then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    wrk.body = arguments[1]
  end
end
