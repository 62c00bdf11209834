import Confinement
import Foundation
import Ingest
import Learning
import Synchronization
import Tensors
import Vocabulary
import Worker

extension Workload {
  /// A stretch of the stream learned, and its steps made again from log and ledger: the replay's speed as a share of learning's.
  static let replay = Workload(
    name: "replay",
    summary: "a stretch learned from Kafka, then made again from log and ledger: its speed as a share of learning's",
    flags: EndToEndBench.streamFlags + [BenchFlag("samples", "n", "5", "Pairs of runs to measure.")]
  ) { options in
    let samples = try options.int("samples")
    let reports = try EndToEndBench.withBroker(options) { stretch, broker in
      try await ReplayBench(stretch: stretch, broker: broker).run(samples: samples)
    }
    for report in reports { try report.emit() }
  }
}

/// Runs that take turns, so that what a busy machine does to one it does to the other.
private struct ReplayBench: Sendable {
  let stretch: EndToEndBench
  let broker: String

  /// Seconds of one replay: with its beginning and end, and from its first step to its last.
  private struct Times {
    var whole: Double
    var steps: Double
  }

  func run(samples: Int) async throws -> [BenchReport] {
    let lines = IngestBench.generated(count: stretch.records, isNested: false, digits: 6)
    try await stretch.feed(lines)
    let expected = try await onDedicatedThread(named: "reference") { try stretch.reference(lines) }
    // The first run warms the broker's cache, and says which steps there are.
    let (_, entries) = try await learn(keepsLedger: true, expected)
    guard !entries.isEmpty else { throw BenchError("no ledger was kept") }
    _ = try await replay(entries, expected)
    var (learned, again, steps, ledger): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
    for _ in 0..<samples {
      let (seconds, _) = try await learn(keepsLedger: true, expected)
      let times = try await replay(entries, expected)
      let (bare, _) = try await learn(keepsLedger: false, expected)
      learned.append(Double(stretch.records) / seconds)
      again.append(seconds / times.whole)
      steps.append(seconds / times.steps)
      ledger.append(bare / seconds)
    }
    func report(_ what: String, _ samples: [Double], _ unit: String) -> BenchReport {
      BenchReport(
        workload: "replay",
        params: [
          "what": what, "net": "W1", "batch": "\(stretch.batch)", "records": "\(stretch.records)",
          "partitions": "\(EndToEndBench.partitions)", "broker": broker,
        ], samples: samples, unit: unit)
    }
    return [
      report("learned, with a ledger", learned, "records/s"),
      report("replayed, beginning and end included", again, "of the speed of learning"),
      report("replayed, from the first step to the last", steps, "of the speed of learning"),
      report("learned with a ledger", ledger, "of the speed without"),
    ]
  }

  private func learn(
    keepsLedger: Bool, _ expected: [UInt8]
  ) async throws -> (seconds: Double, entries: [LedgerEntry]) {
    let kept = Mutex<[LedgerEntry]>([])
    let (seconds, state) = try await stretch.learn(keepsLedger: keepsLedger) { snapshot in
      kept.withLock { $0 = snapshot.ledger }
    }
    guard state == expected else { throw BenchError("the model learned from the broker is not the reference's") }
    return (seconds, kept.withLock { $0 })
  }

  private func replay(_ entries: [LedgerEntry], _ expected: [UInt8]) async throws -> Times {
    let steps = Dictionary(grouping: entries, by: \.step).sorted { $0.key < $1.key }.map { step, entries in
      ScriptedStep(step: step, next: Dictionary(entries.map { ($0.share.partition, $0.share.next) }) { $1 })
    }
    let pipeline = stretch.pipeline
    let partitions = Int32(EndToEndBench.partitions)
    let start = ContinuousClock.now
    let feed = try KafkaReplayFeed(pipeline, configuration: stretch.configuration, book: nil)
    let (state, inSteps) = try await onDedicatedThread(named: "replay") {
      prepareArithmeticThread()
      let origin = StepReplay.Origin(
        beginning: pipeline, at: (0..<partitions).map { PartitionProgress(partition: $0, startOffset: 0) })
      let replay = try StepReplay(origin, rowsMax: stretch.batch)
      var (first, last): (ContinuousClock.Instant?, ContinuousClock.Instant) = (nil, .now)
      replay.afterStep = { _ in
        last = .now
        if first == nil { first = last }
      }
      var ends = [Int64](repeating: 0, count: Int(partitions))
      for entry in entries {
        ends[Int(entry.share.partition)] = max(ends[Int(entry.share.partition)], entry.share.next)
      }
      try replay.run(.recorded(HeldLedger(steps)), feed: feed, ends: ends, until: .after(.seconds(600)))
      return (replay.learner.encodeState(), first.map { $0.duration(to: last).seconds } ?? 0)
    }
    await feed.close()
    let whole = start.duration(to: .now).seconds
    guard state == expected else { throw BenchError("the model that was made again is not the one that was learned") }
    return Times(whole: whole, steps: inSteps)
  }
}
