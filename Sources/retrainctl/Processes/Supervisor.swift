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
  /// Called several times a second while the run lasts.
  private let onLook: @Sendable () async -> Void

  private static let workerPatience = Duration.seconds(60)
  private static let rolePatience = Duration.seconds(20)

  init(
    _ options: RunOptions, poller: StatusPoller, reporter: RunReporter, signals: SignalCount,
    onLook: @escaping @Sendable () async -> Void
  ) throws {
    self.options = options
    self.poller = poller
    self.reporter = reporter
    self.signals = signals
    self.onLook = onLook
    try House.makeFolder(options.logFolder)
    func child(_ name: String, _ role: String, _ more: [String] = []) throws -> ManagedChild {
      try ManagedChild(
        name: name, arguments: [role, "--pipeline", options.pipeline, "--supervised"] + more,
        environment: options.environment, log: "\(options.logFolder)/\(name).log")
    }
    controller = try child("controller", "controller")
    server = try child("server", "server")
    workers = []
    // One by one: should one of them not start, those before it see our end of their pipe close.
    for number in 1...options.workers { workers.append(try child("worker-\(number)", "worker")) }
  }

  private var everyone: [ManagedChild] { workers + [server, controller] }

  var summary: RunSummary { meter.summary }

  /// Runs until something ends the run, then stops all roles.
  func run() async -> RunEnding {
    var ending: RunEnding?
    while ending == nil {
      await onLook()
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
      do {
        if let event = try child.tend(), let ending = handle(event, of: child) { return ending }
      } catch {
        return .roleFailed(role: child.name, code: CommandFailure(error).code.rawValue)
      }
    }
    if signals.value > 0 { return .interrupted }
    if let halted = poller.latest?.halted { return .halted(halted) }
    if poller.latest?.desiredState == "stopped" { return .stopped }
    if workers.allSatisfy(\.hasFinished) { return .finished }
    return untilReached()
  }

  private func handle(_ event: ManagedChild.Event, of child: ManagedChild) -> RunEnding? {
    switch event {
    case .finished:
      // Only workers end by themselves; a controller or server that does was told to by somebody.
      return workers.contains { $0 === child } ? nil : .roleFailed(role: child.name, code: ExitCode.ourFault.rawValue)
    case .crashed(let code, let delay):
      reporter.note(
        "\(child.name) ended with \(code); starting it again in \(Wording.figure(delay.seconds, decimals: 1)) s")
      return nil
    case .failed(let code):
      reporter.note("\(child.name) failed:\n\(LogTail.last(of: child.log))")
      return .roleFailed(role: child.name, code: code)
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
    for worker in workers { worker.letGo() }
    await waitForEnd(of: workers, within: Self.workerPatience, activity: "waiting for the final checkpoint")
    controller.letGo()
    await waitForEnd(of: [controller], within: Self.rolePatience, activity: "judging the final checkpoint")
    server.letGo()
    await waitForEnd(of: [server], within: Self.rolePatience, activity: "stopping the server")
    for child in everyone { forwardLog(of: child) }
  }

  /// A second signal, or the deadline, ends them by force.
  private func waitForEnd(of children: [ManagedChild], within patience: Duration, activity: String) async {
    let deadline = Deadline.after(patience)
    while true {
      for child in children { _ = try? child.tend() }
      if children.allSatisfy({ !$0.isRunning }) { return }
      if deadline.hasPassed || signals.value > 1 { break }
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
