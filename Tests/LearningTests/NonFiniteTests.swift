import Health
import Learning
import Tensors
import Testing
import Vocabulary

@Suite struct `A bad number` {
  private var stream: Stream
  private let learner: Learner
  private let spec: LearnerSpec

  init() throws {
    spec = Case.spec(activation: .relu, wide: true)
    stream = Stream(spec)
    learner = Learner(spec: spec, batchCapacity: 12)
    for _ in 0..<3 { try learner.learn(stream.batch(12, allLabelled: true)) }
  }

  /// "b" is taken as it is, and weights above 1 make its huge value overflow.
  private func steepState() throws -> [UInt8] {
    let position = try firstParameter(learner)
    var state = learner.encodeState()
    for offset in stride(from: position, to: position + 384 * 4, by: 4) {
      let weight = state[offset..<(offset + 4)].withUnsafeBytes { $0.loadUnaligned(as: Float.self) }
      withUnsafeBytes(of: weight * 16) { state.replaceSubrange(offset..<(offset + 4), with: $0) }
    }
    return state
  }

  @Test mutating func `leaves no trace in what health counts, nor does a step that is made again`() throws {
    let batch = stream.batch(12, allLabelled: true)
    let rest = spec.makeBatch(capacity: 12)
    rest.count = 11
    for row in 0..<11 { rest.copyRow(row < 5 ? row : row + 1, of: batch, to: row) }
    let state = try steepState()
    let twin = Learner(spec: spec, batchCapacity: 12)
    for each in [learner, twin] {
      try each.restoreState(state)
      // Counts of earlier steps stay.
      _ = each.takeHealth()
      each.predict(rest)
      let local = each.backward(rest)
      each.absorbOwn()
      #expect(each.apply(labelled: local.labelled, lossSum: local.lossSum).isFinite)
    }
    batch.numbers[5 * 3 + 1] = .greatestFiniteMagnitude
    learner.predict(batch)
    #expect(!learner.backward(batch).isFinite)
    #expect(learner.nonFiniteRows(in: batch).map(\.row) == [5])
    learner.predict(rest)
    #expect(learner.backward(rest).isFinite)
    learner.discardStep()
    for each in [learner, twin] {
      each.predict(rest)
      let local = each.backward(rest)
      each.absorbOwn()
      #expect(each.apply(labelled: local.labelled, lossSum: local.lossSum).isFinite)
    }
    let (found, expected) = (learner.takeHealth(), twin.takeHealth())
    #expect(found == expected)
    #expect(expected.allSatisfy { $0.sketch.nonFinite == 0 && $0.steps == 2 })
    let first = try #require(expected.first).sketch
    #expect(first.count == 22 * Int64(first.unitActivity.count) && first.count > 0)
  }

  @Test mutating func `in a record is found by row, layer and feature`() throws {
    let batch = stream.batch(12, allLabelled: true)
    try learner.restoreState(steepState())
    batch.numbers[5 * 3 + 1] = .greatestFiniteMagnitude
    learner.predict(batch)
    let local = learner.backward(batch)
    #expect(!local.isFinite)
    learner.discardStep()
    let found = learner.nonFiniteRows(in: batch)
    #expect(found.map(\.row) == [5])
    #expect(found.first?.feature == "b")
    #expect(found.first?.layer == "hidden_1")
  }

  @Test(arguments: [LearnerSpec.Kind.network, .linear])
  func `in a weighted input is found by row and feature`(_ kind: LearnerSpec.Kind) throws {
    var spec = Case.spec(wide: true)
    (spec.kind, spec.hidden) = (kind, kind == .linear ? [] : spec.hidden)
    spec.weighted = ["v", "w"].map { WeightedInput(name: $0, rows: 9, dimension: 4, activates: false) }
    let learner = Learner(spec: spec, batchCapacity: 12)
    var stream = Stream(spec)
    for _ in 0..<3 { try learner.learn(stream.batch(12, allLabelled: true)) }
    let batch = stream.batch(12, allLabelled: true)
    let sound = batch.weighted[1]
    let pairs = (0..<12).map { row in sound.places(of: row).map { (sound.rows[$0], sound.weights[$0]) } }
    for row in 0..<12 {
      sound.open(row)
      for (key, weight) in pairs[row] { sound.append(row: key, weight: weight, to: row) }
      guard row == 7 else { continue }
      // So many that their sum overflows, however small the weights of the rows are.
      for place in 0..<9000 { sound.append(row: UInt32(place / 1000), weight: .greatestFiniteMagnitude, to: row) }
    }
    learner.predict(batch)
    #expect(!learner.backward(batch).isFinite)
    learner.discardStep()
    let found = learner.nonFiniteRows(in: batch)
    #expect(found.map(\.row) == [7] && found.first?.feature == "w")
  }

  @Test func `that only the gradient of a weighted row would be is found by row and feature`() throws {
    var spec = Case.spec(wide: true)
    (spec.kind, spec.hidden) = (.linear, [])
    spec.weighted = [WeightedInput(name: "w", rows: 9, dimension: 4, activates: false)]
    // Its weights are 0 as yet: however heavy a pair is, what is predicted is a number.
    let learner = Learner(spec: spec, batchCapacity: 12)
    var stream = Stream(spec)
    let batch = stream.batch(12, allLabelled: true)
    let pairs = batch.weighted[0]
    for row in 0..<12 {
      pairs.open(row)
      pairs.append(row: 3, weight: row == 7 ? .greatestFiniteMagnitude : 1, to: row)
    }
    learner.predict(batch)
    #expect(learner.backward(batch).isFinite)
    learner.discardStep()
    let found = learner.nonFiniteRows(in: batch)
    #expect(found.map(\.row) == [7])
    #expect(found.first?.feature == "w")
    #expect(found.first?.layer == "embedding.w")
  }

  @Test(arguments: Case.all)
  func `in no record: nothing is found, and the search changes nothing`(_ item: Case) throws {
    var stream = Stream(item.spec)
    let learner = Learner(spec: item.spec, batchCapacity: 12)
    for _ in 0..<3 { try learner.learn(stream.batch(12)) }
    let batch = stream.batch(12)
    let before = learner.encodeState()
    #expect(learner.nonFiniteRows(in: batch).isEmpty)
    #expect(learner.encodeState() == before)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity], [nil, Float(0.5)])
  func `in a reduced gradient is never applied`(_ bad: Float, _ valueLimit: Float?) throws {
    var limited = spec
    limited.clipping.value = valueLimit
    var stream = stream
    let learner = Learner(spec: limited, batchCapacity: 12)
    let batch = stream.batch(12)
    learner.predict(batch)
    let local = learner.backward(batch)
    learner.denseGradient[3] = bad
    var attachment: [UInt8] = []
    learner.appendAttachment(to: &attachment)
    try attachment.withUnsafeBytes { try learner.absorb(attachments: [$0]) }
    let before = learner.encodeState()
    let update = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
    #expect(!update.isFinite)
    #expect(learner.encodeState() == before)
    #expect(try firstNonFiniteParameter(of: learner) == nil)
  }

  @Test func `in a parameter is named by layer`() throws {
    var state = learner.encodeState()
    let position = try firstParameter(learner)
    state.replaceSubrange(position..<(position + 4), with: [0, 0, 0xc0, 0x7f])
    try learner.restoreState(state)
    #expect(try firstNonFiniteParameter(of: learner) == "hidden_1")
  }

  @Test func `never comes from finite records, however large`() throws {
    var random = SplitMix64(seed: 2)
    for item in Case.all where item.spec.task != .regression {
      var spec = item.spec
      for index in spec.numbers.indices { spec.numbers[index].standardize = true }
      let learner = Learner(spec: spec, batchCapacity: 16)
      var stream = Stream(spec)
      for _ in 0..<20 {
        let batch = stream.batch(16)
        for index in 0..<(16 * spec.numbers.count) where random.nextUnit() < 0.3 {
          batch.numbers[index] = Float(bitPattern: UInt32.random(in: 0..<Float.infinity.bitPattern, using: &random))
        }
        #expect(try learner.learn(batch).isFinite, "\(item.name)")
      }
      #expect(try firstNonFiniteParameter(of: learner) == nil)
    }
  }

  private func firstNonFiniteParameter(of learner: Learner) throws -> String? {
    try ModelParameters(spec: learner.spec, state: learner.encodeState()).firstNonFiniteParameter()
  }

  /// Where the first weight of the first layer lies in the encoded state.
  private func firstParameter(_ learner: Learner) throws -> Int {
    let state = learner.encodeState()
    let weight = Array(learner.parametersDigestInput.prefix(4))
    return try #require(state.indices.dropLast(4).first { Array(state[$0..<($0 + 4)]) == weight })
  }
}
