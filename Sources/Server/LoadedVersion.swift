import Foundation
package import Pipelines
import Synchronization
import Tensors

/// A model version in memory, ready to answer. Requests hold on to the one they began with; the last of them frees it.
package final class LoadedVersion: Sendable {
  /// Rows that an engine takes at once: more are predicted in slices, on the slow lane.
  package static let sliceRows = 32

  let number: Int64
  let tally: Tally
  /// What it reads and answers.
  let description: ModelDescription
  private let pipeline: Pipeline
  private let engines: Mutex<[PredictionEngine]>
  private let free: DispatchSemaphore
  /// Made when it is first needed; nil while it is in use.
  private let bulk = Mutex<(desk: BulkDesk?, isMade: Bool)>((nil, false))

  /// What became of the requests; it outlives the version.
  final class Tally: Sendable {
    let version: Int64
    let requests = Atomic<Int64>(0)
    /// Answers held back because an output was not a number.
    let nonFinite = Atomic<Int64>(0)
    init(version: Int64) { self.version = version }
  }

  /// - Parameters:
  ///   - pipeline: Under the contract that the version was learned under.
  ///   - scorers: One for each thread that answers; at least one. Each takes `sliceRows` rows.
  package init(number: Int64, pipeline: Pipeline, scorers: [any RowScorer]) {
    precondition(!scorers.isEmpty, "a version answers with at least one scorer")
    self.number = number
    self.pipeline = pipeline
    description = ModelDescription(pipeline)
    tally = Tally(version: number)
    let capacity = min(Self.sliceRows, pipeline.serving.rowsMax)
    let engines = scorers.map { PredictionEngine(pipeline: pipeline, scorer: $0, capacity: capacity) }
    self.engines = Mutex(engines)
    free = DispatchSemaphore(value: engines.count)
  }

  /// Runs `body` with an engine of its own; waits for one where the slow lane has it for a slice.
  ///
  /// - Throws: `APIError` 503 when none comes free; what `body` throws.
  func withEngine<Result>(_ body: (PredictionEngine) throws -> Result) throws -> Result {
    guard free.wait(timeout: .now() + 5) == .success, let engine = engines.withLock({ $0.popLast() }) else {
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
