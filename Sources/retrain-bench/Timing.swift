/// Warms up, then times windows of repeated calls for about `seconds`; units a second, one sample a window.
///
/// - Parameters:
///   - unitsPerCall: What one call does.
///   - body: Makes that many calls.
func timedSamples(
  seconds: Double, unitsPerCall: Double, windows: Int = 20, _ body: (_ calls: Int) throws -> Void
) rethrows -> [Double] {
  let clock = ContinuousClock()
  var calls = 1
  // Doubling until a window is long enough also warms caches and clocks.
  while true {
    let time = try clock.measure { try body(calls) }.inSeconds
    if time >= seconds / Double(windows) / 2 {
      calls = max(1, Int(Double(calls) * seconds / Double(windows) / time))
      break
    }
    calls *= 2
  }
  var samples: [Double] = []
  for _ in 0..<windows {
    let time = try clock.measure { try body(calls) }.inSeconds
    samples.append(Double(calls) * unitsPerCall / time)
  }
  return samples
}

extension Duration {
  fileprivate var inSeconds: Double {
    let (whole, parts) = components
    return Double(whole) + Double(parts) * 1e-18
  }
}
