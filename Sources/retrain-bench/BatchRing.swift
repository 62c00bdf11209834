import Foundation
import Tensors

/// Batches that one thread fills and another takes, in order; each has its turn with a batch.
final class BatchRing: @unchecked Sendable {  // `condition` guards the counts; a batch is its holder's alone.
  private let batches: [FeatureBatch]
  private let condition = NSCondition()
  private var filled = 0
  private var taken = 0
  private var isAtEnd = false
  private var failure: (any Error)?

  init(count: Int, make: () -> FeatureBatch) { batches = (0..<count).map { _ in make() } }

  /// Fills batches until `fill` has no more rows or the taker has gone. For the one thread.
  func produce(_ fill: (FeatureBatch) throws -> Int) {
    var failure: (any Error)?
    do {
      var next = 0
      while waitForRoom(), try fill(batches[next % batches.count]) > 0 {
        next += 1
        change { filled = next }
      }
    } catch let error { failure = error }
    change {
      self.failure = failure
      isAtEnd = true
    }
  }

  /// Gives each batch to `body`, until there are no more. For the other thread.
  func consume(_ body: (FeatureBatch) throws -> Void) throws {
    defer { change { isAtEnd = true } }
    while try waitForBatch() {
      try body(batches[taken % batches.count])
      change { taken += 1 }
    }
  }

  private func waitForRoom() -> Bool {
    condition.withLock {
      while filled - taken == batches.count, !isAtEnd { condition.wait() }
      return !isAtEnd
    }
  }

  private func waitForBatch() throws -> Bool {
    try condition.withLock {
      while filled == taken, !isAtEnd { condition.wait() }
      if filled > taken { return true }
      if let failure { throw failure }
      return false
    }
  }

  private func change(_ body: () -> Void) {
    condition.withLock {
      body()
      condition.signal()
    }
  }
}
