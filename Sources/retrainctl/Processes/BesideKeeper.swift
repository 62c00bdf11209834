import Foundation
import Registry
import Vocabulary

/// Runs beside a pipeline's `start` what is to be learned once more: what a rule or the time has asked for, and what was begun and
/// has no process any more.
actor BesideKeeper {
  private let pipeline: PipelineRecord
  private let registry: Registry
  private let environment: [String]
  private let log: String
  private let notes: PendingNotes
  private var child: ManagedChild?
  private var lookedAt: ContinuousClock.Instant?

  private static let every = Duration.seconds(3)
  /// Whoever tends a run has workers that are heard of, or will in a moment.
  private static let silence = Duration.seconds(15)
  private static let patience = Duration.seconds(125)

  init(_ pipeline: PipelineRecord, _ registry: Registry, house: House, notes: PendingNotes) {
    self.pipeline = pipeline
    self.registry = registry.within(.seconds(3))
    environment = Environment.block(changing: ["RETRAIN_HOME": house.root])
    log = house.logs(pipeline.name) + "/retrain.log"
    self.notes = notes
  }

  /// Called several times a second.
  func look() async {
    if let child {
      switch child.tend() {
      case .finished:
        notes.add("the run beside has ended; 'retrainctl status' says how")
        self.child = nil
      case .ended(let code, let verdict):
        let complaint = LogTail.lastComplaint(of: log) ?? "see \(log)"
        notes.add("the run beside ended with \(code): \(complaint)")
        // It cannot begin: who wished for it hears that in the journal, and it is not tried for ever.
        if code == ExitCode.usage.rawValue || code == ExitCode.badPipeline.rawValue {
          try? await registry.dropRetrainWish(pipeline: pipeline.id, because: complaint)
        }
        // It is begun again from here, where it still is to be.
        if verdict.restartIn == nil || verdict.isExhausted { self.child = nil }
      case .notStarted(let reason): notes.add("the run beside cannot be started: \(reason)")
      case nil: break
      }
      return
    }
    if let lookedAt, lookedAt.duration(to: .now) < Self.every { return }
    lookedAt = .now
    // A database that is away is asked again.
    guard let words = try? await words() else { return }
    do {
      child = try ManagedChild(
        name: "retrain", arguments: words + ["--supervised", "--json"], environment: environment, log: log,
        isFinite: true)
      notes.add("beside the live run: retrainctl \(words.joined(separator: " "))")
    } catch { notes.add("the run beside cannot be started: \(CommandFailure(error).message)") }
  }

  /// nil: there is nothing to do.
  private func words() async throws -> [String]? {
    if let replay = try await registry.replay(pipeline: pipeline.id) {
      let isTended = try await !registry.members(pipeline: pipeline.id, run: replay.run, silence: Self.silence).isEmpty
      let isNew = Date().timeIntervalSince(replay.begunAt) < Self.silence.seconds
      return isTended || isNew ? nil : ["retrain", pipeline.name]
    }
    guard let wish = try await registry.retrainWish(pipeline: pipeline.id) else { return nil }
    return ["retrain", pipeline.name, "--from", wish.place, "--by", wish.actor, "--reason", wish.reason]
      + (wish.setting.map { ["--set", $0] } ?? [])
      + (wish.resetBias.isEmpty ? [] : ["--reset-bias", wish.resetBias.joined(separator: ",")])
  }

  /// It is gone on with by the next start.
  func stop() async {
    guard let child else { return }
    child.letGo()
    let deadline = Deadline.after(Self.patience)
    while child.isRunning {
      _ = child.tend()
      if deadline.hasPassed { child.send(SIGKILL) }
      try? await Task.sleep(for: .milliseconds(50))
    }
  }
}
