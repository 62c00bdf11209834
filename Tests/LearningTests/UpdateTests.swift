import Learning
import Tensors
import Testing
import Vocabulary

@Suite struct `An update` {
  private func floats(_ learner: Learner) -> [Double] { ReferenceModel(learner).parameters }

  /// Every kind, and every kind with the penalties that it takes.
  private static let optimizers: [OptimizerSpec] = {
    var all = OptimizerSpec.Kind.allCases.map {
      OptimizerSpec(
        kind: $0, learningRate: 0.03, momentum: 0.9, beta1: 0.8, beta2: 0.95, epsilon: 1e-6, beta: 0.7,
        weightDecay: 0)
    }
    all += all
    for index in OptimizerSpec.Kind.allCases.count..<all.count {
      switch all[index].kind {
      case .adamw, .lion: all[index].weightDecay = 0.3
      case .ftrl: (all[index].l1, all[index].l2) = (0.02, 0.1)
      case .sgd: (all[index].nesterov, all[index].l1, all[index].weightDecay) = (true, 0.01, 0.2)
      default: (all[index].l1, all[index].l2) = (0.01, 0.05)
      }
    }
    return all
  }()

  @Test(
    arguments: optimizers,
    [
      GradientClipping(globalNorm: nil, value: nil), GradientClipping(globalNorm: 0.05, value: nil),
      GradientClipping(globalNorm: nil, value: 0.1), GradientClipping(globalNorm: 0.05, value: 0.1),
    ])
  func `moves every parameter as its optimiser's formula says`(
    _ optimizer: OptimizerSpec, _ clipping: GradientClipping
  ) throws {
    let spec = Case.spec(
      optimizer: optimizer, rows: OptimizerSpec(kind: .sgd, learningRate: 0),
      clipping: clipping)
    let learner = Learner(spec: spec, batchCapacity: 10)
    var stream = Stream(spec)
    // Thirteen inputs; weights, then bias, layer by layer.
    let isWeight = [(13, 19), (19, 6), (6, 1)].flatMap { inputs, outputs in
      [Bool](repeating: true, count: inputs * outputs) + [Bool](repeating: false, count: outputs)
    }
    var reference = ReferenceOptimizer(optimizer, floats(learner), isWeight: isWeight)
    for _ in 1...4 {
      let batch = stream.batch(10)
      learner.predict(batch)
      let local = learner.backward(batch)
      var g = learner.canonicalGradient.map { Double($0) / Double(local.labelled) }
      var rows = learner.touchedRows.flatMap { $0.gradient.map { Double($0) / Double(local.labelled) } }
      #expect(g.count == isWeight.count)
      if let value = clipping.value {
        g = g.map { min(max($0, -Double(value)), Double(value)) }
        rows = rows.map { min(max($0, -Double(value)), Double(value)) }
      }
      let norm = (g + rows).reduce(0) { $0 + $1 * $1 }.squareRoot()
      if let globalNorm = clipping.globalNorm, norm > Double(globalNorm) {
        g = g.map { $0 * Double(globalNorm) / norm }
      }
      reference.step(floats(learner), gradient: g)
      var attachment: [UInt8] = []
      learner.appendAttachment(to: &attachment)
      try attachment.withUnsafeBytes { try learner.absorb(attachments: [$0]) }
      let update = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
      #expect(abs(update.gradientNorm - norm) <= 1e-5 * norm)
      if let globalNorm = clipping.globalNorm, norm > Double(globalNorm) * 1.001 { #expect(update.wasClipped) }
      if clipping == GradientClipping(globalNorm: nil, value: nil) { #expect(!update.wasClipped) }
      for (found, expected) in zip(floats(learner), reference.weights) {
        #expect(abs(found - expected) <= 2e-5 * max(0.1, abs(expected)))
      }
      #expect(learner.paddingIsZero)
    }
  }

  @Test(arguments: OptimizerSpec.Kind.allCases)
  func `moves the touched embedding rows and no other`(_ kind: OptimizerSpec.Kind) throws {
    let optimizer = OptimizerSpec(kind: kind, learningRate: 0.1)
    let spec = Case.spec(wide: true, rows: optimizer, clipping: GradientClipping(globalNorm: nil, value: nil))
    let learner = Learner(spec: spec, batchCapacity: 3)
    var stream = Stream(spec)
    try learner.learn(stream.batch(3, allLabelled: true))
    let batch = stream.batch(3, allLabelled: true)
    let before = floats(learner)
    learner.predict(batch)
    _ = learner.backward(batch)
    let touched = Set(learner.touchedRows.map(\.row))
    var expected: Set<Int> = []
    for row in 0..<3 {
      expected.insert(Int(batch.categories[row * 2]))
      expected.insert(7 + Int(batch.categories[row * 2 + 1]))
    }
    #expect(touched == expected)
    try learner.learn(batch)
    let after = floats(learner)
    let tables = before.count - 11 - (7 * 3 + 4 * 5)
    for row in 0..<11 {
      let range =
        row < 7
        ? (tables + row * 3)..<(tables + row * 3 + 3) : (tables + 21 + (row - 7) * 5)..<(tables + 26 + (row - 7) * 5)
      #expect((before[range] != after[range]) == touched.contains(row))
      let wide = before.count - 11 + row
      #expect((before[wide] != after[wide]) == touched.contains(row))
    }
  }

  @Test func `without a label moves the statistics only, and without a record nothing but the count`() throws {
    let spec = Case.spec()
    let learner = Learner(spec: spec, batchCapacity: 4)
    var stream = Stream(spec)
    let empty = stream.batch(4)
    empty.count = 0
    let before = learner.encodeState()
    let update = try learner.learn(empty)
    #expect(update == Update(gradientNorm: 0, wasClipped: false, isFinite: true))
    #expect(learner.step == 1)
    let after = learner.encodeState()
    #expect(zip(before, after).count { $0 != $1 } == 1)
  }

  @Test(arguments: OptimizerSpec.Kind.allCases)
  func `after the other goes down a bowl and learns a rule`(_ kind: OptimizerSpec.Kind) throws {
    let rates: [OptimizerSpec.Kind: Float] = [
      .adam: 0.01, .sgd: 0.02, .adagrad: 0.05, .rmsprop: 0.01, .adamw: 0.01, .amsgrad: 0.01, .ftrl: 0.2, .lion: 0.003,
    ]
    let optimizer = OptimizerSpec(
      kind: kind, learningRate: try #require(rates[kind]), momentum: kind == .sgd ? 0.9 : 0)
    let spec = Case.spec(hidden: [16], activation: .relu, optimizer: optimizer, rows: optimizer)
    let learner = Learner(spec: spec, batchCapacity: 32)
    var stream = Stream(spec)
    var losses: [Double] = []
    for _ in 0..<400 {
      let batch = stream.batch(32)
      learner.predict(batch)
      let local = learner.backward(batch)
      losses.append(local.lossSum / Double(local.labelled))
      try learner.learn(batch)
    }
    let early = losses.prefix(20).reduce(0, +)
    let late = losses.suffix(20).reduce(0, +)
    #expect(late < early / 2)
  }
}
