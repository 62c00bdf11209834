package import Evaluation
package import Tensors

/// One rank's part of what a further head loses in a step.
package struct HeadShare: BitwiseCopyable {
  package var records: UInt32 = 0
  /// Each times its record's weight.
  package var lossSum: Double = 0
  /// Sum of their weights.
  package var weight: Double = 0

  package init() {}

  /// The losses of a batch's rows that have the head's label.
  ///
  /// - Parameters:
  ///   - outputs: Shape [rows × task.outputCount].
  ///   - head: Its place among the labels.
  package init(_ task: EvaluationTask, outputs: UnsafePointer<Float>, head: Int, of batch: FeatureBatch) {
    for row in 0..<batch.count {
      let label = batch.labels[row * batch.labelCount + head]
      guard !label.isNaN else { continue }
      let loss = task.loss(outputs: outputs + row * task.outputCount, label: label)
      guard loss.isFinite else { continue }
      let own = batch.weights.map { Double($0[row]) } ?? 1
      records += 1
      lossSum += own * loss
      weight += own
    }
  }
}
