import Foundation

/// What one run did, from what was seen while it lasted.
struct RunSummary: Codable, Sendable {
  /// Learned or rejected in this run.
  var records: Int64 = 0
  /// From the first record to the last.
  var seconds: Double = 0
  var recordsPerSecond: Double { seconds > 0 ? Double(records) / seconds : 0 }
  var peakRecordsPerSecond: Double = 0
  /// The last that a worker told; nil: none did.
  var lag: Int64?

  private enum CodingKeys: String, CodingKey { case records, seconds, recordsPerSecond, peakRecordsPerSecond, lag }

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    records = try container.decode(Int64.self, forKey: .records)
    seconds = try container.decode(Double.self, forKey: .seconds)
    peakRecordsPerSecond = try container.decode(Double.self, forKey: .peakRecordsPerSecond)
    lag = try container.decodeIfPresent(Int64.self, forKey: .lag)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(records, forKey: .records)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(recordsPerSecond, forKey: .recordsPerSecond)
    try container.encode(peakRecordsPerSecond, forKey: .peakRecordsPerSecond)
    try container.encodeIfPresent(lag, forKey: .lag)
  }

  var sentence: String {
    "this run: \(Wording.count(records)) records in \(Wording.figure(seconds, decimals: 1)) s, "
      + "\(Wording.count(Int64(recordsPerSecond))) records/s (peak \(Wording.count(Int64(peakRecordsPerSecond))))"
      + (lag.map { ", lag at the end \(Wording.count($0))" } ?? "")
  }
}

/// Watches a run's status go by.
struct RunMeter {
  private var start: (at: ContinuousClock.Instant, consumed: Int64)?
  private var lastChange: (at: ContinuousClock.Instant, consumed: Int64)?
  private(set) var summary = RunSummary()
  /// Records of the lineage before this run.
  var consumedBefore: Int64 { start?.consumed ?? 0 }

  mutating func note(_ status: PipelineStatus, now: ContinuousClock.Instant = .now) {
    // Before the workers are there, the newest checkpoint tells where they will begin.
    guard let begun = start, begun.consumed <= status.consumed, lastChange != nil || status.consumed > begun.consumed
    else {
      start = (now, status.consumed)
      return
    }
    if status.consumed > (lastChange?.consumed ?? begun.consumed) {
      lastChange = (now, status.consumed)
      summary.records = status.consumed - begun.consumed
      summary.seconds = begun.at.duration(to: now).seconds
    }
    summary.peakRecordsPerSecond = max(summary.peakRecordsPerSecond, status.recordsPerSecond)
    if let lag = status.lag { summary.lag = lag }
  }
}
