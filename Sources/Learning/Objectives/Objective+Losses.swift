import Tensors

extension LossFormula {
  /// nil: plain cross-entropy.
  ///
  /// - Parameter known: Outputs that stand for a class.
  convenience init?(_ head: HeadSpec, known: Int) {
    let classes = max(2, known)
    switch head.loss {
    case .crossEntropy:
      if head.classWeights.isEmpty && head.labelSmoothing == 0 { return nil }
      self.init(.crossEntropy, classes: classes, weights: head.classWeights, smoothing: head.labelSmoothing)
    case .focal(let gamma): self.init(.focal(gamma: gamma), classes: classes, weights: head.classWeights)
    case .squared: self.init(.squared)
    case .huber(let delta): self.init(.huber(delta: delta))
    case .quantile(let level): self.init(.quantile(level: level))
    case .poisson: self.init(.poisson)
    }
  }
}

extension Objective {
  /// Logits become probabilities, or values in label units.
  func answer(_ context: LayerContext, rows: Int, _ normalizer: Normalizer) {
    let kernels = context.kernels
    switch spec.task {
    case .binary:
      kernels.binaryLoss(
        rows: rows, logits: calibration.cooled(context, logits, rows: rows, outputs: 1).pointer, labels: nil,
        probabilities: outputs.pointer, gradient: nil, loss: nil)
    case .multiclass:
      guard let probabilities, known > 0 else { return }
      kernels.softmaxLoss(
        rows: rows, classes: known, logits: calibration.cooled(context, logits, rows: rows, outputs: known),
        labels: nil, probabilities: probabilities.rows.pointer, gradient: nil, loss: nil)
      for row in 0..<rows {
        (outputs.pointer + row * answerWidth).update(from: probabilities.rows.from(row), count: known)
      }
    case .regression where spec.loss == .poisson:
      guard let formula else { return }
      kernels.logitLoss(
        formula, rows: rows, logits: logits.pointer, labels: nil, answers: outputs.pointer, gradient: nil, loss: nil)
    case .regression:
      let label = normalizer.label(place)
      for row in 0..<rows { outputs[row] = Float(label.mean + label.deviation * Double(logits.pointer[row])) }
    }
  }

  /// One label a row, together; NaN: the row teaches this head nothing.
  func labels(of batch: FeatureBatch) -> UnsafePointer<Float> {
    let count = batch.labelCount
    if count == 1 && place == 0 { return UnsafePointer(batch.labels) }
    precondition(place < count, "a batch with \(count) labels a row has none for head \(place)")
    for row in 0..<batch.count {
      let all = batch.labels + row * count
      labels[row] = all[0].isNaN ? .nan : all[place]
    }
    return UnsafePointer(labels.pointer)
  }

  /// Per row of the last batch: the loss that the head learns by, of a value in label units; NaN without a label.
  func losses(_ kernels: Kernels, _ batch: FeatureBatch, into losses: UnsafeMutablePointer<Float>) {
    let labels = labels(of: batch)
    if spec.standardizesLabel {
      valueLosses(kernels, batch.count, labels, into: losses)
    } else {
      logitLosses(kernels, batch.count, labels, gradient: nil, into: losses)
    }
  }

  /// Gradient of the training loss by logit (of values: in standardised units), times the head's weight and the record's,
  /// and the losses, which are the records' own. Rows without a label get gradient 0 and loss NaN.
  func lossGradient(_ kernels: Kernels, _ batch: FeatureBatch, _ normalizer: Normalizer) {
    let rows = batch.count
    let labels = labels(of: batch)
    if spec.standardizesLabel, let formula {
      let label = normalizer.label(place)
      for row in 0..<rows { targets[row] = label.target(labels[row]) }
      // In standard deviations, as logits and targets are.
      if case .huber(let delta) = spec.loss { formula.bound = Float(Double(delta) * label.inverse) }
      kernels.logitLoss(
        formula, rows: rows, logits: logits.pointer, labels: targets.pointer, answers: nil,
        gradient: gradient.pointer, loss: nil)
      valueLosses(kernels, rows, labels, into: self.losses.pointer)
    } else {
      logitLosses(kernels, rows, labels, gradient: gradient.pointer, into: self.losses.pointer)
    }
    if let weights = batch.weights {
      for row in 0..<rows { scaleGradient(row, by: labels[row].isNaN ? 0 : spec.weight * weights[row]) }
    } else if spec.weight != 1 {
      for row in 0..<rows { scaleGradient(row, by: spec.weight) }
    }
  }

  /// By 0: a gradient that is no number is gone too.
  @inline(__always)
  private func scaleGradient(_ row: Int, by scale: Float) {
    let gradient = gradient.from(row)
    for output in 0..<outputCount { gradient[output] = scale == 0 ? 0 : gradient[output] * scale }
  }

  /// Losses of classes and counts, from the logits.
  private func logitLosses(
    _ kernels: Kernels, _ rows: Int, _ labels: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>?,
    into losses: UnsafeMutablePointer<Float>
  ) {
    let classes = known
    if outputCount > 1, classes < 2 {
      // What is the only class is no question: nothing to lose, nothing to learn.
      for row in 0..<rows {
        losses[row] = labels[row].isNaN ? .nan : 0
        if gradient != nil { self.gradient.from(row).update(repeating: 0, count: outputCount) }
      }
      return
    }
    switch (formula, classes) {
    case (nil, 1):
      kernels.binaryLoss(
        rows: rows, logits: logits.pointer, labels: labels, probabilities: nil, gradient: gradient, loss: losses)
    case (nil, _):
      kernels.softmaxLoss(
        rows: rows, classes: classes, logits: logits, labels: labels, probabilities: nil, gradient: gradient,
        loss: losses)
    case (let formula?, 1):
      kernels.logitLoss(
        formula, rows: rows, logits: logits.pointer, labels: labels, answers: nil, gradient: gradient, loss: losses)
    case (let formula?, _):
      kernels.classLoss(
        formula, rows: rows, classes: classes, logits: logits, labels: labels, gradient: gradient, loss: losses)
    }
  }

  /// Losses of values, from the answers, in label units; squared error is not halved.
  private func valueLosses(
    _ kernels: Kernels, _ rows: Int, _ labels: UnsafePointer<Float>, into losses: UnsafeMutablePointer<Float>
  ) {
    guard let formula, spec.loss != .squared else {
      for row in 0..<rows {
        let error = outputs[row] - labels[row]
        losses[row] = error * error
      }
      return
    }
    if case .huber(let delta) = spec.loss { formula.bound = delta }
    kernels.logitLoss(
      formula, rows: rows, logits: outputs.pointer, labels: labels, answers: nil, gradient: nil, loss: losses)
  }
}
