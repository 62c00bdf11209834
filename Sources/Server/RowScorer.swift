import Learning
package import Tensors

/// What answers for the rows of a batch: a `Predictor`, or a test's stand-in. One thread at a time.
package protocol RowScorer: AnyObject {
  /// The primary head's outputs a row.
  var outputCount: Int { get }
  /// Of the last predicted batch, row-major: the primary head's.
  var outputs: UnsafeBufferPointer<Float> { get }
  /// The same of any head.
  func outputs(ofHead head: Int) -> UnsafeBufferPointer<Float>
  func predict(_ batch: FeatureBatch)
  func isFinite(row: Int) -> Bool
  /// Whether it reads what the stream says by key.
  var remembers: Bool { get }
  /// Reads this memory from now on.
  func adoptMemory(_ state: [UInt8]) throws
}

extension RowScorer {
  /// For those that remember nothing.
  package var remembers: Bool { false }
  package func adoptMemory(_ state: [UInt8]) throws {}

  /// For those that have one head.
  package func outputs(ofHead head: Int) -> UnsafeBufferPointer<Float> {
    precondition(head == 0, "there is no head \(head)")
    return outputs
  }
}

extension Predictor: RowScorer {}
