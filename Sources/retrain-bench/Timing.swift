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

/// Answers each line `CLOCK SECONDS` on standard input with the units a second of one window, so that several processes
/// can take turns; ends with the input.
func answerTurns(unitsPerCall: Double, _ body: (_ calls: Int) throws -> Void) throws {
  try body(64)
  say("ready")
  var rate: Double?
  while let line = readLine() {
    let words = line.split(separator: " ")
    guard words.count == 2, let seconds = Double(words[1]), seconds > 0 else {
      throw BenchError("a turn is asked for by a clock and seconds, not by '\(line)'")
    }
    let clock = try BenchClock(flag: String(words[0]))
    func window(_ calls: Int) throws -> Double { Double(calls) / (try clock.measure { try body(calls) }) }
    let known = try rate ?? window(64)
    let measured = try window(max(1, Int(known * seconds)))
    rate = measured
    say("\(measured * unitsPerCall)")
  }
}

private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

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
