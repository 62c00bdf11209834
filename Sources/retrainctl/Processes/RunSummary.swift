import Foundation
import Vocabulary

/// What one run did, from what was seen while it lasted.
struct RunSummary: Codable, Sendable {
  /// Learned or rejected in this run.
  var records: Int64 = 0
  /// From the first record to the last.
  var seconds: Double = 0
  var recordsPerSecond: Double { seconds > 0 ? Double(records) / seconds : 0 }
  var peakRecordsPerSecond: Double = 0
  /// Records between what was read and the end of the stream, afterwards; nil: the broker did not say.
  var lag: Int64?
  /// Of the lag, what waits behind open transactions; nil: nothing.
  var behindTransactions: Int64?

  private enum CodingKeys: String, CodingKey {
    case records, seconds, recordsPerSecond, peakRecordsPerSecond, lag, behindTransactions
  }

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    records = try container.decode(Int64.self, forKey: .records)
    seconds = try container.decode(Double.self, forKey: .seconds)
    peakRecordsPerSecond = try container.decode(Double.self, forKey: .peakRecordsPerSecond)
    lag = try container.decodeIfPresent(Int64.self, forKey: .lag)
    behindTransactions = try container.decodeIfPresent(Int64.self, forKey: .behindTransactions)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(records, forKey: .records)
    try container.encode(seconds, forKey: .seconds)
    try container.encode(recordsPerSecond, forKey: .recordsPerSecond)
    try container.encode(peakRecordsPerSecond, forKey: .peakRecordsPerSecond)
    try container.encodeIfPresent(lag, forKey: .lag)
    try container.encodeIfPresent(behindTransactions, forKey: .behindTransactions)
  }

  /// Takes over what the tables know.
  ///
  /// - Parameter seconds: From the first record to the last, over all windows; nil: not known.
  mutating func complete(records: Int64, seconds: Double?) {
    self.records = max(0, records)
    if let seconds, seconds > 0 { self.seconds = seconds }
    peakRecordsPerSecond = max(peakRecordsPerSecond, recordsPerSecond)
  }

  var sentence: String {
    "this run: \(Wording.count(records)) records in \(Wording.figure(seconds, decimals: seconds < 10 ? 3 : 1)) s"
      // A rate of less than a millisecond says nothing.
      + (seconds < 0.001
        ? ""
        : ", \(Wording.count(Int64(recordsPerSecond))) records/s (peak "
          + "\(Wording.count(Int64(max(peakRecordsPerSecond, recordsPerSecond)))))")
      + (lag.map { ", lag at the end \(Wording.count($0))" } ?? "")
      + (behindTransactions.map { ", of which \(Wording.count($0)) behind an open transaction" } ?? "")
  }
}

/// Watches a run's status go by.
struct RunMeter {
  private struct Sample {
    var at: ContinuousClock.Instant
    var consumed: Int64
  }
  /// When the first worker was seen, and what the lineage had learned by then.
  private var start: Sample?
  private var peakStart: Sample?
  private var hasWorkers = false
  private(set) var summary = RunSummary()
  /// The most that was told of them: a worker that is gone tells nothing any more.
  private(set) var letters = PipelineStatus.DeadLetters()
  /// Records of the lineage before this run.
  var consumedBefore: Int64 { start?.consumed ?? 0 }

  private static let peakWindow = Duration.seconds(2)

  mutating func note(_ status: PipelineStatus, now: ContinuousClock.Instant = .now) {
    letters.delivered = max(letters.delivered, status.deadLetters.delivered)
    letters.cut = max(letters.cut, status.deadLetters.cut)
    letters.lost = max(letters.lost, status.deadLetters.lost)
    letters.waiting = status.deadLetters.waiting
    let sample = Sample(at: now, consumed: status.consumed)
    guard let start, hasWorkers else {
      hasWorkers = !status.workers.isEmpty
      if start == nil || !hasWorkers { self.start = sample }
      peakStart = sample
      return
    }
    let records = max(0, status.consumed - start.consumed)
    if records > summary.records {
      summary.records = records
      summary.seconds = start.at.duration(to: now).seconds
    }
    if let peakStart, peakStart.at.duration(to: now) >= Self.peakWindow {
      let rate = Double(status.consumed - peakStart.consumed) / peakStart.at.duration(to: now).seconds
      summary.peakRecordsPerSecond = max(summary.peakRecordsPerSecond, rate)
      self.peakStart = sample
    }
  }
}
