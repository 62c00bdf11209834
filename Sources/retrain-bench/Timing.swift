import Foundation

/// What a window's length is read from.
enum BenchClock: String {
  case wall
  /// The processor time of the whole process, which a busy machine disturbs less.
  case cpu

  init(flag: String) throws {
    guard let clock = BenchClock(rawValue: flag) else { throw BenchError("--clock \(flag) is none of wall, cpu") }
    self = clock
  }

  /// Seconds that `body` takes.
  func measure(_ body: () throws -> Void) rethrows -> Double {
    let kind = self == .wall ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID
    var start = timespec()
    var end = timespec()
    clock_gettime(kind, &start)
    try body()
    clock_gettime(kind, &end)
    return Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) * 1e-9
  }
}

/// Warms up, then times windows of repeated calls for about `seconds`; units a second, one sample a window.
///
/// - Parameters:
///   - unitsPerCall: What one call does.
///   - body: Makes that many calls.
func timedSamples(
  seconds: Double, unitsPerCall: Double, windows: Int = 20, clock: BenchClock = .wall,
  _ body: (_ calls: Int) throws -> Void
) rethrows -> [Double] {
  var calls = 1
  // Doubling until a window is long enough also warms caches and clocks.
  while true {
    let time = try clock.measure { try body(calls) }
    if time >= seconds / Double(windows) / 2 {
      calls = max(1, Int(Double(calls) * seconds / Double(windows) / time))
      break
    }
    calls *= 2
  }
  var samples: [Double] = []
  for _ in 0..<windows {
    let time = try clock.measure { try body(calls) }
    samples.append(Double(calls) * unitsPerCall / time)
  }
  return samples
}
