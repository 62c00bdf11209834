/// What was decided when, and who answered what: held against each other.
struct RollbackRecord {
  /// From one move to the next.
  struct Phase {
    /// When the move was asked for: servers may know of it before its commit is acknowledged here.
    let asked: UInt64
    var committed: UInt64 = 0
    /// When every server had said that it had taken it up: from then on answers are held to it.
    var settled: UInt64 = 0
    var stable: Int64
    var canary: Int64?
    var share = 0.0
    /// The version that answers no more.
    var gone: Int64?
    var isRollback = false

    init(stable: Int64, asked: UInt64) { (self.stable, self.asked) = (stable, asked) }
  }

  let phases: [Phase]
  let ended: UInt64
  let answers: [LoadedAnswer]

  private func milliseconds(_ time: UInt64, after start: UInt64) -> Double {
    time > start ? Double(time - start) / 1e6 : 0
  }

  /// - Throws: `BenchError` where a request failed, was answered by a version that it was not the turn of, or a key moved.
  func report(_ params: [String: String]) throws {
    guard let first = phases.first else { throw BenchError("nothing was moved") }
    let counted = answers.filter { $0.begun >= first.committed && $0.begun < ended }
    let failed = counted.count { $0.version == 0 }
    var delays: [Double] = []
    var rollbackDelays: [Double] = []
    var wrong = 0
    var moved = 0
    /// By share and key: whether the canary answers.
    var places: [Double: [Int32: Bool]] = [:]
    let sorted = counted.sorted { $0.begun < $1.begun }
    var place = 0
    for (number, phase) in phases.enumerated() {
      let end = number + 1 < phases.count ? phases[number + 1].asked : ended
      var last: UInt64 = 0
      while place < sorted.count, sorted[place].begun < end {
        let answer = sorted[place]
        place += 1
        if let gone = phase.gone, answer.version == Int32(gone), answer.answered < end {
          last = max(last, answer.answered)
        }
        guard answer.version != 0, answer.begun >= phase.settled, answer.answered < end else { continue }
        let isCanary = phase.canary.map { answer.version == Int32($0) } ?? false
        if (!isCanary && answer.version != Int32(phase.stable)) || answer.isCanary != isCanary { wrong += 1 }
        guard phase.canary != nil else { continue }
        if places[phase.share, default: [:]].updateValue(isCanary, forKey: answer.key) == !isCanary { moved += 1 }
      }
      // Requests that had begun before the move, too.
      if let gone = phase.gone {
        let before = sorted[..<place].reversed().prefix { $0.begun + 1_000_000_000 > phase.committed }
        for answer in before where answer.version == Int32(gone) && answer.begun < phase.committed {
          last = max(last, answer.answered)
        }
        let delay = milliseconds(last, after: phase.committed)
        delays.append(delay)
        if phase.isRollback { rollbackDelays.append(delay) }
      }
    }
    let rate = Double(counted.count) / (Double(ended - first.committed) / 1e9)
    func emit(_ figure: String, _ samples: [Double], _ unit: String) throws {
      guard !samples.isEmpty else { return }
      let params = params.merging(["figure": figure]) { $1 }
      try BenchReport(workload: "rollback", params: params, samples: samples, unit: unit).emit()
    }
    try emit("requests", [rate], "requests/s")
    try emit("failed", [Double(failed)], "requests")
    try emit("wrongly versioned", [Double(wrong)], "requests")
    try emit("keys that moved at the same share", [Double(moved)], "requests")
    for (share, keys) in places.sorted(by: { $0.key < $1.key }) {
      let part = Double(keys.values.count { $0 }) / Double(keys.count)
      try emit("canary's part of \(keys.count) keys at a share of \(share)", [part], "share")
      let deviation = (share * (1 - share) / Double(keys.count)).squareRoot()
      guard abs(part - share) <= 4 * deviation else { throw BenchError("the canary's part is \(part), not \(share)") }
    }
    try emit("last answer after a rollback's commit", rollbackDelays, "ms")
    try emit("last answer after a rollback's commit, p99", [quantile(0.99, rollbackDelays)], "ms")
    try emit("last answer after any commit that ends a version's turn", delays, "ms")
    try emit("last answer after any such commit, p99", [quantile(0.99, delays)], "ms")
    guard failed == 0, wrong == 0, moved == 0 else {
      throw BenchError("\(failed) requests failed, \(wrong) were answered by another version, \(moved) keys moved")
    }
  }

  private func quantile(_ part: Double, _ samples: [Double]) -> Double {
    let sorted = samples.sorted()
    return sorted.isEmpty ? .nan : sorted[min(sorted.count - 1, Int((part * Double(sorted.count)).rounded(.up)) - 1)]
  }
}
