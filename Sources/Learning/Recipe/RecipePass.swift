import Tensors

/// The way forward through a recipe, with room for a batch: what model and predictor share. One thread at a time.
final class RecipePass {
  let parameters: RecipeParameters
  let kernels: Kernels
  let capacity: Int
  let records: RecipeRecords
  /// Outputs a row and member, rounded up to whole lanes.
  let stride: Int
  /// Shape [capacity × members × DeepMember.valueCount].
  let values: AlignedBuffer<Float>
  /// Shape [capacity × members × stride].
  let outputs: AlignedBuffer<Float>
  /// Shape [capacity × stride].
  let logits: AlignedBuffer<Float>
  /// Shape [capacity × answerWidth].
  let answers: AlignedBuffer<Float>
  private let probabilities: AlignedBuffer<Float>
  /// Shape [capacity × spaces × places]: records as points.
  private let codes: AlignedBuffer<Int8>
  private let point: AlignedBuffer<Float>
  private let distances: AlignedBuffer<Int32>
  let answerWidth: Int
  /// Classes that are known, or 1.
  var known: Int
  private(set) var count = 0

  /// - Parameter learns: Answers for classes that are not known yet, too.
  init(_ parameters: RecipeParameters, capacity: Int, learns: Bool, kernels: Kernels) {
    (self.parameters, self.capacity, self.kernels) = (parameters, capacity, kernels)
    let form = parameters.form
    records = RecipeRecords(form, capacity: capacity)
    stride = paddedToLanes(form.outputs)
    let members = parameters.members.count
    values = AlignedBuffer(count: capacity * members * DeepMember.valueCount)
    outputs = AlignedBuffer(count: capacity * members * stride + 16)
    logits = AlignedBuffer(count: capacity * stride + 16)
    known = parameters.spec.heads[0].knownCount
    answerWidth = learns ? form.outputs : known
    answers = AlignedBuffer(count: capacity * answerWidth)
    probabilities = AlignedBuffer(count: form.task == .multiclass ? capacity * stride : 0)
    let isNear = parameters.ring.map { !$0.points.isEmpty } ?? false
    codes = AlignedBuffer(count: capacity * 2 * RecipePoints.places)
    point = AlignedBuffer(count: RecipePoints.places)
    distances = AlignedBuffer(count: isNear ? paddedToLanes(RecipeRing.recordsMax) : 0)
  }

  /// Encodes all rows by what is known before them, and answers them.
  func run(_ batch: FeatureBatch, _ memory: RecipeMemory) {
    precondition(batch.count <= capacity, "a batch of \(batch.count) records, where \(capacity) are the most")
    encode(batch, memory)
    look(batch, memory)
    answer()
  }

  /// Sends all rows forward by what is known before them.
  func look(_ batch: FeatureBatch, _ memory: RecipeMemory) {
    for row in 0..<count {
      forward(row, resting: false)
      findPoints(row, UnsafePointer(batch.numbers + row * batch.numberCount))
      findNear(row, resting: false, memory)
      sum(row, into: logits.pointer + row * stride)
    }
  }

  func encode(_ batch: FeatureBatch, _ memory: RecipeMemory) {
    count = batch.count
    for row in 0..<count { parameters.inputs.encode(batch, row: row, memory, into: records, at: row) }
  }

  @inline(__always)
  func values(_ row: Int, _ member: Int) -> UnsafeMutablePointer<Float> {
    values.pointer + (row * parameters.members.count + member) * DeepMember.valueCount
  }
  @inline(__always)
  func outputs(_ row: Int, _ member: Int) -> UnsafeMutablePointer<Float> {
    outputs.pointer + (row * parameters.members.count + member) * stride
  }

  /// The weighed sum of all members that do not rest.
  func sum(_ row: Int, into logits: UnsafeMutablePointer<Float>) {
    for output in 0..<parameters.form.outputs {
      var sum = 0.0
      for place in parameters.members.indices where !parameters.rests(place) {
        sum += parameters.worth.pointer[place] * Double(outputs(row, place)[output])
      }
      logits[output] = Float(sum)
    }
  }

  /// The record as a point in each space, after it went forward.
  private func findPoints(_ row: Int, _ numbers: UnsafePointer<Float>) {
    guard let ring = parameters.ring, !ring.points.isEmpty else { return }
    parameters.inputs.point(numbers, records, row, into: point.pointer)
    RecipePoints.code(point.pointer, into: codes(row))
    if let source = parameters.source {
      RecipePoints.code(values(row, source), into: codes(row) + RecipePoints.places)
    }
  }

  /// What its neighbours say, of members that rest or that do not.
  func findNear(_ row: Int, resting: Bool, _ memory: RecipeMemory) {
    guard let ring = parameters.ring, !ring.points.isEmpty else { return }
    findNear(row, in: .inputs, of: ring, resting: resting, memory)
    if parameters.source != nil { findNear(row, in: .learned, of: ring, resting: resting, memory) }
  }

  private func findNear(
    _ row: Int, in space: RecipeMember.Near.Space, of ring: RecipeRing, resting: Bool, _ memory: RecipeMemory
  ) {
    var plain, sharp: UnsafeMutablePointer<Float>?
    for (place, member) in parameters.members.enumerated() where parameters.rests(place) == resting {
      guard case .near(let near) = member, near.space == space else { continue }
      if near.isSharp { sharp = outputs(row, place) } else { plain = outputs(row, place) }
    }
    if plain == nil && sharp == nil { return }
    let known = RecipePoints.Labels(
      task: parameters.form.task, outputs: parameters.form.outputs, labels: ring.labelsPointer, stride: 2,
      memory: memory, center: parameters.labelMean, scale: parameters.labelScale)
    ring.points[space.rawValue].outputs(
      kernels, ring.count, near: codes(row) + space.rawValue * RecipePoints.places, known,
      distances: distances.pointer, plain: plain, sharp: sharp)
  }

  /// By space, the record as a point.
  @inline(__always)
  func codes(_ row: Int) -> UnsafeMutablePointer<Int8> { codes.pointer + row * 2 * RecipePoints.places }

  /// A record through members with weights: those alone that rest, or that do not, with whom neighbours need.
  func forward(_ row: Int, resting: Bool) {
    for (place, member) in parameters.members.enumerated() {
      guard place == parameters.source ? !resting : parameters.rests(place) == resting else { continue }
      switch member {
      case .deep(let deep):
        let inputs = parameters.plan[place].readsMemory ? records.count(row) : records.plain(row)
        deep.forward(
          kernels, count: inputs, records.rows(row), records.weights(row), values: values(row, place),
          out: outputs(row, place))
      case .wide(let wide): wide.forward(records, row, out: outputs(row, place))
      case .near: break
      }
    }
  }

  private func answer() {
    let form = parameters.form
    switch form.task {
    case .binary:
      kernels.binaryLoss(
        rows: count, logits: packed, labels: nil, probabilities: answers.pointer, gradient: nil, loss: nil)
    case .multiclass:
      if known > 0 {
        kernels.softmaxLoss(
          rows: count, classes: known,
          logits: Rows(logits.pointer, rows: capacity, width: form.outputs, stride: stride), labels: nil,
          probabilities: probabilities.pointer, gradient: nil, loss: nil)
      }
      for row in 0..<count {
        for output in 0..<answerWidth {
          answers[row * answerWidth + output] = output < known ? probabilities[row * stride + output] : 0
        }
      }
    case .regression:
      let (scale, mean) = (parameters.labelScale, parameters.labelMean)
      for row in 0..<count { answers[row] = Float(Double(logits[row * stride]) * scale + mean) }
    }
  }

  /// One logit a row, one behind the other.
  private var packed: UnsafePointer<Float> {
    for row in 0..<count { outputsOfOne[row] = logits[row * stride] }
    return UnsafePointer(outputsOfOne.pointer)
  }
  private lazy var outputsOfOne = AlignedBuffer<Float>(count: capacity + 16)

  /// Whether logits and answers of a row are numbers.
  func isFinite(_ row: Int) -> Bool {
    for output in 0..<known where !logits[row * stride + output].isFinite { return false }
    for output in 0..<min(known, answerWidth) where !answers[row * answerWidth + output].isFinite { return false }
    return true
  }
}

extension RecipePass {
  /// Per row of the batch that was answered last: the log loss, or the squared error; NaN without a label.
  func measure(_ batch: FeatureBatch, into losses: UnsafeMutablePointer<Float>) {
    for row in 0..<count {
      let label = batch.labels + row * batch.labelCount
      if parameters.form.task == .regression {
        // The square of a wild error is as large as can be, and a number.
        let error = Double(label.pointee) - Double(answers[row])
        losses[row] = Float(min(error * error, Double(Float.greatestFiniteMagnitude)))
        continue
      }
      let logits = self.logits.pointer + row * stride
      if parameters.form.task == .binary {
        kernels.binaryLoss(
          rows: 1, logits: logits, labels: label, probabilities: nil, gradient: nil, loss: losses + row)
      } else {
        kernels.softmaxLoss(
          rows: 1, classes: max(1, known),
          logits: Rows(logits, rows: 1, width: parameters.form.outputs, stride: stride), labels: label,
          probabilities: nil, gradient: nil, loss: losses + row)
      }
    }
  }
}
