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
  }

  private struct Queue {
    var jobs: [Job] = []
    var isOver = false
  }

  private let queue = Mutex(Queue())
  private let waiting = DispatchSemaphore(value: 0)
  private let hasEnded = Signal()
  private let perform: @Sendable (Job) -> HTTPResponse

  init(perform: @escaping @Sendable (Job) -> HTTPResponse) { self.perform = perform }

  func start() {
    let thread = Thread { [self] in
      while let job = take() {
        // At the end nobody is kept waiting: the connection still has to be resumed.
        job.state.reply = isOver ? HTTPRefusal.crowded.response : perform(job)
        // Here and not on the polling thread: giving many pages back takes its time.
        job.state.releaseBody()
        MHD_resume_connection(job.connection)
      }
      hasEnded.raise()
    }
    thread.name = "http slow"
    thread.stackSize = 8 << 20
    thread.start()
  }

  /// The connection must be laid aside already.
  func put(_ job: Job) {
    queue.withLock { $0.jobs.append(job) }
    waiting.signal()
  }

  private var isOver: Bool { queue.withLock { $0.isOver } }

  /// Ends the thread; what still waits is answered with 503.
  func stop() {
    queue.withLock { $0.isOver = true }
    waiting.signal()
    _ = hasEnded.wait(until: .after(.seconds(60)))
  }

  private func take() -> Job? {
    while true {
      waiting.wait()
      let (job, isOver) = queue.withLock { queue -> (Job?, Bool) in
        if !queue.jobs.isEmpty { return (queue.jobs.removeFirst(), false) }
        return (nil, queue.isOver)
      }
      if let job { return job }
      if isOver { return nil }
    }
  }
}
