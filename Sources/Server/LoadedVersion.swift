import Foundation
package import Pipelines
package import Registry
import Synchronization
import Tensors
import Vocabulary

/// A model version in memory, ready to answer. Requests hold on to the one they began with; the last of them frees it.
package final class LoadedVersion: Sendable {
  /// Rows that an engine takes at once: more are predicted in slices, on the slow lane.
  package static let sliceRows = 32

  let number: Int64
  /// Rows that one of its engines has room for.
  let capacity: Int
  let tally: VersionTally
  /// What it reads and answers.
  let description: ModelDescription
  /// Whether what it answers depends on what the stream says by key.
  let remembers: Bool
  private let pipeline: Pipeline
  /// What it reads of what the stream says by key: of which checkpoint, and when that was saved; nil: nothing yet.
  private let adopted = Mutex<(checkpoint: Int64, savedAt: Date)?>(nil)
  private let engineCount: Int
  private let engines: Mutex<[PredictionEngine]>
  private let free: DispatchSemaphore
  /// Made when it is first needed; nil while it is in use.
  private let bulk = Mutex<(desk: BulkDesk?, isMade: Bool)>((nil, false))

  /// - Parameters:
  ///   - pipeline: Under the contract that the version was learned under.
  ///   - scorers: One for each thread that answers; at least one. Each takes `sliceRows` rows.
  package init(number: Int64, pipeline: Pipeline, scorers: [any RowScorer]) {
    precondition(!scorers.isEmpty, "a version answers with at least one scorer")
    remembers = scorers.contains { $0.remembers }
    self.number = number
    self.pipeline = pipeline
    description = ModelDescription(pipeline)
    tally = VersionTally(version: number)
    capacity = min(Self.sliceRows, pipeline.serving.rowsMax)
    let capacity = capacity
    let engines = scorers.map { PredictionEngine(pipeline: pipeline, scorer: $0, capacity: capacity) }
    self.engines = Mutex(engines)
    engineCount = engines.count
    free = DispatchSemaphore(value: engines.count)
  }

  /// Runs `body` with an engine of its own; waits for one where the slow lane has it for a slice.
  ///
  /// - Parameter waits: False: where none is free at once, there is none.
  /// - Throws: `APIError` 503 when none comes free; what `body` throws.
  func withEngine<Result>(
    waits: Bool = true, _ body: (PredictionEngine) throws -> Result
  ) throws -> Result {
    guard free.wait(timeout: .now() + (waits ? 5 : 0)) == .success, let engine = engines.withLock({ $0.popLast() })
    else {
      throw APIError.unavailable("all predictors of version \(number) are busy")
    }
    defer {
      engines.withLock { $0.append(engine) }
      free.signal()
    }
    return try body(engine)
  }

  /// Runs `body` with the desk for many rows.
  ///
  /// - Throws: `APIError` 503 when it is in use; what `body` throws.
  func withBulkDesk<Result>(_ body: (BulkDesk) throws -> Result) throws -> Result {
    let desk = bulk.withLock { bulk -> BulkDesk? in
      defer { bulk = (nil, true) }
      return bulk.isMade ? bulk.desk : BulkDesk(pipeline: pipeline)
    }
    guard let desk else { throw APIError.unavailable("another large request is being answered") }
    defer { bulk.withLock { $0.desk = desk } }
    return try body(desk)
  }

  /// Has each engine read `memory` from now on, one after the other, while the others answer. Blocks.
  ///
  /// - Throws: `LearningError` on damage; `APIError` when an engine does not come free in time.
  package func adopt(_ memory: LineageMemory) throws {
    let deadline = Deadline.after(.seconds(30))
    var done: Set<ObjectIdentifier> = []
    while remembers, done.count < engineCount {
      guard !deadline.hasPassed, free.wait(timeout: .now() + 5) == .success else {
        throw APIError.unavailable("all predictors of version \(number) are busy")
      }
      let engine = engines.withLock { engines in
        engines.firstIndex { !done.contains(ObjectIdentifier($0)) }.map { engines.remove(at: $0) }
      }
      guard let engine else {
        // Those that have not read it answer just now.
        free.signal()
        Thread.sleep(forTimeInterval: 0.001)
        continue
      }
      defer {
        engines.withLock { $0.append(engine) }
        free.signal()
      }
      if engine.memory != memory.checkpoint { try engine.scorer.adoptMemory(memory.state) }
      engine.memory = memory.checkpoint
      done.insert(ObjectIdentifier(engine))
    }
    if remembers { adopted.withLock { $0 = (memory.checkpoint, memory.savedAt) } }
  }

  var memory: (checkpoint: Int64, savedAt: Date)? { adopted.withLock { $0 } }

  /// Has each engine predict one row, so that memory is mapped before the first request.
  func warmUp() {
    engines.withLock { engines in
      for engine in engines {
        engine.intake.batch.count = 1
        engine.scorer.predict(engine.intake.batch)
      }
    }
  }
}
