import Foundation
import Synchronization
import Vocabulary

/// Runs a pipeline's roles as child processes on this machine: starts them, restarts what crashes, ends all in order.
///
/// Used by one task.
final class Supervisor {
  private let options: RunOptions
  private let poller: StatusPoller
  private let reporter: RunReporter
  private let signals: SignalCount
  private var controller: ManagedChild
  private var server: ManagedChild
  private var workers: [ManagedChild]
  private let startedAt = ContinuousClock.now
  private let startDate = Date()
  private var meter = RunMeter()
  /// Whether every worker that was there at the end ended cleanly: its work is in a checkpoint then.
  private var areWorkersDone = false
  /// What a worker that did not end cleanly said last.
  private var obstacle: String?
  /// Whether it was said that another program lies where this one came from.
  private var hasToldReplacement = false
  /// What others want to be shown.
  private let notes: PendingNotes
  /// Who else runs the pipeline by now; nil: nobody.
  private let takenOver: @Sendable () -> String?
  /// Called several times a second while the run lasts.
  private let onLook: @Sendable () async -> Void

  /// Longer than a worker takes to give up: it knows best what it could not write.
  private static let workerPatience = Duration.seconds(125)
  /// For workers that no heartbeat comes from any more, while the database answers: they are stuck.
  private static let silentPatience = Duration.seconds(25)
  private static let rolePatience = Duration.seconds(20)

  init(
    _ options: RunOptions, poller: StatusPoller, reporter: RunReporter, signals: SignalCount,
    notes: PendingNotes, takenOver: @escaping @Sendable () -> String?, onLook: @escaping @Sendable () async -> Void
  ) throws {
    self.options = options
    self.poller = poller
    self.reporter = reporter
    self.signals = signals
    self.notes = notes
    self.takenOver = takenOver
    self.onLook = onLook
    try House.makeFolder(options.logFolder)
    func child(_ name: String, _ role: String, metrics: HostPort? = nil) throws -> ManagedChild {
      try ManagedChild(
        name: name,
        arguments: [role, "--pipeline", options.pipeline, "--supervised"]
          + (metrics.map { ["--metrics", $0.description] } ?? []),
        environment: options.environment, log: "\(options.logFolder)/\(name).log", isFinite: role == "worker")
    }
    controller = try child("controller", "controller", metrics: options.metrics.address())
    server = try child("server", "server")
    workers = []
    // One by one: should one of them not start, those before it see our end of their pipe close.
    for number in 1...options.workers {
      workers.append(
        try child("worker-\(number)", "worker", metrics: options.metrics.address(ofWorker: number)))
    }
  }

  private var everyone: [ManagedChild] { workers + [server, controller] }

  var summary: RunSummary { meter.summary }

  /// Runs until something ends the run, then stops all roles.
  func run() async -> RunEnding {
    var ending: RunEnding?
    while ending == nil {
      await onLook()
      for note in notes.take() { reporter.note(note) }
      if let status = poller.latest { meter.note(status) }
      ending = observe()
      reporter.show(
        poller.latest, trouble: poller.trouble,
        activity: "Ctrl-C stops with a final checkpoint; logs in \(options.logFolder)")
      if ending == nil { try? await Task.sleep(for: .milliseconds(100)) }
    }
    let result = ending ?? .interrupted
    reporter.note("ending: \(result.sentence)")
    await stopEveryone()
    return result
  }

  /// One look at everything; the reason to end, if there is one.
  private func observe() -> RunEnding? {
    for child in everyone {
      forwardLog(of: child)
      if let event = child.tend(), let ending = handle(event, of: child) { return ending }
    }
    if signals.value > 0 { return .interrupted }
    if let other = takenOver() { return .takenOver(other) }
    if let halted = poller.latest?.halted { return .halted(halted) }
    if poller.latest?.desiredState == "stopped" { return .stopped }
    if workers.allSatisfy(\.hasFinished) { return .finished }
    return untilReached()
  }

  private func handle(_ event: ManagedChild.Event, of child: ManagedChild) -> RunEnding? {
    switch event {
    case .finished: return nil
    case .notStarted(let reason):
      reporter.note("\(child.name) cannot be started, trying again: \(reason)")
      return nil
    case .ended(let code, let verdict):
      // What it said last stands in its log, and may not have been shown yet.
      forwardLog(of: child)
      guard let delay = verdict.restartIn else {
        reporter.note("\(child.name) failed:\n\(LogTail.last(of: child.log))")
        return .roleFailed(role: child.name, code: code)
      }
      note(child, code, verdict.cause, delay)
      // As long as one worker is of use, the others and the rest of the roles are tried again beside it.
      guard workers.allSatisfy({ $0.isExhausted && !$0.hasFinished }) else { return nil }
      reporter.note("every worker crashes again and again:\n\(LogTail.last(of: child.log))")
      return .roleFailed(role: child.name, code: code)
    }
  }

  private func note(_ child: ManagedChild, _ code: Int32, _ cause: RestartRule.Cause, _ delay: Duration) {
    let words =
      switch cause {
      case .killed: "was killed by signal \(code - 128)"
      case .unavailable: "cannot work yet"
      case .ended: "ended"
      case .crashed, .refused: "crashed (\(code))"
      }
    let why = cause == .unavailable || cause == .crashed ? LogTail.lastComplaint(of: child.log) : nil
    reporter.note(
      "\(child.name) \(words); starting it again in \(Wording.figure(delay.seconds, decimals: 1)) s"
        + (why.map { ": \($0)" } ?? ""))
    if !hasToldReplacement, OwnProgram.running.isReplaced {
      hasToldReplacement = true
      reporter.note(
        "\(OwnProgram.running.path) was replaced since this run began: it keeps the program that it began with, for every role; "
          + "'retrainctl stop' and 'start' go on with the new one")
    }
  }

  private func untilReached() -> RunEnding? {
    guard let until = options.until, let status = poller.latest else { return nil }
    switch until {
    case .seconds(let seconds):
      return startedAt.duration(to: .now) >= .seconds(seconds)
        ? .reached("\(Wording.measure(seconds)) s are over") : nil
    case .steps(let steps):
      return status.step >= steps ? .reached("step \(Wording.count(status.step)) was reached") : nil
    case .promoted:
      guard let stable = status.stable, stable.since > startDate else { return nil }
      return .reached("version \(stable.number) was promoted")
    // The workers see the end of the stream, and finish.
    case .end: return nil
    }
  }

  /// Without a terminal the important lines of every role appear here too; all of them are in its file.
  private func forwardLog(of child: ManagedChild) {
    for line in child.newLogLines().compactMap(LogLine.init) { reporter.note("\(child.name): \(line.text)") }
  }

  /// Workers first, then the controller, which judges the final checkpoint before it goes, then what serves.
  private func stopEveryone() async {
    let working = workers.filter { $0.process != nil || $0.hasFinished }
    for worker in workers { worker.letGo() }
    await waitForEnd(of: workers, within: Self.workerPatience, activity: "waiting for the final checkpoint")
    areWorkersDone = !working.isEmpty && working.allSatisfy { $0.lastExit == 0 }
    for worker in working where worker.lastExit != 0 {
      obstacle =
        LogTail.lastComplaint(of: worker.log)
        ?? "\(worker.name) \(worker.lastExit.map { "ended with \($0)" } ?? "did not end in time and was killed")"
    }
    controller.letGo()
    await waitForEnd(of: [controller], within: Self.rolePatience, activity: "judging the final checkpoint")
    server.letGo()
    await waitForEnd(of: [server], within: Self.rolePatience, activity: "stopping the server")
    for child in everyone { forwardLog(of: child) }
  }

  /// Why not everything that was learned is in a checkpoint, after the end; nil: it is.
  ///
  /// - Parameter status: As it is now; nil: the database does not answer.
  func loss(_ status: PipelineStatus?) -> String? {
    if areWorkersDone { return nil }
    let seen = poller.latest?.consumed ?? 0
    guard let status else {
      return obstacle ?? "the workers did not end by themselves, and the database does not answer"
    }
    if status.checkpoint?.isFinal == true, status.saved >= seen { return nil }
    let unsaved = seen - status.saved
    if unsaved <= 0, obstacle == nil { return nil }
    return obstacle
      ?? "the workers did not end by themselves: \(Wording.count(unsaved)) records learned since the newest checkpoint are "
      + "not in it, and will be learned again"
  }

  /// What became of the letters of a run that is over: as the workers told while they were there. Those that ended by
  /// themselves waited for all of theirs, and wrote down what was lost.
  ///
  /// - Parameters:
  ///   - refused: Records of this run that a letter was written for.
  ///   - lost: Of these, what incidents tell.
  func lettersAtTheEnd(refused: Int64, lost: Int64) -> PipelineStatus.DeadLetters {
    var letters = meter.letters
    letters.lost = max(letters.lost, lost)
    guard areWorkersDone else { return letters }
    letters.waiting = 0
    if letters.lost == 0 { letters.delivered = max(letters.delivered, refused) }
    return letters
  }

  /// A second signal, the deadline, or the silence of all workers ends them by force.
  private func waitForEnd(of children: [ManagedChild], within patience: Duration, activity: String) async {
    let deadline = Deadline.after(patience)
    let silence = Deadline.after(Self.silentPatience)
    while true {
      for child in children { _ = child.tend() }
      if children.allSatisfy({ !$0.isRunning }) { return }
      if deadline.hasPassed || signals.value > 1 { break }
      if silence.hasPassed, poller.trouble == nil, poller.latest?.workers.isEmpty ?? false { break }
      reporter.show(poller.latest, trouble: poller.trouble, activity: activity + "; Ctrl-C again ends at once")
      for child in children { forwardLog(of: child) }
      try? await Task.sleep(for: .milliseconds(50))
    }
    for child in children where child.isRunning {
      reporter.note("\(child.name) did not end in time and was killed")
      child.send(SIGKILL)
    }
    while children.contains(where: \.isRunning) { try? await Task.sleep(for: .milliseconds(10)) }
  }
}

/// How many stop signals have come. Any thread.
final class SignalCount: Sendable {
  private let count = Mutex(0)
  var value: Int { count.withLock { $0 } }
  func set(_ value: Int) { count.withLock { $0 = value } }
}
