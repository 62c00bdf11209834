import Controller
import Foundation
import Registry
import Vocabulary

/// How far a run beside has come.
struct ReplayProgress: Codable, Sendable {
  var name: String
  var phase: String
  var wish: String
  var workers: Int
  var recordsPerSecond: Double
  /// That were learned, of all that it was asked for.
  var consumed: Int64
  var records: Int64
  /// Behind the live stream's end; nil: nobody tells.
  var lag: Int64?
  /// Until what it was asked for is learned; nil: it stands still.
  var secondsLeft: Double?
  var version: Int64?
  var outcome: String?
  /// Validate, train, evaluate, canary, promote.
  var stages: [RetrainStage.Entry]
  /// How soon it lost no more than the version that served when it began; nil: there was none.
  var recovery: RetrainRecovery?

  private static let silence = Duration.seconds(5)

  /// - Parameter measures: Also say how soon it was as good as what served, for which its windows are read.
  init(_ replay: ReplayRecord, _ pipeline: Int64, _ registry: Registry, measures: Bool = false) async throws {
    let members = try await registry.members(pipeline: pipeline, run: replay.run, silence: Self.silence)
    let live = members.compactMap(\.status).filter { $0.generation != nil }
    let newest = try await registry.newestCheckpoint(pipeline: pipeline, run: replay.run)
    func consumed(_ checkpoint: CheckpointRecord?) -> Int64 {
      checkpoint?.progress.reduce(0) { $0 + $1.trained + $1.rejected } ?? 0
    }
    // What a version had learned before it is nothing of the run's.
    let first = try await registry.lineage(replay.lineage, pipeline: pipeline)?.checkpoint
    var before: CheckpointRecord?
    if let first { before = try await registry.checkpoint(first) }
    let now = max(consumed(newest), live.map { $0.trained + $0.rejected }.max() ?? 0)
    (name, phase, wish) = (replay.name, replay.phase.rawValue, replay.wish)
    workers = live.count
    recordsPerSecond = live.compactMap(\.recordsPerSecond).max() ?? 0
    self.consumed = max(0, now - consumed(before))
    records = replay.records
    let lags = live.flatMap(\.lag)
    lag = lags.isEmpty ? nil : lags.reduce(0) { $0 + $1.records }
    (version, outcome) = (replay.version, replay.outcome)
    var journal: [DecisionRecord] = []
    var made: VersionRecord?
    if let number = replay.version {
      made = try await registry.version(number, pipeline: pipeline)
      journal = try await registry.decisions(pipeline: pipeline, version: number, limit: 100)
    }
    stages = RetrainStage.all(replay, made, journal: journal)
    recovery = measures ? try await RetrainRecovery.of(replay, pipeline: pipeline, in: registry) : nil
    if recordsPerSecond > 0 { secondsLeft = Double(left) / recordsPerSecond }
  }

  var left: Int64 { phase == "replaying" ? max(0, records - consumed) : phase == "catching_up" ? lag ?? 0 : 0 }

  var sentence: String {
    if let outcome { return "run '\(name)' (\(wish)): \(outcome)" }
    return
      "run '\(name)' (\(wish)): \(workers) workers, \(Wording.count(consumed, "record")) of \(Wording.count(records)), "
      + "\(Wording.measure(recordsPerSecond)) records/s, "
      + (phase == "catching_up"
        ? "catching up, \(lag.map { Wording.count($0, "record") } ?? "nobody knows how many records") behind the live stream"
        : "\(Wording.count(left)) left" + (secondsLeft.map { ", about \(Wording.span($0))" } ?? ""))
  }

  /// `validate done, train running, evaluate, canary, promote`
  var stageSentence: String {
    stages.map { entry in
      entry.stage.rawValue
        + (entry.state == .waiting ? "" : " " + entry.state.rawValue.replacing("_", with: " "))
    }.joined(separator: ", ")
  }

  var recoverySentence: String? {
    guard let recovery else { return nil }
    let stable =
      "v\(recovery.stableVersion), which served when it began (\(Wording.measure(recovery.stableLoss)) a record)"
    guard let steps = recovery.steps, let records = recovery.records else {
      return "it has not lost as little yet as \(stable)"
    }
    return "it lost as little as \(stable) after \(Wording.count(steps, "step")), \(Wording.count(records, "record"))"
  }
}
