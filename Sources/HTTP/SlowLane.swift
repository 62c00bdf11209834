import CMicrohttpd
import Confinement
import Foundation
import Synchronization
import Vocabulary

/// One thread for the requests that would hold a polling thread up: their connections are laid aside meanwhile.
///
/// Bounded by the number of connections, each of which waits for its answer. First come, first served.
final class SlowLane: Sendable {
  struct Job: @unchecked Sendable {  // The connection is laid aside: one thread looks at its state.
    let state: RequestState
    let connection: OpaquePointer
    let since = ContinuousClock.now
  }

  private struct Queue {
    var jobs: [Job] = []
    var isOver = false
    /// Nothing is laid aside any more, and nothing taken.
    var hasEnded = false
    /// What the thread does at its end, where nobody waits for that any longer.
    var last: (@Sendable () -> Void)?
  }

  private let queue = Mutex(Queue())
  private let waiting = DispatchSemaphore(value: 0)
  private let hasEnded = Signal()
  private let waitMax: Duration
  private let tell: @Sendable (HTTPEvent) -> Void
  private let perform: @Sendable (Job) -> HTTPResponse
  private let bells: PollingBells

  /// - Parameters:
  ///   - waitMax: What waits longer is answered with 503.
  ///   - bells: Of those who lay connections aside.
  init(
    waitMax: Duration, bells: PollingBells, tell: @escaping @Sendable (HTTPEvent) -> Void,
    perform: @escaping @Sendable (Job) -> HTTPResponse
  ) {
    self.bells = bells
    self.waitMax = waitMax
    self.tell = tell
    self.perform = perform
  }

  func start() {
    let thread = Thread { [self] in
      while let job = take() {
        // At the end nobody is kept waiting: the connection still has to be resumed.
        job.state.reply = isOver || hasWaited(job) ? refusal() : perform(job)
        // Here and not on the polling thread: giving many pages back takes its time.
        job.state.releaseBody()
        resume(job.connection)
      }
      hasEnded.raise()
      queue.withLock { $0.last }?()
    }
    thread.name = "http slow"
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// The connection must be laid aside already.
  ///
  /// - Returns: False: the thread has ended, and the connection is the caller's to resume.
  func put(_ job: Job) -> Bool {
    let isTaken = queue.withLock { queue in
      if !queue.hasEnded { queue.jobs.append(job) }
      return !queue.hasEnded
    }
    if isTaken { waiting.signal() }
    return isTaken
  }

  /// Answers what has waited for too long, whatever the job in hand does. One caller at a time, until it is stopped.
  func shed() {
    let late = queue.withLock { queue in
      // In their order: behind one that may still wait there is none that may not.
      let count = queue.jobs.firstIndex { !hasWaited($0) } ?? queue.jobs.count
      defer { queue.jobs.removeFirst(count) }
      return Array(queue.jobs.prefix(count))
    }
    for job in late {
      job.state.reply = refusal()
      job.state.releaseBody()
      resume(job.connection)
    }
  }

  private func resume(_ connection: OpaquePointer) {
    MHD_resume_connection(connection)
    bells.ring()
  }

  private func hasWaited(_ job: Job) -> Bool { job.since.duration(to: .now) > waitMax }

  private func refusal() -> HTTPResponse {
    tell(.refused(status: HTTPRefusal.busy.status))
    return HTTPRefusal.busy.response
  }

  private var isOver: Bool { queue.withLock { $0.isOver } }

  /// Ends the thread; what still waits is answered with 503.
  ///
  /// - Parameter close: Called once, when no connection is laid aside any more: before this returns (false), or, where the
  ///   job in hand takes longer than `deadline`, by the thread itself when that is done (true).
  func stop(until deadline: Deadline, then close: @escaping @Sendable (_ isLate: Bool) -> Void) {
    queue.withLock { $0.isOver = true }
    waiting.signal()
    _ = hasEnded.wait(until: deadline)
    let isDone = queue.withLock { queue in
      if !queue.hasEnded { queue.last = { close(true) } }
      return queue.hasEnded
    }
    if isDone { close(false) }
  }

  private func take() -> Job? {
    while true {
      waiting.wait()
      let (job, hasEnded) = queue.withLock { queue -> (Job?, Bool) in
        if !queue.jobs.isEmpty { return (queue.jobs.removeFirst(), false) }
        queue.hasEnded = queue.isOver
        return (nil, queue.isOver)
      }
      if let job { return job }
      if hasEnded { return nil }
    }
  }
}
