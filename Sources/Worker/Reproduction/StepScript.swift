import Ingest
package import Registry
import Synchronization
import Vocabulary

/// A step as the ledger has it.
package struct ScriptedStep: Sendable {
  package let step: Int64
  /// By partition: the offset after the last that the step took.
  package let next: [Int32: Int64]

  package init(step: Int64, next: [Int32: Int64]) { (self.step, self.next) = (step, next) }

  /// The steps of a ledger's ranges, in their order.
  package static func steps(_ ranges: [StepRange]) -> [ScriptedStep] {
    Dictionary(grouping: ranges, by: \.step).sorted { $0.key < $1.key }.map { step, ranges in
      ScriptedStep(step: step, next: Dictionary(ranges.map { ($0.partition, $0.next) }) { $1 })
    }
  }

  func isReady(in buffers: [PartitionBuffer]) -> Bool {
    buffers.allSatisfy { buffer in next[buffer.partition].map { buffer.isReady(through: $0) } ?? true }
  }
}

/// The steps that a replay is to take next, in their order: bounded, for whoever reads the ledger reads ahead.
package final class StepScript: Sendable {
  private struct Waiting {
    var steps: [ScriptedStep] = []
    var first = 0
    var isOver = false
  }

  private let waiting = Mutex(Waiting())
  /// Steps that wait at most, once as many are there.
  package static let waitingMax = 4096

  package init() {}

  package var wantsMore: Bool { waiting.withLock { !$0.isOver && $0.steps.count - $0.first < Self.waitingMax / 2 } }
  /// Nothing comes any more, and nothing is left.
  package var isOver: Bool { waiting.withLock { $0.isOver && $0.first == $0.steps.count } }

  package func append(_ steps: [ScriptedStep]) {
    waiting.withLock { waiting in
      waiting.steps.removeFirst(waiting.first)
      waiting.first = 0
      waiting.steps += steps
    }
  }

  package func end() { waiting.withLock { $0.isOver = true } }

  /// The next one; nil: it is not there yet, or there is none.
  package var next: ScriptedStep? { waiting.withLock { $0.first < $0.steps.count ? $0.steps[$0.first] : nil } }

  package func drop() { waiting.withLock { $0.first += 1 } }
}
