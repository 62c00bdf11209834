import Tensors

/// What a head's logits mean: their task, loss and calibration. Logits become answers, and labels the gradient by the logits.
/// Buffers for a batch.
///
/// The weights are the head's; of parameters an objective has a temperature at most.
final class Objective {
  let spec: HeadSpec
  /// Its place among the heads, and so among a row's labels.
  let place: Int
  /// Logits a row.
  let outputCount: Int
  /// Answers a row: of one that learns as many as logits, 0 for each class that is not known yet; else of known ones alone.
  let answerWidth: Int
  /// The logits that stand for something: a class that is not known yet is in no sum, and learns nothing.
  private(set) var known: Int
  /// What the head gave, and the gradient by it.
  let logits, gradient: Rows
  /// Shape [capacity × answerWidth]: probabilities, or the value in label units; a count's is its rate.
  let outputs: AlignedBuffer<Float>
  /// Per row.
  let losses: AlignedBuffer<Float>

  let calibration: Calibration
  /// The loss as the kernels read it; nil: plain cross-entropy, which has kernels of its own.
  private(set) var formula: LossFormula?
  /// One label a row, and targets in the logits' unit.
  let labels, targets: AlignedBuffer<Float>
  /// Of several classes: with the stride of the logits.
  let probabilities: RowBuffer?

  /// - Parameters:
  ///   - place: Among the heads.
  ///   - temperature: Of the parameters; nil: none is learned.
  init(
    _ spec: HeadSpec, place: Int, logits: Rows, gradient: Rows, temperature: ParameterBlock?, capacity: Int,
    learns: Bool
  ) {
    self.spec = spec
    self.place = place
    outputCount = spec.outputCount
    known = spec.knownCount
    answerWidth = learns ? spec.outputCount : spec.knownCount
    (self.logits, self.gradient) = (logits, gradient)
    calibration = Calibration(spec, temperature, capacity: capacity)
    formula = LossFormula(spec, known: spec.knownCount)
    labels = AlignedBuffer(count: capacity)
    targets = AlignedBuffer(count: spec.standardizesLabel && learns ? capacity : 0)
    probabilities = outputCount == 1 ? nil : RowBuffer(capacity: capacity, width: outputCount)
    outputs = AlignedBuffer(count: capacity * answerWidth)
    losses = AlignedBuffer(count: learns ? capacity : 0)
  }

  /// Whether logits and answers of `row` are numbers.
  func isFinite(_ row: Int) -> Bool {
    let logits = logits.from(row)
    for output in 0..<outputCount where !logits[output].isFinite { return false }
    let outputs = outputs.pointer + row * answerWidth
    for output in 0..<answerWidth where !outputs[output].isFinite { return false }
    return true
  }

  /// A label such as the model has met, of the same class where there are classes.
  func usualLabel(near label: Float, _ normalizer: Normalizer) -> Float {
    switch spec.task {
    case .binary: label > 0.5 ? 1 : 0
    case .multiclass: label >= 0 && label < Float(outputCount) ? label : 0
    case .regression: spec.standardizesLabel ? Float(normalizer.label(place).mean) : label >= 0 ? min(1, label) : 0
    }
  }

  /// From now on so many classes are known. Of one that learns.
  func know(_ classes: Int) {
    precondition(answerWidth == outputCount && classes <= outputCount, "\(classes) classes of \(outputCount)")
    guard classes != known else { return }
    if classes < known {
      outputs.clear()
      for row in 0..<losses.count { gradient.from(row).update(repeating: 0, count: outputCount) }
    }
    known = classes
    formula = LossFormula(spec, known: classes)
  }
}
