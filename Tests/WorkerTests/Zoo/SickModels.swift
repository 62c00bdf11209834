import Learning
import Tensors
import Vocabulary

/// The gradient of a layer is lost.
final class DetachedLayer: ForwardingModel {
  var layer = "output"
  private lazy var places = indices(of: layer)

  convenience init(_ learner: Learner, _ layer: String) {
    self.init(learner)
    self.layer = layer
  }

  override func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update {
    for place in places { denseGradient[place] = 0 }
    return super.apply(labelled: labelled, weight: weight, lossSum: lossSum)
  }
}

/// A layer's update does not stay, though it is said to be made.
final class FrozenLayer: ForwardingModel {
  private lazy var places = indices(of: "hidden_2")

  override func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update {
    let parameters = learner.network.parameters
    let before = places.map { parameters[$0] }
    defer { for (place, value) in zip(places, before) { parameters[place] = value } }
    return super.apply(labelled: labelled, weight: weight, lossSum: lossSum)
  }
}

final class WrongSign: ForwardingModel {
  override func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update {
    for place in denseGradient.indices { denseGradient[place].negate() }
    let rows = learner.merged.rows
    for place in 0..<rows.valueCount { rows.values[place].negate() }
    return super.apply(labelled: labelled, weight: weight, lossSum: lossSum)
  }
}

final class WrongRate: ForwardingModel {
  var factor = 1.0

  convenience init(_ learner: Learner, times factor: Double) {
    self.init(learner)
    self.factor = factor
  }

  override var rateScale: Double {
    get { super.rateScale / factor }
    set { super.rateScale = newValue * factor }
  }
}

/// A sum of gradients is taken for a mean.
final class NotDivided: ForwardingModel {
  override func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update {
    super.apply(labelled: labelled, weight: 1, lossSum: lossSum)
  }
}

/// All weights shrink with each step, however small the gradient.
final class GreatDecay: ForwardingModel {
  override func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update {
    defer { for place in 0..<learner.network.parameters.count { learner.network.parameters[place] *= 0.95 } }
    return super.apply(labelled: labelled, weight: weight, lossSum: lossSum)
  }
}

/// The optimiser forgets after each step what it knew.
final class ForgetfulOptimizer: ForwardingModel {
  override func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update {
    defer { for optimizer in learner.optimizers.all { for buffer in optimizer.buffers { buffer.clear() } } }
    return super.apply(labelled: labelled, weight: weight, lossSum: lossSum)
  }
}

/// Mean and deviation of the numbers stay as they were.
final class FrozenNormalizer: ForwardingModel {
  override func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update {
    let (normalizer, running) = (learner.network.normalizer, learner.network.normalizer.running)
    let buffers = [running.count, running.mean, running.squares]
    let before = buffers.map { Array($0.buffer) }
    defer {
      for (buffer, values) in zip(buffers, before) { for place in values.indices { buffer[place] = values[place] } }
      normalizer.refresh()
    }
    return super.apply(labelled: labelled, weight: weight, lossSum: lossSum)
  }
}

/// Mean and deviation of the numbers are lost once.
final class ResetNormalizer: ForwardingModel {
  required init(_ learner: Learner) {
    super.init(learner)
    let running = learner.network.normalizer.running
    for buffer in [running.count, running.mean, running.squares] { buffer.clear() }
    learner.network.normalizer.refresh()
  }
}

/// Half of the units of the last layer are dropped while it answers, others each time.
final class DropsWhileAnswering: ForwardingModel {
  private lazy var answers = AlignedBuffer<Float>(count: learner.batchCapacity * outputCount)
  private var random = SplitMix64(seed: 5)
  private lazy var places = indices(of: "output")

  override func predict(_ batch: FeatureBatch) {
    let parameters = learner.network.parameters
    let before = places.map { parameters[$0] }
    // The last one is the bias.
    for place in places.dropLast() { parameters[place] *= random.next() % 2 == 0 ? 0 : 2 }
    super.predict(batch)
    for (place, answer) in super.outputs.enumerated() { answers[place] = answer }
    for (place, value) in zip(places, before) { parameters[place] = value }
    super.predict(batch)
  }

  override var outputs: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: answers.pointer, count: super.outputs.count)
  }
}

/// Answers are those of a state of long ago, as a server gives that has missed all versions since.
final class OldAnswers: ForwardingModel {
  private var predictor: Predictor?

  convenience init(_ learner: Learner, of state: [UInt8]) {
    self.init(learner)
    predictor = try? Predictor(spec: learner.spec, state: state, batchCapacity: learner.batchCapacity)
  }

  override func predict(_ batch: FeatureBatch) {
    super.predict(batch)
    predictor?.predict(batch)
  }

  override var outputs: UnsafeBufferPointer<Float> { predictor?.outputs ?? super.outputs }
}

/// A rank leaves out an update that the others make.
final class MissesAnUpdate: ForwardingModel {
  override func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update {
    let parameters = learner.network.parameters
    let before = Array(parameters.buffer)
    defer {
      if learner.step == 20 { for place in before.indices { parameters[place] = before[place] } }
    }
    return super.apply(labelled: labelled, weight: weight, lossSum: lossSum)
  }
}

/// What its optimisers know does not come back with a state.
final class ForgetsAtRestart: ForwardingModel {
  override func restoreState(_ bytes: [UInt8]) throws {
    // Their part stands at the end.
    let fresh = Learner(spec: learner.spec, batchCapacity: 1)
    let count = fresh.optimizers.all.reduce(0) { sum, optimizer in
      optimizer.buffers.reduce(sum + 12 * 8) { $0 + 8 + $1.count * 4 }
    }
    try super.restoreState(Array(bytes.dropLast(count)) + Array(fresh.encodeState().suffix(count)))
  }
}
