import Pipelines
import Tensors

/// One scorer with the memory it works in. The answering code takes one out of its version's pool, uses it on one
/// thread, and puts it back.
final class PredictionEngine: @unchecked Sendable {  // In the pool or in the hands of one thread, never both.
  let scorer: any RowScorer
  let intake: Intake
  let headCount: Int
  /// The checkpoint whose memory its scorer reads; nil: none yet.
  var memory: Int64?

  init(pipeline: Pipeline, scorer: any RowScorer, capacity: Int) {
    self.scorer = scorer
    headCount = pipeline.heads.count
    intake = Intake(pipeline: pipeline, capacity: capacity)
  }
}
