import Tensors

extension Network {
  /// Per row of the last batch: log loss, cross-entropy or, for regression, squared error in label units; NaN without a label.
  func losses(_ batch: FeatureBatch, into losses: UnsafeMutablePointer<Float>) {
    precondition(batch.count == count, "losses follow predict of the same batch")
    switch spec.task {
    case .binary:
      kernels.binaryLoss(
        rows: count, logits: logits.pointer, labels: batch.labels, probabilities: nil, gradient: nil, loss: losses)
    case .multiclass(let classes):
      kernels.softmaxLoss(
        rows: count, classes: classes, logits: logits, labels: batch.labels, probabilities: nil, gradient: nil,
        loss: losses)
    case .regression:
      for row in 0..<count {
        let error = outputs[row] - batch.labels[row]
        losses[row] = error * error
      }
    }
  }

  /// Gradient of the training loss (regression: half the squared error in standardised units) by logit, and the losses.
  /// Rows without a label get gradient 0 and loss NaN.
  func lossGradient(_ batch: FeatureBatch, gradient: Rows, losses: UnsafeMutablePointer<Float>) {
    switch spec.task {
    case .binary:
      kernels.binaryLoss(
        rows: count, logits: logits.pointer, labels: batch.labels, probabilities: nil, gradient: gradient.pointer,
        loss: losses)
    case .multiclass(let classes):
      kernels.softmaxLoss(
        rows: count, classes: classes, logits: logits, labels: batch.labels, probabilities: nil,
        gradient: gradient.pointer, loss: losses)
    case .regression:
      let mean = normalizer.labelMean
      let inverse = normalizer.labelInverse
      for row in 0..<count {
        let label = batch.labels[row]
        let target = Float((Double(label) - mean) * inverse)
        gradient.pointer[row] = label.isNaN ? 0 : logits.pointer[row] - target
        let error = outputs[row] - label
        losses[row] = error * error
      }
    }
  }
}
