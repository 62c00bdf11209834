import Learning
import Tensors
import Testing
import Vocabulary

/// What every layer, loss and optimiser must pass, run over specs that use them all.
@Suite struct `Every learner` {
  /// A learner some steps into its stream, a reference that saw the same, and the next batch.
  private func started(_ spec: LearnerSpec, rows: Int = 13) throws -> (Learner, ReferenceModel, FeatureBatch) {
    var stream = Stream(spec)
    let learner = Learner(spec: spec, batchCapacity: rows)
    var seen: [FeatureBatch] = []
    for _ in 0..<4 {
      let batch = stream.batch(rows)
      try learner.learn(batch)
      seen.append(batch)
    }
    var reference = ReferenceModel(learner)
    reference.dropoutSeed = learner.dropoutSeed
    for batch in seen { reference.see(batch) }
    return (learner, reference, stream.batch(rows))
  }

  @Test(arguments: Case.all)
  func `answers and loses as the plain reference does`(_ item: Case) throws {
    let (learner, reference, batch) = try started(item.spec)
    learner.predict(batch)
    for head in item.spec.heads.indices {
      let found = answers(learner, head: head)
      let expected = reference.outputs(batch, head: head)
      #expect(found.count == expected.count)
      for (found, expected) in zip(found, expected) {
        #expect(abs(Double(found) - expected) <= 2e-6 * max(1, abs(expected)))
      }
    }
    let losses = AlignedBuffer<Float>(count: batch.count)
    learner.losses(batch, into: losses.pointer)
    let local = learner.backward(batch)
    #expect(local.isFinite)
    #expect(local.labelled == (0..<batch.count).count { !batch.labels[$0 * batch.labelCount].isNaN })
    var sum = 0.0
    for row in 0..<batch.count {
      #expect(losses[row].isNaN == batch.labels[row * batch.labelCount].isNaN)
      if !losses[row].isNaN { sum += Double(losses[row]) }
    }
    #expect(local.lossSum == sum)
    let expected = reference.primaryLoss(batch)
    #expect(abs(local.lossSum - expected) <= 1e-5 * max(1, abs(expected)))
  }

  @Test(arguments: Case.all)
  func `has the gradient that finite differences give, for every parameter`(_ item: Case) throws {
    var (learner, reference, batch) = try started(item.spec)
    learner.predict(batch)
    _ = learner.backward(batch)
    let dense = learner.canonicalGradient
    func check(_ found: Float, _ parameter: Int) {
      let expected = reference.gradient(batch, parameter)
      #expect(abs(Double(found) - expected) <= 3e-5 * max(1, abs(expected)), "parameter \(parameter)")
    }
    for parameter in dense.indices { check(dense[parameter], parameter) }

    // Tables: the touched rows have their gradient, and no other row has one.
    let wide = item.spec.hasWidePart ? item.spec.heads.reduce(0) { $0 + $1.outputCount } : 0
    var touched = [Int: [Float]](uniqueKeysWithValues: learner.touchedRows.map { ($0.row, $0.gradient) })
    var row = 0
    var parameter = dense.count
    let wideRows = item.spec.weighted.filter { !$0.activates }.map(\.rows) + item.spec.categories.map(\.buckets)
    var wideParameter = reference.parameters.count - wideRows.reduce(0, +) * wide
    func checkTable(buckets: Int, dimension: Int, wide: Int) {
      for _ in 0..<buckets {
        let found = touched.removeValue(forKey: row) ?? [Float](repeating: 0, count: dimension + wide)
        for index in 0..<dimension { check(found[index], parameter + index) }
        for index in 0..<wide { check(found[dimension + index], wideParameter + index) }
        row += 1
        parameter += dimension
        wideParameter += wide
      }
    }
    for category in item.spec.categories {
      let dimension = item.spec.kind == .linear ? 0 : category.dimension
      checkTable(buckets: category.buckets, dimension: dimension, wide: wide)
    }
    for input in item.spec.weighted {
      let dimension = item.spec.kind == .linear ? 0 : input.dimension
      checkTable(buckets: input.rows, dimension: dimension, wide: input.activates ? 0 : wide)
    }
    #expect(touched.isEmpty)
    #expect(learner.paddingIsZero)
  }

  @Test(arguments: Case.all)
  func `answers a record with the same bits alone, in any place, and as a predictor`(_ item: Case) throws {
    let (learner, _, _) = try started(item.spec, rows: 150)
    var stream = Stream(item.spec, seed: 9)
    let batch = stream.batch(150)
    let predictor = try Predictor(spec: item.spec, state: learner.encodeState(), batchCapacity: 150)
    learner.predict(batch)
    let whole = answers(learner).map(\.bitPattern)
    predictor.predict(batch)
    #expect(answers(predictor).map(\.bitPattern) == whole)
    let width = learner.outputCount
    for row in 0..<150 {
      learner.predict(batch.rows(row..<(row + 1)))
      #expect(answers(learner).map(\.bitPattern) == Array(whole[(row * width)..<((row + 1) * width)]))
    }
    learner.predict(batch.rows(31..<150))
    #expect(answers(learner).map(\.bitPattern) == Array(whole[(31 * width)...]))
    #expect((0..<150).allSatisfy { predictor.isFinite(row: $0) })
  }

  @Test(arguments: Case.all)
  func `holds the same bits on every CPU level`(_ item: Case) throws {
    var states: [[UInt8]] = []
    for kernels in Kernels.available {
      var stream = Stream(item.spec)
      let learner = Learner(spec: item.spec, batchCapacity: 21, kernels: kernels)
      for _ in 0..<5 { try learner.learn(stream.batch(21)) }
      states.append(learner.encodeState())
    }
    #expect(states.allSatisfy { $0 == states[0] })
  }

  @Test(arguments: Case.all)
  func `learns the same from one share as from several, and all ranks hold the same bits`(_ item: Case) throws {
    var stream = Stream(item.spec)
    let whole = Learner(spec: item.spec, batchCapacity: 24)
    let ranks = (0..<3).map { _ in Learner(spec: item.spec, batchCapacity: 24) }
    for _ in 0..<4 {
      let batch = stream.batch(24)
      try whole.learn(batch)
      let shares = [batch.rows(0..<5), batch.rows(5..<5), batch.rows(5..<24)]
      try learnTogether(ranks, shares)
    }
    let states = ranks.map { $0.encodeState() }
    #expect(states.allSatisfy { $0 == states[0] })
    let probe = stream.batch(24)
    whole.predict(probe)
    ranks[0].predict(probe)
    for (one, other) in zip(answers(whole), answers(ranks[0])) { #expect(abs(one - other) <= 1e-4 * max(1, abs(one))) }
  }

  @Test(arguments: Case.all)
  func `learns the same alone as through the bytes of its share`(_ item: Case) throws {
    var stream = Stream(item.spec)
    let alone = Learner(spec: item.spec, batchCapacity: 9)
    let other = Learner(spec: item.spec, batchCapacity: 9)
    for _ in 0..<4 {
      let batch = stream.batch(9)
      #expect(try alone.learnAlone(batch) == other.learn(batch))
    }
    #expect(alone.encodeState() == other.encodeState())
  }

  @Test(arguments: Case.all)
  func `goes on from its saved state with the same bits`(_ item: Case) throws {
    var stream = Stream(item.spec)
    let learner = Learner(spec: item.spec, batchCapacity: 9)
    for _ in 0..<3 { try learner.learn(stream.batch(9)) }
    let state = learner.encodeState()
    #expect(learner.encodeState() == state)
    let other = Learner(spec: item.spec, batchCapacity: 9)
    try other.restoreState(state)
    #expect(other.step == 3)
    #expect(other.encodeState() == state)
    for _ in 0..<3 {
      let batch = stream.batch(9)
      #expect(try learner.learn(batch) == other.learn(batch))
    }
    #expect(learner.encodeState() == other.encodeState())
    #expect(learner.encodeState() != state)
  }
}

/// One step of several ranks in one process, as the collective would do it.
///
/// - Parameter exchange: What else they tell each other before the step is applied.
func learnTogether(_ ranks: [Learner], _ shares: [FeatureBatch], exchange: () -> Void = {}) throws {
  var labelled = 0
  var (weight, lossSum) = (0.0, 0.0)
  var attachments: [[UInt8]] = []
  for (rank, share) in zip(ranks, shares) {
    rank.predict(share)
    let local = rank.backward(share)
    labelled += local.labelled
    weight += local.weight
    lossSum += local.lossSum
    var attachment: [UInt8] = []
    rank.appendAttachment(to: &attachment)
    attachments.append(attachment)
  }
  let sum = ranks[0].denseGradient.indices.map { index in
    ranks.dropFirst().reduce(ranks[0].denseGradient[index]) { $0 + $1.denseGradient[index] }
  }
  let buffers = attachments.map { bytes in
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
    copy.copyBytes(from: bytes)
    return UnsafeRawBufferPointer(copy)
  }
  defer { for buffer in buffers { buffer.deallocate() } }
  exchange()
  for rank in ranks {
    for index in sum.indices { rank.denseGradient[index] = sum[index] }
    try rank.absorb(attachments: buffers)
    _ = rank.apply(labelled: labelled, weight: weight, lossSum: lossSum)
  }
}
