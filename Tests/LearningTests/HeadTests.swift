import Foundation
import Health
import Learning
import Tensors
import Testing
import Vocabulary

@Suite struct `Heads and losses` {
  private static let heads = [
    HeadSpec(task: .binary), HeadSpec(name: "minutes", task: .regression, loss: .huber(delta: 5)),
    HeadSpec(name: "kind", task: .multiclass(classes: 3)),
  ]

  private func spec(_ heads: [HeadSpec], rate: Float = 0.01, clip: Float? = nil) -> LearnerSpec {
    var spec = LearnerSpec(
      numbers: [NumberInput(name: "a", standardize: false), NumberInput(name: "b", standardize: false)],
      categories: [], hidden: [6], activation: .tanh, task: .binary,
      optimizer: OptimizerSpec(kind: .adam, learningRate: rate),
      clipping: GradientClipping(globalNorm: clip, value: nil), seed: 5)
    spec.heads = heads
    return spec
  }

  @Test func `an absent further label teaches its head nothing and the others the same`() throws {
    let spec = spec(Self.heads)
    let learner = Learner(spec: spec, batchCapacity: 20)
    var stream = Stream(spec)
    for _ in 0..<3 { try learner.learn(stream.batch(20)) }
    let batch = stream.batch(20, allLabelled: true)
    learner.predict(batch)
    #expect(learner.backward(batch).labelled == 20)
    let whole = learner.canonicalGradient
    for row in 0..<20 { batch.labels[row * 3 + 1] = .nan }
    learner.predict(batch)
    let local = learner.backward(batch)
    #expect(local.labelled == 20 && local.isFinite)
    let part = learner.canonicalGradient
    // Canonical order: hidden (2·6 + 6), then each head's weights (6 a logit) and biases.
    let (primary, minutes) = (18..<25, 25..<32)
    #expect(minutes.allSatisfy { part[$0] == 0 })
    #expect(primary.allSatisfy { part[$0] == whole[$0] })
    #expect((32..<whole.count).allSatisfy { part[$0] == whole[$0] })
    #expect(minutes.contains { whole[$0] != 0 })
  }

  @Test func `a row without the primary label teaches no head, but its other labels are measured`() throws {
    let spec = spec(Self.heads)
    let learner = Learner(spec: spec, batchCapacity: 4)
    let batch = FeatureBatch(capacity: 4, numberCount: 2, categoryCount: 0, labelCount: 3)
    batch.count = 4
    for row in 0..<4 { (batch.labels[row * 3], batch.labels[row * 3 + 1], batch.labels[row * 3 + 2]) = (.nan, 7, 1) }
    learner.predict(batch)
    let local = learner.backward(batch)
    #expect(local.labelled == 0 && local.lossSum == 0)
    #expect(learner.canonicalGradient.allSatisfy { $0 == 0 })
    try learner.learn(batch)
    learner.predict(batch)
    #expect(answers(learner, head: 1).allSatisfy { $0 == 7 })
  }

  @Test func `a batch without a head's label is predicted but not learned`() {
    let learner = Learner(spec: spec(Self.heads), batchCapacity: 2)
    let batch = FeatureBatch(capacity: 2, numberCount: 2, categoryCount: 0)
    batch.count = 2
    learner.predict(batch)
    #expect(answers(learner, head: 2).count == 6)
  }

  @Test func `each head shows its layer and its logits in health`() throws {
    let spec = spec(Self.heads)
    let learner = Learner(spec: spec, batchCapacity: 20)
    var stream = Stream(spec)
    for _ in 0..<3 { try learner.learn(stream.batch(20)) }
    let layers = learner.takeHealth()
    #expect(layers.map(\.layer) == ["hidden_1", "output", "output.minutes", "output.kind"])
    #expect(layers.dropFirst().map(\.sketch.count) == [60, 60, 180])
    #expect(layers.allSatisfy { $0.gradientSquaredNormSum > 0 })
  }

  @Test(arguments: [0.1, 0.5, 0.9] as [Float])
  func `a quantile is learned from noise alone`(level: Float) throws {
    let spec = spec([HeadSpec(task: .regression, loss: .quantile(level: level))], rate: 0.003)
    let learner = Learner(spec: spec, batchCapacity: 64)
    var random = SplitMix64(seed: 17)
    let batch = FeatureBatch(capacity: 64, numberCount: 2, categoryCount: 0)
    batch.count = 64
    for _ in 0..<2500 {
      for row in 0..<64 { batch.labels[row] = 100 + 20 * Float(random.nextUnit()) }
      try learner.learn(batch)
    }
    learner.predict(batch)
    #expect(abs(answers(learner)[0] - (100 + 20 * level)) < 0.8)
  }

  @Test func `one wild label moves a Huber head no further than a usual one`() throws {
    func gradient(_ loss: LossSpec, wild: Float) throws -> Double {
      let spec = spec([HeadSpec(task: .regression, loss: loss)])
      let learner = Learner(spec: spec, batchCapacity: 30)
      var stream = Stream(spec)
      try learner.learn(stream.batch(30, allLabelled: true))
      let batch = stream.batch(30, allLabelled: true)
      batch.labels[3] = wild
      learner.predict(batch)
      _ = learner.backward(batch)
      return learner.canonicalGradient.reduce(0) { $0 + Double($1 * $1) }.squareRoot()
    }
    #expect(try gradient(.huber(delta: 5), wild: 1e6) == gradient(.huber(delta: 5), wild: 1e9))
    #expect(try gradient(.squared, wild: 1e9) > 100 * gradient(.squared, wild: 1e6))
  }

  @Test func `a temperature softens the answers and leaves training as it was`() throws {
    func run(_ temperature: HeadSpec.Temperature) throws -> (gradient: [Float], answer: Float, state: [Float]) {
      let spec = spec([HeadSpec(task: .binary, temperature: temperature)])
      let learner = Learner(spec: spec, batchCapacity: 20)
      var stream = Stream(spec)
      for _ in 0..<20 { try learner.learn(stream.batch(20)) }
      let batch = stream.batch(20)
      learner.predict(batch)
      let answer = answers(learner)[0]
      _ = learner.backward(batch)
      let bytes = learner.parametersDigestInput
      let state = bytes.withUnsafeBytes { raw in
        (0..<18).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
      }
      return (Array(learner.canonicalGradient.prefix(25)), answer, state)
    }
    let (plain, soft, learned) = (try run(.fixed(1)), try run(.fixed(3)), try run(.learned))
    #expect(plain.gradient == soft.gradient && plain.gradient == learned.gradient)
    #expect(plain.state == soft.state && plain.state == learned.state)
    func logit(_ p: Float) -> Double { log(Double(p) / (1 - Double(p))) }
    #expect(abs(logit(soft.answer) * 3 - logit(plain.answer)) < 1e-5)
  }

  @Test func `a learned temperature undoes the overconfidence of class weights and of noise`() throws {
    // Labels are coins: the raw logits of weighed classes claim more than the truth.
    func loss(_ temperature: HeadSpec.Temperature) throws -> Double {
      let spec = spec([HeadSpec(task: .binary, loss: .focal(gamma: 3), temperature: temperature)])
      let learner = Learner(spec: spec, batchCapacity: 64)
      var random = SplitMix64(seed: 3)
      let batch = FeatureBatch(capacity: 64, numberCount: 2, categoryCount: 0)
      batch.count = 64
      var sum = 0.0
      for step in 0..<3000 {
        for row in 0..<64 {
          batch.numbers[row * 2] = Float(random.nextUnit() * 2 - 1)
          batch.numbers[row * 2 + 1] = Float(random.nextUnit() * 2 - 1)
          let truth = 1 / (1 + exp(-6 * Double(batch.numbers[row * 2])))
          batch.labels[row] = random.nextUnit() < truth ? 1 : 0
        }
        learner.predict(batch)
        if step >= 2000 {
          for (p, row) in zip(answers(learner), 0..<64) {
            sum -= log(Double(batch.labels[row] > 0.5 ? p : 1 - p))
          }
        }
        try learner.learn(batch)
      }
      return sum / 64_000
    }
    // Focal loss is content with too little confidence.
    let (raw, calibrated) = (try loss(.fixed(1)), try loss(.learned))
    #expect(calibrated < raw - 0.01, "\(calibrated), \(raw)")
  }
}
