import Health
package import Tensors
import Vocabulary

/// How much a model's answers hang on little: measures M10, answers that flip where numbers change a little, and M6, what its
/// loss would be with weights in eight bits.
///
/// The change that is meant: each number that is standardised moves by `move` of its standard deviation, up or down as a seed
/// says, all of a record's at once; categories, texts and what is remembered stay. That is noise in what is measured, or two
/// systems that round otherwise; it is no attack, which would choose the worst direction.
package struct AnswerProbe: Sendable, Hashable {
  /// Of a number's standard deviation.
  package static let move: Float = 0.1
  /// A value flips where it moves by more than this share of the answers' own standard deviation.
  package static let valueShare: Double = 0.1

  /// Records whose answers were compared, and of how many the answer was another: another class, or another value.
  package private(set) var records = 0
  package private(set) var flipped = 0
  /// Σ loss of those that have a label, as the model is, and with weights in eight bits.
  package private(set) var labelled = 0
  package private(set) var loss = 0.0
  package private(set) var lossInBytes = 0.0

  package init() {}

  /// - Parameters:
  ///   - model: Its weights are rounded by this: of nobody else.
  ///   - memory: Of the lineage, encoded; nil: nothing is remembered.
  ///   - batch: Records as the model reads them; their numbers are changed and set back.
  /// - Throws: `LearningError` on a damaged memory.
  package init(_ model: FrozenModel, memory: [UInt8]?, _ batch: FeatureBatch) throws {
    guard batch.count > 0 else { return }
    let predictor = try Self.predictor(model, memory, batch)
    let (rows, width) = (batch.count, predictor.outputCount)
    // No class was met yet: there is no answer that could be another.
    guard width > 0 else { return }
    predictor.predict(batch)
    let answers = Array(predictor.outputs)
    let losses = AlignedBuffer<Float>(count: rows)
    predictor.losses(batch, into: losses.pointer)
    let before = Array(losses.buffer)

    let numbers = Array(UnsafeBufferPointer(start: batch.numbers, count: rows * batch.numberCount))
    Self.move(batch, model)
    predictor.predict(batch)
    let isFlipped = Self.comparison(model.spec.heads[0].task, of: answers)
    (records, flipped) = (rows, 0)
    withExtendedLifetime(predictor) {
      for row in 0..<rows {
        let stretch = (row * width)..<((row + 1) * width)
        if isFlipped(answers[stretch], predictor.outputs[stretch]) { flipped += 1 }
      }
    }
    batch.numbers.update(from: numbers, count: numbers.count)

    model.roundToBytes()
    // Tables of products may be made of the weights when a predictor is.
    let rounded = try Self.predictor(model, memory, batch)
    rounded.predict(batch)
    rounded.losses(batch, into: losses.pointer)
    for row in 0..<rows where batch.teaches(row) && before[row].isFinite && losses[row].isFinite {
      labelled += 1
      loss += Double(before[row])
      lossInBytes += Double(losses[row])
    }
  }

  private static func predictor(
    _ model: FrozenModel, _ memory: [UInt8]?, _ batch: FeatureBatch
  ) throws -> Predictor {
    let predictor = Predictor(model, batchCapacity: batch.capacity)
    if let memory { try predictor.adoptMemory(memory) }
    return predictor
  }

  private static func move(_ batch: FeatureBatch, _ model: FrozenModel) {
    let scales = Dictionary(model.numberScales.map { ($0.feature, $0.deviation) }) { first, _ in first }
    for (column, number) in model.spec.inputs.numbers.enumerated() {
      guard let deviation = scales[number.name], deviation.isFinite, deviation > 0 else { continue }
      let step = Float(deviation) * move
      for row in 0..<batch.count {
        var random = SplitMix64(seed: batch.keys[row] ^ UInt64(column))
        batch.numbers[row * batch.numberCount + column] += random.next() & 1 == 0 ? step : -step
      }
    }
  }

  /// Whether an answer is another one than it was.
  private static func comparison(
    _ task: LearnerSpec.Task, of answers: [Float]
  ) -> (ArraySlice<Float>, Slice<UnsafeBufferPointer<Float>>) -> Bool {
    switch task {
    case .binary: return { ($0.first ?? 0 >= 0.5) != ($1.first ?? 0 >= 0.5) }
    case .multiclass:
      return { one, other in
        one.indices.max { one[$0] < one[$1] }.map { $0 - one.startIndex }
          != other.indices.max { other[$0] < other[$1] }.map { $0 - other.startIndex }
      }
    case .regression:
      let mean = answers.reduce(0) { $0 + Double($1) } / Double(answers.count)
      let square = answers.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(answers.count)
      let bound = valueShare * square.squareRoot()
      return { abs(Double(($0.first ?? 0) - ($1.first ?? 0))) > bound }
    }
  }

  /// What was seen before counts half as much each time: so much is looked at that a share means something.
  package mutating func add(_ other: AnswerProbe) {
    records += other.records
    flipped += other.flipped
    labelled += other.labelled
    loss += other.loss
    lossInBytes += other.lossInBytes
    guard records > Self.recordsMax else { return }
    records /= 2
    flipped /= 2
    labelled /= 2
    loss /= 2
    lossInBytes /= 2
  }

  /// The newest so many records count.
  private static let recordsMax = 8192

  /// M10, 0 … 1; nil: nothing was compared.
  package var flippedShare: Double? { records > 0 ? Double(flipped) / Double(records) : nil }
  /// M6: by how much of itself the loss is larger with weights in eight bits; nil: nothing says.
  package var byteLossRise: Double? { labelled > 0 && loss > 0 ? (lossInBytes - loss) / loss : nil }
}
