import Foundation
import Learning
import Tensors
import Testing
import Vocabulary

@Suite struct `A schedule` {
  @Test func `gives the share that its formula says`() {
    let cosine = RateSchedule(.cosine, warmupSteps: 10, steps: 100, floor: 0.2)
    let exponential = RateSchedule(.exponential, steps: 7, factor: 0.8, floor: 0.01)
    let root = RateSchedule(.inverseSquareRoot, warmupSteps: 4, steps: 4)
    for step in stride(from: Int64(0), through: 300, by: 3) {
      let own = Double(max(step - 10, 0))
      let expected = step < 10 ? Double(step + 1) / 10 : 0.2 + 0.8 * (1 + cos(Double.pi * min(own / 100, 1))) / 2
      #expect(abs(cosine.share(at: step) - expected) < 1e-14)
      #expect(abs(exponential.share(at: step) - max(0.01, pow(0.8, Double(step) / 7))) < 1e-14)
      let inverse = step < 4 ? Double(step + 1) / 4 : (4 / Double(step)).squareRoot()
      #expect(abs(root.share(at: step) - inverse) < 1e-14)
      #expect(RateSchedule.constant.share(at: step) == 1)
    }
    #expect(cosine.share(at: 1_000_000_000) == 0.2)
    #expect(exponential.share(at: 1_000_000_000) == 0.01)
    #expect(RateSchedule(.constant, warmupSteps: 3).share(at: 0) == 1.0 / 3)
  }

  @Test func `never rises after its warm-up nor falls below its floor`() {
    for kind in RateSchedule.Kind.allCases {
      let schedule = RateSchedule(kind, warmupSteps: 5, steps: 40, factor: 0.5, floor: 0.125)
      var last = schedule.share(at: 4)
      #expect(last == 1)
      for step in Int64(5)..<400 {
        let share = schedule.share(at: step)
        #expect(share <= last && share >= 0.125)
        last = share
      }
    }
  }

  @Test func `counts on functions that are exact to a few ulp`() {
    var random = SplitMix64(seed: 3)
    for _ in 0..<20_000 {
      let x = (random.nextUnit() * 2 - 1) * 600
      #expect(abs(PortableMath.exp(x) / exp(x) - 1) < 1e-15)
      let y = exp((random.nextUnit() * 2 - 1) * 600)
      #expect(abs(PortableMath.log(y) - log(y)) <= 4e-16 * max(1, abs(log(y))))
      let u = random.nextUnit()
      #expect(abs(PortableMath.cosinePi(u) - cos(Double.pi * u)) < 4e-16)
    }
    #expect(PortableMath.exp(0) == 1 && PortableMath.log(1) == 0)
    #expect(PortableMath.cosinePi(0) == 1 && PortableMath.cosinePi(1) == -1 && PortableMath.cosinePi(0.5) == 0)
  }

  /// A learner whose dense rate waits for a plateau, and one step of it with a loss of our choice.
  private func plateau() -> LearnerSpec {
    var spec = Case.spec(hidden: [4])
    spec.optimizer.learningRate = 0.5
    spec.optimizer.schedule = RateSchedule(.plateau, factor: 0.5, floor: 0.2, patience: 5, smoothing: 2)
    return spec
  }

  private func step(_ learner: Learner, _ batch: FeatureBatch, meanLoss: Double) throws {
    learner.predict(batch)
    let local = learner.backward(batch)
    var attachment: [UInt8] = []
    learner.appendAttachment(to: &attachment)
    try attachment.withUnsafeBytes { try learner.absorb(attachments: [$0]) }
    _ = learner.apply(labelled: local.labelled, lossSum: meanLoss * Double(local.labelled))
  }

  @Test func `of a plateau reduces the rate when the loss stands still, and not before`() throws {
    let spec = plateau()
    let learner = Learner(spec: spec, batchCapacity: 4)
    var stream = Stream(spec)
    let batch = stream.batch(4, allLabelled: true)
    for index in 0..<40 {
      try step(learner, batch, meanLoss: 10 - 0.2 * Double(index))
      #expect(learner.learningRates[0] == 0.5)
    }
    var rates: [Double] = []
    for _ in 0..<40 {
      try step(learner, batch, meanLoss: 2.2)
      rates.append(learner.learningRates[0])
    }
    #expect(rates[3] == 0.5)
    #expect(rates[20] == 0.125 || rates[20] == 0.1)
    #expect(rates[39] == 0.1)
    #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(learner.learningRates[1] == Double(spec.embeddingOptimizer.learningRate))
  }

  @Test func `of a plateau stands in the saved state`() throws {
    let spec = plateau()
    let learner = Learner(spec: spec, batchCapacity: 4)
    var stream = Stream(spec)
    let batch = stream.batch(4, allLabelled: true)
    for _ in 0..<9 { try step(learner, batch, meanLoss: 1) }
    let other = Learner(spec: spec, batchCapacity: 4)
    try other.restoreState(learner.encodeState())
    for _ in 0..<9 {
      #expect(learner.learningRates == other.learningRates)
      try step(learner, batch, meanLoss: 1)
      try step(other, batch, meanLoss: 1)
    }
    #expect(learner.encodeState() == other.encodeState())
    #expect(learner.learningRates[0] < 0.5)
  }
}
