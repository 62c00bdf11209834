import Confinement
import Foundation
import Testing
import Vocabulary

private actor Owner {
  let thread = ConfinedThread(name: "owner")
  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
  private(set) var calls = 0

  func threadIdentity() -> ObjectIdentifier {
    calls += 1
    return ObjectIdentifier(Thread.current)
  }
}

@Suite("Confined thread")
struct ConfinedThreadTests {
  @Test("every call of an actor runs on its one thread")
  func oneThread() async {
    let owner = Owner()
    let first = await owner.threadIdentity()
    await withTaskGroup(of: ObjectIdentifier.self) { group in
      for _ in 0..<50 { group.addTask { await owner.threadIdentity() } }
      for await identity in group { #expect(identity == first) }
    }
    #expect(await owner.calls == 51)
  }

  @Test("two actors stand on two threads")
  func twoThreads() async {
    let (left, right) = (Owner(), Owner())
    #expect(await left.threadIdentity() != right.threadIdentity())
  }
}

@Suite("Blocking await")
struct BlockingAwaitTests {
  @Test("a dedicated thread gets the result of an async call")
  func result() async throws {
    let owner = Owner()
    let calls = try await onDedicatedThread(named: "asker") {
      try blockingAwait(until: .after(.seconds(10))) {
        _ = await owner.threadIdentity()
        return await owner.calls
      }
    }
    #expect(calls == 1)
  }

  @Test("a call that never answers ends at the deadline")
  func timeOut() async throws {
    await #expect(throws: AwaitTimedOut.self) {
      try await onDedicatedThread(named: "asker") {
        try blockingAwait(until: .after(.milliseconds(20))) {
          let (silence, _) = AsyncStream<Void>.makeStream()
          for await _ in silence {}
          // Cancellation ends the stream: what comes now is dropped.
        }
      }
    }
  }
}
