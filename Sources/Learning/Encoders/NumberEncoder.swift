import Tensors

/// The form of numbers.
struct NumberPlan: EncoderPlan {
  let width: Int

  init(_ spec: LearnerSpec) {
    width = spec.numbers.count + spec.numbers.count { $0.missingIndicator }
  }

  var isLearned: Bool { false }
  func makeEncoder(_ site: EncoderSite) -> any InputEncoder { NumberEncoder(site) }
}

/// Numbers, standardised by their running statistics, then indicators of those that are missing. It learns the statistics, and
/// with them those of labels that are values.
final class NumberEncoder: InputEncoder {
  private let spec: LearnerSpec
  private let normalizer: Normalizer
  private let x: Rows
  /// Columns are counted from the first of the numbers.
  private let indicators: [(number: Int, column: Int)]

  init(_ site: EncoderSite) {
    (spec, normalizer) = (site.model.spec, site.model.normalizer)
    x = site.x.column(site.columns.lowerBound)
    var column = spec.numbers.count
    var indicators: [(number: Int, column: Int)] = []
    for (number, input) in spec.numbers.enumerated() where input.missingIndicator {
      indicators.append((number, column))
      column += 1
    }
    self.indicators = indicators
  }

  func encode(_ context: LayerContext, _ batch: FeatureBatch) {
    precondition(
      batch.numberCount == normalizer.numberCount,
      "a batch with \(batch.numberCount) numbers a record is not of this model, which reads \(normalizer.numberCount)")
    normalizer.normalize(batch, into: x)
    for (number, column) in indicators {
      for row in 0..<batch.count {
        x.from(row)[column] =
          normalizer.isAbsent(batch.numbers[row * batch.numberCount + number], number) ? 1 : 0
      }
    }
  }

  func collect(
    _ context: LayerContext, _ batch: FeatureBatch, rows: Range<Int>, heads: [Head], into share: StepShare
  ) {
    normalizer.measure(batch, rows: rows, into: share)
    context.times?.lap("input", .input)
  }

  func learn(_ share: StepShare, step: Int64, _ optimizers: OptimizerGroups) { normalizer.learn(share, step: step) }

  func noteInputs(of batch: FeatureBatch, _ walk: WalkRecorder) {
    for (number, input) in spec.numbers.enumerated() {
      walk.note(
        "input", .input, feature: input.name, given: .number(batch.numbers[number]), x.pointer + number, 1)
    }
  }

  func makeUsual(_ batch: FeatureBatch) {
    for number in spec.numbers.indices { batch.numbers[number] = normalizer.usual(near: batch.numbers[number], number) }
  }

  func culprit(in batch: FeatureBatch, isSound: () -> Bool) -> String? {
    for (number, input) in spec.numbers.enumerated() where !batch.numbers[number].isNaN {
      let value = batch.numbers[number]
      batch.numbers[number] = .nan
      defer { batch.numbers[number] = value }
      if isSound() { return input.name }
    }
    return nil
  }
}
