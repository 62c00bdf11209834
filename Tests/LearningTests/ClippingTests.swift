import Learning
import Tensors
import Testing

/// Clipping by layer and by unit, seen through plain gradient descent with a rate of 1: the change is the gradient used.
@Suite struct `Clipping` {
  private static let descent = OptimizerSpec(kind: .sgd, learningRate: 1)
  /// Thirteen inputs: weights and bias of each layer, as long as they are in canonical order.
  private static let layers = [(13, 19), (19, 6), (6, 1)]

  private func spec(_ clipping: GradientClipping) -> LearnerSpec {
    Case.spec(optimizer: Self.descent, rows: Self.descent, clipping: clipping)
  }

  /// The mean gradient and the one that was used, both in canonical order, tables after the dense layers.
  private func step(
    _ clipping: GradientClipping, scale: Float = 1
  ) throws -> (given: [Double], used: [Double], before: [Double], update: Update) {
    let learner = Learner(spec: spec(clipping), batchCapacity: 12)
    let begin = ReferenceModel(learner).parameters.map { Float($0) * scale }
    learner.setCanonicalParameters(begin)
    var stream = Stream(learner.spec)
    let batch = stream.batch(12, allLabelled: true)
    learner.predict(batch)
    let local = learner.backward(batch)
    var given = learner.canonicalGradient.map { Double($0) / 12 }
    var tables = [Double](repeating: 0, count: begin.count - given.count)
    for (row, gradient) in learner.touchedRows {
      let start = row < 7 ? row * 3 : 21 + (row - 7) * 5
      for (index, value) in gradient.enumerated() { tables[start + index] = Double(value) / 12 }
    }
    given += tables
    var attachment: [UInt8] = []
    learner.appendAttachment(to: &attachment)
    try attachment.withUnsafeBytes { try learner.absorb(attachments: [$0]) }
    let update = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
    let after = ReferenceModel(learner).parameters
    let before = begin.map { Double($0) }
    #expect(learner.paddingIsZero)
    return (given, zip(before, after).map { $0 - $1 }, before, update)
  }

  private func norm(_ values: some Sequence<Double>) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  /// Stretches of the layers, then of the two tables.
  private var stretches: [Range<Int>] {
    var next = 0
    let counts = Self.layers.map { ($0.0 + 1) * $0.1 } + [21, 20]
    return counts.map { count in
      defer { next += count }
      return next..<(next + count)
    }
  }

  private func expectEqual(_ found: [Double], _ expected: [Double]) {
    #expect(found.count == expected.count)
    for (one, other) in zip(found, expected) { #expect(abs(one - other) <= 1e-6 + 1e-5 * abs(other)) }
  }

  @Test func `by layer holds each layer and each table to the limit and leaves small ones alone`() throws {
    let free = try step(GradientClipping(globalNorm: nil, value: nil))
    let limit = stretches.map { norm(free.given[$0]) }.sorted()[2]
    let (given, used, _, update) = try step(GradientClipping(globalNorm: nil, value: nil, layerNorm: Float(limit)))
    var expected = given
    var clipped = 0
    for stretch in stretches {
      let size = norm(given[stretch])
      guard size > limit else { continue }
      clipped += 1
      for index in stretch { expected[index] *= limit / size }
    }
    expectEqual(used, expected)
    #expect(clipped > 0 && clipped < stretches.count)
    #expect(update.wasClipped)
    #expect(abs(update.gradientNorm - norm(given)) < 1e-5 * norm(given))
  }

  @Test func `by unit holds each hidden unit to a share of its weights`() throws {
    let ratio = 0.05
    let (given, used, before, update) = try step(
      GradientClipping(globalNorm: nil, value: nil, adaptive: Float(ratio)), scale: 0.2)
    var expected = given
    var clipped = 0
    var start = 0
    for (inputs, outputs) in Self.layers.dropLast() {
      for unit in 0..<outputs {
        let places = (0..<inputs).map { start + $0 * outputs + unit }
        let size = norm(places.map { given[$0] })
        let allowed = ratio * max(norm(places.map { before[$0] }), 1e-3)
        guard size > allowed else { continue }
        clipped += 1
        for place in places { expected[place] *= allowed / size }
      }
      start += (inputs + 1) * outputs
    }
    expectEqual(used, expected)
    #expect(clipped > 0 && clipped < 25)
    #expect(update.wasClipped)
  }

  @Test func `by value, unit, layer and global norm come in this order`() throws {
    let clipping = GradientClipping(globalNorm: 0.06, value: 0.02, layerNorm: 0.04, adaptive: 0.02)
    let (given, used, before, update) = try step(clipping)
    var expected = given.map { min(max($0, -0.02), 0.02) }
    #expect(abs(update.gradientNorm - norm(expected)) < 1e-5 * norm(expected))
    var start = 0
    for (inputs, outputs) in Self.layers.dropLast() {
      for unit in 0..<outputs {
        let places = (0..<inputs).map { start + $0 * outputs + unit }
        let size = norm(places.map { expected[$0] })
        let allowed = 0.02 * max(norm(places.map { before[$0] }), 1e-3)
        if size > allowed { for place in places { expected[place] *= allowed / size } }
      }
      start += (inputs + 1) * outputs
    }
    for stretch in stretches {
      let size = norm(expected[stretch])
      if size > 0.04 { for index in stretch { expected[index] *= 0.04 / size } }
    }
    let whole = norm(expected)
    if whole > 0.06 { expected = expected.map { $0 * 0.06 / whole } }
    expectEqual(used, expected)
    #expect(norm(used) < 0.0601)
  }

  @Test func `with limits that nothing reaches changes no bit and says so`() throws {
    let free = try step(GradientClipping(globalNorm: nil, value: nil))
    let limits = GradientClipping(globalNorm: 1e6, value: 1e6, layerNorm: 1e6, adaptive: 1e6)
    let held = try step(limits)
    #expect(!free.update.wasClipped && !held.update.wasClipped)
    expectEqual(held.used, free.used)
    #expect(try step(GradientClipping(globalNorm: 1e6, value: nil, layerNorm: 1e6)).used == free.used)
  }
}
