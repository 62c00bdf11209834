import Learning
import Tensors
import Testing
import Vocabulary

@Suite("Sums by partition")
struct PartitionSumTests {
  private static let partitions = 8
  /// Where stretches begin, beside the first: of one rank, two, three and five, evenly or not, one of them without any.
  private static let dealings: [[Int]] = [[], [4], [3], [8], [3, 6], [2, 4, 5, 7]]

  private static func dealings(_ spec: LearnerSpec, capacity: Int) -> [Dealing] {
    dealings.enumerated().map { place, cuts in
      Dealing(spec, partitions: partitions, cuts: cuts, capacity: capacity, leavesOut: place % 2 == 0)
    }
  }

  /// Rows of each partition: none of some, at times none of most.
  private static func counts(_ random: inout SplitMix64, most: Int) -> [Int] {
    let share = random.nextUnit()
    return (0..<partitions).map { _ in
      random.nextUnit() < share ? Int.random(in: 0...most, using: &random) : 0
    }
  }

  /// - Parameter batch: So many rows.
  private static func expectSameBits(
    _ spec: LearnerSpec, steps: Int, most: Int = 5, _ batch: (Int) -> FeatureBatch
  ) throws {
    var random = SplitMix64(seed: 3)
    let dealings = dealings(spec, capacity: most * partitions)
    for step in 0..<steps {
      var counts = counts(&random, most: most)
      if counts.allSatisfy({ $0 == 0 }) { counts[5] = 1 }
      let batch = batch(counts.reduce(0, +))
      let updates = try dealings.map { try $0.step(batch, counts: counts) }
      #expect(updates.allSatisfy { $0.isFinite && $0 == updates[0] }, "step \(step)")
    }
    let states = dealings.flatMap(\.learners).map { $0.encodeState() }
    for state in states { #expect(state == states[0]) }
  }

  @Test("give the same bits for any number of ranks", arguments: Case.all)
  func anyDealing(_ item: Case) throws {
    var stream = Stream(item.spec, seed: 5)
    try Self.expectSameBits(item.spec, steps: 20) { stream.batch($0) }
  }

  @Test("of weighed records too", arguments: Case.all.filter { $0.spec.hidden.count < 3 })
  func weights(_ item: Case) throws {
    var stream = Stream(item.spec, seed: 6)
    let weights: [Float] = [0.3, 1, 0, 2.7, 1.9]
    try Self.expectSameBits(item.spec, steps: 8) { rows in
      let plain = stream.batch(rows)
      let batch = item.spec.makeBatch(capacity: rows, weighsRecords: true)
      batch.count = rows
      for row in 0..<rows {
        batch.copyRow(row, of: plain, to: row)
        batch.weights?[row] = weights[(row + rows) % weights.count]
      }
      return batch
    }
  }

  @Test("of values that come to have rows of their own too")
  func ownRows() throws {
    let spec = LearnerSpec(
      numbers: [NumberInput(name: "a")],
      categories: [
        CategoryInput(name: "own", buckets: 12, dimension: 3, ownRows: 16),
        CategoryInput(name: "bag", buckets: 10, dimension: 3, slots: 3, combiner: .mean, ownRows: 16),
      ], hidden: [8], wide: true, task: .regression)
    var batches = SyntheticBatches(spec, seed: 8)
    try Self.expectSameBits(spec, steps: 30) { batches.next(rows: $0) }
  }

  @Test("of large layers and parts, whose products are made in blocks")
  func large() throws {
    var spec = Case.spec(hidden: [300, 70], activation: .relu, layerNorm: true)
    spec.crossLayers = 1
    var stream = Stream(spec, seed: 9)
    try Self.expectSameBits(spec, steps: 3, most: 150) { stream.batch($0) }
  }

  @Test("are the sums of the whole, but for rounding", arguments: Case.all)
  func wholeSum(_ item: Case) throws {
    var stream = Stream(item.spec)
    let batch = stream.batch(24)
    let whole = Learner(spec: item.spec, batchCapacity: 24)
    let parted = Learner(spec: item.spec, batchCapacity: 24)
    parted.summation = .byPartition(PartitionTree(count: 5), stretch: 0..<5)
    var parts = BatchParts()
    for (partition, rows) in [7, 1, 0, 9, 7].enumerated() { parts.append(partition: partition, rows: rows) }
    for learner in [whole, parted] { learner.predict(batch) }
    let (local, other) = (whole.backward(batch), parted.backward(batch, parts: parts))
    #expect(local.labelled == other.labelled && local.isFinite == other.isFinite)
    #expect(abs(local.lossSum - other.lossSum) <= 1e-9 * abs(local.lossSum))
    for (one, other) in zip(whole.canonicalGradient, parted.canonicalGradient) {
      #expect(abs(one - other) <= 1e-5 * max(1, abs(one)))
    }
    #expect(parted.paddingIsZero)
    whole.absorbOwn()
    parted.absorbOwn()
    #expect(whole.merged.rows.count == parted.merged.rows.count)
    let (rows, others) = (whole.merged.rows, parted.merged.rows)
    for index in 0..<rows.count { #expect(rows.rows[index] == others.rows[index]) }
    for index in 0..<rows.valueCount {
      #expect(abs(rows.values[index] - others.values[index]) <= 1e-5 * max(1, abs(rows.values[index])))
    }
  }

  @Test("each part says what its rows say, and all of them what the whole says")
  func partSteps() throws {
    let spec = Case.spec()
    var stream = Stream(spec)
    let learner = Learner(spec: spec, batchCapacity: 12)
    learner.summation = .byPartition(PartitionTree(count: 3), stretch: 0..<3)
    let batch = stream.batch(12)
    var parts = BatchParts()
    parts.append(partition: 0, rows: 5)
    parts.append(partition: 2, rows: 7)
    learner.predict(batch)
    let local = learner.backward(batch, parts: parts)
    let steps = learner.partSteps
    let losses = AlignedBuffer<Float>(count: 12)
    learner.losses(batch, into: losses.pointer)
    for (step, rows) in zip(steps, [0..<5, 5..<12]) {
      let labelled = rows.filter { !losses[$0].isNaN }
      #expect(step.labelled == labelled.count && step.weight == Double(labelled.count))
      #expect(step.lossSum == labelled.reduce(0.0) { $0 + Double(losses[$1]) })
    }
    #expect(steps.count == 2 && local.labelled == steps[0].labelled + steps[1].labelled)
    #expect(local.lossSum == steps[0].lossSum + steps[1].lossSum)
  }

  @Test("rows that give no number are found and left out as ever, and nothing of them stays")
  func cure() throws {
    let spec = Case.spec(activation: .relu, wide: true)
    var stream = Stream(spec)
    let (cured, sound) = (
      Dealing(spec, partitions: 8, cuts: [], capacity: 12), Dealing(spec, partitions: 8, cuts: [], capacity: 12)
    )
    let batch = stream.batch(12, allLabelled: true)
    let learner = cured.learners[0]
    let bad = batch.rows(0..<12)
    bad.labels[4] = .infinity
    var parts = BatchParts()
    parts.append(partition: 1, rows: 6)
    parts.append(partition: 6, rows: 6)
    learner.predict(bad)
    #expect(!learner.backward(bad, parts: parts).isFinite)
    #expect(learner.nonFiniteRows(in: bad).map(\.row) == [4])
    #expect(learner.denseNodes.allSatisfy { $0 == 0 })
    for dealing in [cured, sound] { try dealing.step(batch, counts: [0, 6, 0, 0, 0, 0, 6, 0]) }
    #expect(learner.encodeState() == sound.learners[0].encodeState())
  }

  @Test("go back to those of the whole")
  func back() throws {
    let spec = Case.spec(wide: true)
    var stream = Stream(spec)
    let (one, other) = (Learner(spec: spec, batchCapacity: 9), Learner(spec: spec, batchCapacity: 9))
    other.summation = .byPartition(PartitionTree(count: 4), stretch: 1..<4)
    #expect(other.denseNodes.count == 2 * other.denseGradient.count)
    other.summation = .whole
    #expect(other.denseNodes.count == other.denseGradient.count)
    for _ in 0..<3 {
      let batch = stream.batch(9)
      one.learnAlone(batch)
      try other.learn(batch)
    }
    #expect(one.encodeState() == other.encodeState())
  }
}
