import Pipelines
import Synchronization

/// A model version in memory, ready to answer. Requests hold on to the one they began with; the last of them frees it.
package final class LoadedVersion: Sendable {
  let number: Int64
  let tally: Tally
  private let engines: Mutex<[PredictionEngine]>

  /// What became of the requests; it outlives the version.
  final class Tally: Sendable {
    let version: Int64
    let requests = Atomic<Int64>(0)
    /// Answers held back because an output was not a number.
    let nonFinite = Atomic<Int64>(0)
    init(version: Int64) { self.version = version }
  }

  /// - Parameter scorers: One for each thread that answers; at least one.
  package init(number: Int64, pipeline: Pipeline, scorers: [any RowScorer]) {
    precondition(!scorers.isEmpty, "a version answers with at least one scorer")
    self.number = number
    tally = Tally(version: number)
    let engines = scorers.map { PredictionEngine(pipeline: pipeline, scorer: $0) }
    self.engines = Mutex(engines)
  }

  /// Runs `body` with an engine of its own.
  ///
  /// - Throws: `APIError` 503 when more threads ask than there are engines; what `body` throws.
  func withEngine<Result>(_ body: (PredictionEngine) throws -> Result) throws -> Result {
    guard let engine = engines.withLock({ $0.popLast() }) else {
      throw APIError.unavailable("all predictors of version \(number) are busy")
    }
    defer { engines.withLock { $0.append(engine) } }
    return try body(engine)
  }

  /// Has each engine predict one row, so that memory is mapped before the first request.
  func warmUp() {
    engines.withLock { engines in
      for engine in engines {
        engine.batch.count = 1
        engine.scorer.predict(engine.batch)
      }
    }
  }
}
