import Foundation
import Kafka
import Pipelines
import Registry
import Vocabulary
import Worker

/// A run beside the live one on this machine: its workers, at the lowest priority, until its version is a candidate. Whatever is
/// killed, the same command goes on where the newest checkpoint stands.
final class ReplayRun {
  private let record: PipelineRecord
  private let registry: Registry
  private let house: House
  private let reporter: RunReporter
  private let hold: RunHold
  private let environment: [String]
  private var workers: [ManagedChild] = []
  private var told = ContinuousClock.now

  /// How far behind the live stream's end it may be when it is taken for caught up.
  private static let near = 2.0
  private static let stopPatience = Duration.seconds(125)
  private static let tellEvery = Duration.seconds(10)

  init(_ record: PipelineRecord, _ access: RegistryAccess, house: House, reporter: RunReporter) {
    self.record = record
    registry = access.registry
    (self.house, self.reporter) = (house, reporter)
    environment = Environment.block(changing: ["RETRAIN_HOME": house.root])
    // Of all machines one process has it.
    hold = RunHold(
      location: access.database.location, pipeline: "\(record.name) beside", host: ProcessInfo.processInfo.hostName,
      processID: getpid())
  }

  /// Goes on with a run until it is over, or somebody interrupts it.
  ///
  /// - Returns: As it stands then.
  func run(_ run: RunID, signals: SignalCount) async throws -> ReplayRecord {
    signal(SIGPIPE, SIG_IGN)
    let deadline = Deadline.after(.seconds(3))
    while let holder = try await hold.take(deadline: .after(.seconds(15))) {
      guard !deadline.hasPassed else {
        await hold.release()
        throw CommandFailure(.unavailable, "the run beside '\(record.name)' is under way already: \(holder)")
      }
      try await Task.sleep(for: .milliseconds(100))
    }
    do {
      let result = try await tend(run, signals)
      await hold.release()
      return result
    } catch {
      await stopWorkers()
      await hold.release()
      throw error
    }
  }

  private func current(_ run: RunID) async throws -> ReplayRecord {
    guard let record = try await registry.replay(pipeline: record.id, run: run) else {
      throw CommandFailure(.unavailable, "the run is not there any more")
    }
    return record
  }

  private func tend(_ run: RunID, _ signals: SignalCount) async throws -> ReplayRecord {
    var replay = try await current(run)
    reporter.note("the run '\(replay.name)' \(replay.phase == .replaying ? "learns \(replay.wish)" : "catches up")")
    while !replay.isOver, signals.value == 0 {
      if workers.isEmpty, replay.desiredState != .stopped { try startWorkers(replay) }
      for worker in workers {
        for line in worker.newLogLines().compactMap(LogLine.init) { reporter.note("\(worker.name): \(line.text)") }
        guard case .ended(let code, let verdict) = worker.tend(), verdict.restartIn == nil else { continue }
        reporter.note("\(worker.name) failed:\n\(LogTail.last(of: worker.log))")
        try await end(replay, .failed, "a worker ended with \(code)")
      }
      // A database that is away for a while is asked again.
      if let now = try? await current(run) { replay = now }
      if let halted = replay.halted { try await end(replay, .failed, "it was halted: \(halted)") }
      if !replay.isOver { try await look(replay) }
      if let now = try? await current(run) { replay = now }
      if told.duration(to: .now) >= Self.tellEvery,
        let progress = try? await ReplayProgress(replay, record.id, registry)
      {
        told = .now
        reporter.note(progress.sentence)
      }
      try await Task.sleep(for: .milliseconds(200))
    }
    await stopWorkers()
    return try await current(run)
  }

  /// What the workers' ends, and where they are, come to.
  private func look(_ replay: ReplayRecord) async throws {
    let areDone = !workers.isEmpty && workers.allSatisfy(\.hasFinished)
    switch (replay.desiredState, replay.phase) {
    // Whoever stops it for good says that it is over; this is what it asked its own workers for.
    case (.stopped, _) where areDone || workers.isEmpty: try await propose(replay)
    case (_, .replaying) where areDone && replay.follows:
      try await registry.followLive(pipeline: record.id, run: replay.run)
      reporter.note("it has learned what it was asked to, and goes on to where the live run is")
      workers = []
    case (_, .replaying) where areDone: try await propose(replay)
    case (.running, .catchingUp):
      let progress = try await ReplayProgress(replay, record.id, registry)
      guard let lag = progress.lag, Double(lag) <= max(progress.recordsPerSecond * Self.near, 1) else { return }
      // Its workers end with a checkpoint, and that is the candidate.
      try await registry.setDesiredState(.stopped, pipeline: record.id, run: replay.run)
    default: break
    }
  }

  private func propose(_ replay: ReplayRecord) async throws {
    guard let newest = try await registry.newestCheckpoint(pipeline: record.id, run: replay.run) else {
      return try await end(replay, .failed, "there was nothing to learn")
    }
    let version = try await registry.addCandidate(pipeline: record.id, checkpoint: newest.id)
    try await registry.endReplay(
      pipeline: record.id, run: replay.run, .done, version: version,
      outcome: "version \(version) of checkpoint \(newest.id) is a candidate")
  }

  private func end(_ replay: ReplayRecord, _ phase: ReplayRecord.Phase, _ outcome: String) async throws {
    try await registry.endReplay(pipeline: record.id, run: replay.run, phase, outcome: outcome)
  }

  private func startWorkers(_ replay: ReplayRecord) throws {
    let folder = house.logs(record.name)
    try House.makeFolder(folder)
    workers = try (1...replay.workers).map { number in
      let name = "\(replay.name)-\(number)"
      return try ManagedChild(
        name: name,
        arguments: ["worker", "--pipeline", record.name, "--run", String(replay.run.rawValue), "--supervised"],
        environment: environment, log: "\(folder)/\(name).log", isFinite: true)
    }
  }

  private func stopWorkers() async {
    for worker in workers { worker.letGo() }
    let deadline = Deadline.after(Self.stopPatience)
    while workers.contains(where: \.isRunning) {
      for worker in workers { _ = worker.tend() }
      if deadline.hasPassed { for worker in workers where worker.isRunning { worker.send(SIGKILL) } }
      try? await Task.sleep(for: .milliseconds(50))
    }
  }
}
