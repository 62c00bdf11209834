import Confinement
import Evaluation
import Foundation
import Health
import Membership
import Postgres
import Registry
import Vocabulary

extension Workload {
  /// A checkpoint saved in one transaction, and its state loaded again, on a private PostgreSQL.
  static let checkpoint = Workload(
    name: "checkpoint", summary: "save and load model states in PostgreSQL: milliseconds each, at several sizes",
    flags: [
      BenchFlag("samples", "n", "15", "Saves and loads to measure of each size."),
      BenchFlag("fsync", "on|off", "on", "Whether the database waits for the disk."),
      BenchFlag("megabytes", "MB", "0", "One size only; 0: several."),
    ]
  ) { options in
    let samples = try options.int("samples")
    let fsync = options.string("fsync")
    let only = try options.double("megabytes")
    guard ["on", "off"].contains(fsync) else { throw BenchError("--fsync is on or off") }
    guard only >= 0, only <= 1000 else { throw BenchError("--megabytes is at most 1000") }
    let directory = FileManager.default.temporaryDirectory.path + "/retrain-bench-pg-\(getpid())"
    let cluster = try PrivateCluster.start(
      directory: directory, deadline: .after(.seconds(60)), durable: fsync == "on")
    defer { try? cluster.destroy() }
    try blockingAwait(until: .after(.seconds(600))) {
      let bench = try await CheckpointBench(uri: cluster.uri)
      for megabytes in only > 0 ? [only] : [1, 20] {
        let times = try await bench.run(bytes: Int(megabytes * 1e6), samples: samples)
        let params = ["megabytes": "\(megabytes)", "fsync": fsync]
        for (operation, times) in [("save", times.save), ("load", times.load)] {
          let params = params.merging(["operation": operation]) { $1 }
          try BenchReport(workload: "checkpoint", params: params, samples: times, unit: "ms").emit()
          try BenchReport(
            workload: "checkpoint", params: params, samples: times.map { megabytes / $0 * 1000 }, unit: "MB/s"
          ).emit()
        }
      }
      await bench.close()
    }
  }
}

/// One pipeline with one member, whose checkpoints grow.
private struct CheckpointBench: Sendable {
  private let writer: Registry
  /// Another process, as a server or a worker that resumes is.
  private let reader: Registry
  private let pipeline: Int64
  private let generation: Generation

  init(uri: String) async throws {
    writer = try await Registry.open(uri: uri, applicationName: "bench", deadline: .after(.seconds(20))).within(
      .seconds(120))
    reader = try await Registry.open(uri: uri, applicationName: "bench", deadline: .after(.seconds(20))).within(
      .seconds(120))
    try await writer.migrate()
    pipeline = try await writer.register(pipeline: "bench", specification: "", desiredWorkers: 1, until: nil).id
    let member = MemberFacts(id: "a", address: "127.0.0.1:1", heldStep: nil, joinedAt: Date(), lastSeen: Date())
    try await writer.join(pipeline: pipeline, member)
    guard let formed = try await writer.formGeneration(pipeline: pipeline, desired: 1, grace: .zero) else {
      throw BenchError("no generation formed")
    }
    generation = formed.generation
  }

  func close() async {
    await writer.close()
    await reader.close()
  }

  /// - Returns: Milliseconds of each save and load. The first of each, whose bytes are proven, warms up.
  func run(bytes: Int, samples: Int) async throws -> (save: [Double], load: [Double]) {
    var random = SplitMix64(seed: UInt64(bytes))
    var state = (0..<bytes).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    var times: (save: [Double], load: [Double]) = ([], [])
    let clock = ContinuousClock()
    var parent = try await writer.newestCheckpoint(pipeline: pipeline)
    for round in 0...samples {
      state[round] &+= 1  // another state each time
      let draft = draft(state: state, after: parent)
      var saved: Int64 = 0
      let save = try await clock.measure { saved = try await writer.saveCheckpoint(draft) }
      var loaded: [UInt8] = []
      let load = try await clock.measure { loaded = try await reader.state(of: saved) }
      guard loaded == state else { throw BenchError("the loaded state is not the saved one") }
      parent = try await reader.checkpoint(saved)
      guard round > 0 else { continue }
      times.save.append(save.seconds * 1000)
      times.load.append(load.seconds * 1000)
    }
    try await writer.prune(pipeline: pipeline, keep: 1)
    return times
  }

  /// With what a real one carries: four partitions, eight layers, the tallies of a binary task.
  private func draft(state: [UInt8], after parent: CheckpointRecord?) -> CheckpointDraft {
    let step = (parent?.step ?? 0) + 100
    let metrics = StreamMetrics(task: .binary)
    var draft = CheckpointDraft(
      pipeline: pipeline, generation: generation, parent: parent?.id,
      Checkpoint(
        step: step,
        progress: (0..<4).map { PartitionProgress(partition: $0, startOffset: 0, nextOffset: step, trained: step) },
        metrics: metrics, window: metrics, parametersDigest: ""),
      state: state)
    draft.health = (0..<8).map { LayerHealth(layer: "layer.\($0)", sketch: ActivationSketch(units: 256)) }
    return draft
  }
}
