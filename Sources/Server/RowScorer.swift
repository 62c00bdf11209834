import Learning
import Tensors

/// What answers for the rows of a batch: a `Predictor`, or a test's stand-in. One thread at a time.
package protocol RowScorer: AnyObject {
  /// Outputs a row.
  var outputCount: Int { get }
  /// Of the last predicted batch, row-major.
  var outputs: UnsafeBufferPointer<Float> { get }
  func predict(_ batch: FeatureBatch)
  func isFinite(row: Int) -> Bool
}

extension Predictor: RowScorer {}
