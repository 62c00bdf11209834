import Foundation
import Synchronization

/// One thread that owns what blocks, as the executor of an actor.
///
/// A libpq connection or a librdkafka handle lives in an actor whose `unownedExecutor` is one of these: callbacks fired
/// inside a poll already stand on the right thread, and blocking there never starves the cooperative pool.
public final class ConfinedThread: SerialExecutor {
  private let jobs = JobQueue()

  /// Starts the thread. It ends after `shutDown()`, once what was enqueued before has run.
  ///
  /// - Parameter name: Shown by `top -H`; the kernel keeps 15 bytes.
  public init(name: String) {
    let jobs = jobs
    let executor = unsafe Unmanaged.passUnretained(self)
    let thread = Thread {
      // The executor outlives its jobs: every actor on it holds it.
      while let job = jobs.take() {
        unsafe job.runSynchronously(on: executor._withUnsafeGuaranteedRef { unsafe $0.asUnownedSerialExecutor() })
      }
    }
    thread.name = name
    thread.stackSize = 1 << 20
    thread.start()
  }

  deinit { jobs.close() }

  public func enqueue(_ job: consuming ExecutorJob) { jobs.put(UnownedJob(job)) }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { unsafe UnownedSerialExecutor(ordinary: self) }
}

/// The jobs waiting for the thread. Bounded by the number of callers: each awaits its own.
private final class JobQueue: Sendable {
  private struct State {
    var waiting: [UnownedJob] = []
    var isClosed = false
  }
  private let state = Mutex(State())
  private let semaphore = DispatchSemaphore(value: 0)

  func put(_ job: UnownedJob) {
    state.withLock { $0.waiting.append(job) }
    semaphore.signal()
  }

  func close() {
    state.withLock { $0.isClosed = true }
    semaphore.signal()
  }

  /// The next job, or nil once closed and empty.
  func take() -> UnownedJob? {
    while true {
      semaphore.wait()
      let (job, isDone) = state.withLock { state -> (UnownedJob?, Bool) in
        if !state.waiting.isEmpty { return (state.waiting.removeFirst(), false) }
        return (nil, state.isClosed)
      }
      if let job { return job }
      if isDone { return nil }
    }
  }
}
