import Learning
import Tensors
import Testing
import Vocabulary

@Suite struct `A hundred steps` {
  /// The files, and how many runs each has.
  static let groups = ["networks": 27, "layers": 24, "losses": 14, "optimizers": 17]
  static let all = groups.keys.sorted().flatMap { (try? Trajectory.group($0)) ?? [] }

  @Test(arguments: groups.keys.sorted())
  func `of every kind are at hand from PyTorch`(_ group: String) throws {
    #expect(try Trajectory.group(group).count == Self.groups[group])
  }

  @Test func `go through every activation and every optimiser`() throws {
    let specs = try Self.all.map { try $0.learnerSpec() }
    #expect(Set(specs.map(\.activation)) == Set(ActivationKind.allCases))
    #expect(Set(specs.map(\.optimizer.kind)) == Set(OptimizerSpec.Kind.allCases))
  }

  @Test(arguments: all)
  func `follow PyTorch's`(_ run: Trajectory) throws {
    let spec = try run.learnerSpec()
    let learner = Learner(spec: spec, batchCapacity: 8)
    learner.setCanonicalParameters(run.initial)
    var random = SplitMix64(seed: run.seed)
    let batch = spec.makeBatch(capacity: 8, weightedCapacity: 8 * 4)
    batch.count = 8
    var losses: [Double] = []
    for step in 0..<100 {
      run.fill(batch, &random)
      learner.predict(batch)
      let local = learner.backward(batch)
      if step % 10 == 9 { losses.append(local.lossSum / 8) }
      try learner.learn(batch)
    }
    #expect(losses.count == run.losses.count)
    for (found, expected) in zip(losses, run.losses) {
      #expect(abs(found - expected) <= 1e-5 * max(abs(expected), 0.1))
    }
    let found = ReferenceModel(learner).parameters
    #expect(found.count == run.final.count)
    let expected = run.final.map { Double($0) }
    let distance = zip(found, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    let size = expected.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(distance <= 1e-5 * size, "relative difference \(distance / size)")
  }
}
