public import Tensors

extension Learner {
  /// The rows of `batch` that alone give a NaN or an infinity on the way forward or back, or a gradient so large that the
  /// sum over a whole step overflows, with the layer that shows it first and the input that causes it. Where the row would
  /// do so with usual values in the place of its own, the model is to blame, and the row is not among them.
  ///
  /// Runs each row by itself over the learner's buffers: outputs, gradients and health counts of the step in hand are
  /// lost, parameters, statistics and earlier counts stay. An input is named where the row is sound without it.
  public func nonFiniteRows(in batch: FeatureBatch) -> [NonFiniteRow] {
    withArithmeticMode {
      defer { discardStep() }
      let single = makeSingle(batch)
      var found: [NonFiniteRow] = []
      for row in 0..<batch.count {
        single.copyRow(row, of: batch, to: 0)
        if let finding = finding(single, walked(single, .soundness), row: row) { found.append(finding) }
      }
      return found
    }
  }

  /// A record's way through the model, stage by stage, as `nonFiniteRows` looks at it: the same kernels and the same order.
  ///
  /// What is lost and what stays is as there.
  ///
  /// - Parameter row: Of `batch`.
  public func walk(_ row: Int, of batch: FeatureBatch) -> RecordWalk {
    withArithmeticMode {
      defer { discardStep() }
      let single = makeSingle(batch)
      single.copyRow(row, of: batch, to: 0)
      let recorder = walked(single, .stages)
      let finding = finding(single, recorder, row: row)
      return RecordWalk(
        stages: recorder.stages, finding: finding, isModelToBlame: finding == nil && !isSound(recorder, single))
    }
  }

  /// Learns a record alone, as the only one of a step, where the step would be taken: what became of it, and the parameters
  /// then. For a learner of one's own, whose state is of no further use.
  public func walkUpdate(_ row: Int, of batch: FeatureBatch) -> (update: Update, stages: [WalkStage]) {
    summation = .whole
    let single = makeSingle(batch)
    single.copyRow(row, of: batch, to: 0)
    predict(single)
    let local = backward(single, parts: nil)
    absorbOwn()
    let update = apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum)
    if !update.isFinite { discardStep() }
    let recorder = WalkRecorder(.stages)
    for segment in network.layout.segments {
      recorder.note(segment.name, .updated, segment.blocks, in: network.parameters.pointer)
    }
    return (update, recorder.stages)
  }

  private func makeSingle(_ batch: FeatureBatch) -> FeatureBatch {
    let single = spec.makeBatch(capacity: 1, weighsRecords: batch.weights != nil)
    single.count = 1
    return single
  }

  /// Sends the one row of `single` forward and, where it has a label, back.
  private func walked(_ single: FeatureBatch, _ interest: WalkRecorder.Interest) -> WalkRecorder {
    let recorder = WalkRecorder(interest)
    network.walk = recorder
    defer { network.walk = nil }
    network.forward(single, countsHealth: false)
    if network.isFinite(0) || interest == .stages, !single.labels[0].isNaN {
      _ = back.run(single, parts: nil, dropoutSeed: dropoutSeed)
    }
    return recorder
  }

  private func isSound(_ recorder: WalkRecorder, _ single: FeatureBatch) -> Bool {
    recorder.isSound && !isSteep(recorder, single)
  }

  /// Whether the gradient of the row is larger than an update may be; nil where clipping sees to that.
  private func isSteep(_ recorder: WalkRecorder, _ single: FeatureBatch) -> Bool {
    let clipping = spec.optimizers.clipping
    guard clipping.globalNorm == nil, clipping.layerNorm == nil, clipping.value == nil else { return false }
    // The step is divided by the sum of the weights: no mean is larger than the largest of what it is of.
    let weight = single.weights.map { Double($0[0]) } ?? 1
    return recorder.squares.squareRoot() > Self.gradientMost / 2 * min(1, max(weight, 0))
  }

  private func finding(_ single: FeatureBatch, _ recorder: WalkRecorder, row: Int) -> NonFiniteRow? {
    guard !isSound(recorder, single), isToBlame(single) else { return nil }
    let isLarge = !recorder.isSpoiled
    let place =
      isLarge ? recorder.large ?? recorder.steepest.map { ($0.layer, $0.feature) } : recorder.first
    return NonFiniteRow(
      row: row, layer: place?.layer ?? "output", feature: place?.feature ?? culprit(single), isLarge: isLarge)
  }

  /// The weights of a model that works, and what it makes of usual values, are smaller by far: beyond, squares are no numbers.
  private static let usualMost: Float = 1e18

  /// Whether the row is sound once its own values are usual ones: those of numbers, pairs, labels and weight. What a category
  /// looks up is the model's.
  private func isToBlame(_ single: FeatureBatch) -> Bool {
    guard network.normalizer.running.isFinite else { return false }
    for index in 0..<network.layout.count where !(abs(network.parameters[index]) <= Self.usualMost) { return false }
    for place in network.heads.indices {
      let label = network.normalizer.label(place)
      guard max(abs(label.mean), label.deviation) <= Double(Self.usualMost) else { return false }
    }
    let usual = makeSingle(single)
    usual.copyRow(0, of: single, to: 0)
    for encoder in network.encoders { encoder.makeUsual(usual) }
    for (place, head) in network.heads.enumerated() {
      // Without a label nothing would go back.
      usual.labels[place] = head.objective.usualLabel(near: usual.labels[place], network.normalizer)
    }
    if let weights = usual.weights, !(weights[0] >= 0 && weights[0] <= 1) { weights[0] = 1 }
    let recorder = walked(usual, .sizes)
    return isSound(recorder, usual) && recorder.largest <= Double(Self.usualMost)
  }

  /// The input without which the row is sound; nil: none alone.
  private func culprit(_ batch: FeatureBatch) -> String? {
    for encoder in network.encoders {
      let input = encoder.culprit(in: batch) { isSound(walked(batch, .soundness), batch) }
      if let input { return input }
    }
    return nil
  }
}
