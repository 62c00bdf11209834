import Learning
import Tensors
import Testing
import Vocabulary

@Suite struct `An update` {
  private func floats(_ learner: Learner) -> [Double] { ReferenceModel(learner).parameters }

  @Test(
    arguments: OptimizerSpec.Kind.allCases,
    [
      GradientClipping(globalNorm: nil, value: nil), GradientClipping(globalNorm: 0.05, value: nil),
      GradientClipping(globalNorm: nil, value: 0.1), GradientClipping(globalNorm: 0.05, value: 0.1),
    ])
  func `moves every parameter as its optimiser's formula says`(
    _ kind: OptimizerSpec.Kind, _ clipping: GradientClipping
  ) throws {
    let optimizer = OptimizerSpec(kind: kind, learningRate: 0.03, momentum: 0.9, beta1: 0.8, beta2: 0.95, epsilon: 1e-6)
    let spec = Case.spec(
      optimizer: optimizer, rows: OptimizerSpec(kind: .sgd, learningRate: 0),
      clipping: clipping)
    let learner = Learner(spec: spec, batchCapacity: 10)
    var stream = Stream(spec)
    var first = [Double](repeating: 0, count: floats(learner).count)
    var second = first
    for step in 1...4 {
      let batch = stream.batch(10)
      var w = floats(learner)
      learner.predict(batch)
      let local = learner.backward(batch)
      var g = learner.canonicalGradient.map { Double($0) / Double(local.labelled) }
      var rows = learner.touchedRows.flatMap { $0.gradient.map { Double($0) / Double(local.labelled) } }
      if let value = clipping.value {
        g = g.map { min(max($0, -Double(value)), Double(value)) }
        rows = rows.map { min(max($0, -Double(value)), Double(value)) }
      }
      let norm = (g + rows).reduce(0) { $0 + $1 * $1 }.squareRoot()
      if let globalNorm = clipping.globalNorm, norm > Double(globalNorm) {
        g = g.map { $0 * Double(globalNorm) / norm }
      }
      for index in g.indices {
        switch kind {
        case .adam:
          first[index] = 0.8 * first[index] + 0.2 * g[index]
          second[index] = 0.95 * second[index] + 0.05 * g[index] * g[index]
          let power = (1...step).reduce((1.0, 1.0)) { sum, _ in (sum.0 * 0.8, sum.1 * 0.95) }
          w[index] -= 0.03 * (first[index] / (1 - power.0)) / ((second[index] / (1 - power.1)).squareRoot() + 1e-6)
        case .sgd:
          first[index] = 0.9 * first[index] + g[index]
          w[index] -= 0.03 * first[index]
        case .adagrad:
          first[index] += g[index] * g[index]
          w[index] -= 0.03 * g[index] / (first[index].squareRoot() + 1e-6)
        }
      }
      var attachment: [UInt8] = []
      learner.appendAttachment(to: &attachment)
      try attachment.withUnsafeBytes { try learner.absorb(attachments: [$0]) }
      let update = learner.apply(labelled: local.labelled)
      #expect(abs(update.gradientNorm - norm) <= 1e-5 * norm)
      if let globalNorm = clipping.globalNorm, norm > Double(globalNorm) * 1.001 { #expect(update.wasClipped) }
      if clipping == GradientClipping(globalNorm: nil, value: nil) { #expect(!update.wasClipped) }
      for (found, expected) in zip(floats(learner), w.prefix(g.count)) {
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

  @Test func `after the other learns a rule`() throws {
    let spec = Case.spec(hidden: [16], activation: .relu)
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
