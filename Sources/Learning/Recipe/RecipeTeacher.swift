import Tensors
import Vocabulary

/// How a recipe learns: record by record, in their order. All ranks learn all records, so that all hold the same bits whoever
/// read them. One thread at a time.
final class RecipeTeacher {
  let parameters: RecipeParameters
  private let kernels: Kernels
  /// Classes that are known, or 1.
  var known: Int
  /// What learning rates are multiplied by.
  var rateScale = 1.0

  private let logits, gradient, target, outputs, values, scratch: AlignedBuffer<Float>
  private let code = AlignedBuffer<Int8>(count: RecipePoints.places)
  private let huber = LossFormula(.huber(delta: 1))
  private let stride: Int
  /// By member: whether it learns the record in hand.
  private var learners: [Bool]

  /// Of the gradient of a record that is learned again.
  private static let replayWeight: Float = 0.3
  /// A record outweighs no more than so many others.
  static let weightMost: Float = 100
  private static let worthRate = 0.02
  private static let worthDecay = 0.999

  init(_ parameters: RecipeParameters, known: Int, kernels: Kernels) {
    (self.parameters, self.known, self.kernels) = (parameters, known, kernels)
    let form = parameters.form
    stride = paddedToLanes(form.outputs)
    learners = Array(repeating: true, count: parameters.members.count)
    logits = AlignedBuffer(count: stride + 16)
    gradient = AlignedBuffer(count: stride + 16)
    outputs = AlignedBuffer(count: stride + 16)
    target = AlignedBuffer(count: 16)
    values = AlignedBuffer(count: DeepMember.valueCount)
    scratch = AlignedBuffer(count: 2 * (paddedToLanes(form.inputsMax) + form.crossesMax) + 64)
  }

  /// A record without a label, or before its label is learned: what it says of its inputs.
  func see(_ pass: RecipePass, _ place: Int, _ numbers: UnsafePointer<Float>, _ memory: RecipeMemory) {
    parameters.inputs.see(numbers, pass.records, place, memory)
  }

  /// Learns a record that `pass` has encoded.
  ///
  /// - Parameters:
  ///   - isFresh: `pass` has sent it forward by the parameters as they are.
  ///   - numbers: The record's.
  /// - Returns: The squared norm of the gradient by the logits.
  func learn(
    _ pass: RecipePass, _ place: Int, numbers: UnsafePointer<Float>, label: Float, weight: Float, isFresh: Bool,
    _ memory: RecipeMemory
  ) -> Double {
    let (records, inputs) = (pass.records, parameters.inputs)
    let weight = min(weight, Self.weightMost)
    let isRegression = parameters.form.task == .regression
    let label = parameters.held(label)
    // By the rows that there were before: a value that is new weighs nothing yet, whether this is the first look or another.
    // What its neighbours say is as it was before the step.
    if !isFresh { pass.forward(place, resting: false) }
    pass.sum(place, into: logits.pointer)
    let looks = parameters.looks
    if looks {
      pass.forward(place, resting: true)
      pass.findNear(place, resting: true, memory)
    }
    let before = isRegression ? (label - parameters.labelMean) / parameters.labelScale : label
    derive(logits.pointer, target: Float(before), weight: weight)
    var squares = 0.0
    for output in 0..<parameters.form.outputs {
      squares += Double(gradient.pointer[output]) * Double(gradient.pointer[output])
    }
    guard squares.isFinite else { return squares }
    // Which members rest is decided before any has moved.
    for number in learners.indices { learners[number] = looks || !parameters.rests(number) }
    weigh(pass, place)
    parameters.reserve(records.count(place))
    inputs.addRows(records, place)
    if isRegression { parameters.see(label: label) }
    inputs.see(numbers, records, place, memory)
    memory.makeRoom()
    inputs.remember(label, records, place, in: memory)
    let after = isRegression ? (label - parameters.labelMean) / parameters.labelScale : label
    for (number, member) in parameters.members.enumerated() where learners[number] {
      if case .near = member { continue }
      derive(pass.outputs(place, number), target: Float(after), weight: weight)
      switch member {
      case .deep(let deep):
        let count = parameters.plan[number].readsMemory ? records.count(place) : records.plain(place)
        deep.learn(
          kernels, count: count, records.rows(place), records.weights(place), values: pass.values(place, number),
          gradient: gradient.pointer, scale: rateScale, scratch: scratch.pointer)
      case .wide(let wide):
        wide.learn(records, place, gradient: gradient.pointer, scale: rateScale, scratch: scratch.pointer)
      case .near: break
      }
    }
    if let ring = parameters.ring {
      replay(ring)
      ring.store(records, place, label: Float(label), weight: weight, codes: pass.codes(place))
    }
    parameters.learned += 1
    return squares
  }

  /// Moves what members are worth along the loss of their weighed sum.
  ///
  /// - Source: the diagonal step of Duchi, Hazan & Singer 2011, with sums that decay.
  private func weigh(_ pass: RecipePass, _ place: Int) {
    let total = parameters.worth.buffer.reduce(0) { $0 + abs($1) }
    for member in parameters.members.indices where learners[member] {
      let outputs = pass.outputs(place, member)
      var slope = 0.0
      for output in 0..<parameters.form.outputs {
        slope += Double(gradient.pointer[output]) * Double(outputs[output])
      }
      let moved = Self.worthDecay * parameters.moved.pointer[member] + slope * slope
      parameters.moved.pointer[member] = moved
      let worth = parameters.worth.pointer[member] - Self.worthRate * rateScale * slope / moved.squareRoot()
      parameters.worth.pointer[member] = worth
      // Somebody has to be worth something: the others.
      let isIdle = abs(worth) < RecipeParameters.worthLeast && total > 0.5
      parameters.idle.pointer[member] = isIdle ? parameters.idle.pointer[member] + 1 : 0
    }
  }

  /// Deep members learn records of the ring again, each of its own draw: which ones is a matter of how many were learned.
  private func replay(_ ring: RecipeRing) {
    let have = UInt64(ring.count)
    guard have > 0 else { return }
    var random = SplitMix64(
      seed: parameters.form.salt &+ UInt64(bitPattern: parameters.learned) &* 0xd134_2543_de82_ef95)
    let most = parameters.plan.reduce(0) { max($0, $1.replays) }
    let (mean, scale) = (parameters.labelMean, parameters.labelScale)
    for number in 0..<most {
      let slot = Int(random.next() % have)
      let label =
        parameters.form.task == .regression ? Float((Double(ring.label(slot)) - mean) / scale) : ring.label(slot)
      for (place, member) in parameters.members.enumerated()
      where learners[place] && number < parameters.plan[place].replays {
        guard case .deep(let deep) = member else { continue }
        let count = ring.inputs(slot, withMemory: parameters.plan[place].readsMemory)
        deep.forward(
          kernels, count: count, ring.rows(slot), ring.weights(slot), values: values.pointer, out: outputs.pointer)
        if place == parameters.source {
          // Its place in the learned space, brought up to date for nothing.
          RecipePoints.code(values.pointer, into: code.pointer)
          ring.points[RecipeMember.Near.Space.learned.rawValue].put(code.pointer, at: slot)
        }
        derive(outputs.pointer, target: label, weight: Self.replayWeight * ring.weight(slot))
        deep.learn(
          kernels, count: count, ring.rows(slot), ring.weights(slot), values: values.pointer,
          gradient: gradient.pointer, scale: rateScale, scratch: scratch.pointer)
      }
    }
  }

  /// The gradient of log loss, or of Huber's with δ = 1, by the outputs.
  private func derive(_ outputs: UnsafeMutablePointer<Float>, target value: Float, weight: Float) {
    let form = parameters.form
    target[0] = value
    switch form.task {
    case .binary:
      kernels.binaryLoss(
        rows: 1, logits: outputs, labels: target.pointer, probabilities: nil, gradient: gradient.pointer, loss: nil)
    case .multiclass:
      kernels.softmaxLoss(
        rows: 1, classes: known, logits: Rows(outputs, rows: 1, width: form.outputs, stride: stride),
        labels: target.pointer, probabilities: nil, gradient: gradient.pointer, loss: nil)
    case .regression:
      kernels.logitLoss(
        huber, rows: 1, logits: outputs, labels: target.pointer, answers: nil, gradient: gradient.pointer, loss: nil)
    }
    if weight != 1 { for output in 0..<form.outputs { gradient.pointer[output] *= weight } }
  }
}
