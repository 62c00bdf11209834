import Learning
import Tensors
import Testing
import Vocabulary

@Suite("What is remembered of records")
struct MemoryTests {
  private static let partitions = 4
  private static let share = 5

  private let spec = LearnerSpec(
    numbers: [NumberInput(name: "a", missingIndicator: true)],
    categories: [CategoryInput(name: "who", buckets: 32, dimension: 2)], hidden: [8], wide: true, task: .binary,
    optimizer: OptimizerSpec(kind: .adam, learningRate: 0.02))

  private func learner(_ plan: LastLabelPlan = LastLabelPlan(), capacity: Int = 32) -> Learner {
    Learner(spec: spec, batchCapacity: capacity, further: [plan])
  }

  /// Records of every category once, whose label is the other one than last time.
  private func alternating(_ step: Int) -> FeatureBatch {
    let batch = spec.makeBatch(capacity: 32)
    batch.count = 32
    for row in 0..<32 {
      batch.numbers[row] = .nan
      batch.categories[row] = UInt32(row)
      batch.labels[row] = (row / 2 + step) % 2 == 0 ? 1 : 0
    }
    return batch
  }

  /// A step of one rank whose batch is the step.
  private func step(_ learner: Learner, _ batch: FeatureBatch) -> LocalStep {
    learner.predict(batch)
    let local = learner.backward(batch)
    learner.absorbOwn()
    learner.remember(learner.facts)
    #expect(learner.apply(labelled: local.labelled, lossSum: local.lossSum).isFinite)
    return local
  }

  /// One step of `Self.partitions` partitions that lie on ranks in turn; facts come in the order of the records.
  private func stepTogether(_ ranks: [Learner], _ batch: FeatureBatch, isOrdered: Bool = true) throws {
    let size = Self.share
    let owned = ranks.indices.map { rank in (0..<Self.partitions).filter { $0 % ranks.count == rank } }
    let shares = owned.map { partitions in
      let part = spec.makeBatch(capacity: batch.capacity)
      part.count = partitions.count * size
      for (place, partition) in partitions.enumerated() {
        for row in 0..<size { part.copyRow(partition * size + row, of: batch, to: place * size + row) }
      }
      return part
    }
    try learnTogether(ranks, shares) {
      var facts: [RecordFact] = []
      for partition in isOrdered ? Array(0..<Self.partitions) : Array((0..<Self.partitions).reversed()) {
        let (rank, place) = (partition % ranks.count, partition / ranks.count)
        facts += ranks[rank].facts.filter { (place * size..<(place + 1) * size).contains(Int($0.row)) }
      }
      #expect(facts.count == ranks.reduce(0) { $0 + $1.facts.count })
      for rank in ranks { rank.remember(facts) }
    }
  }

  @Test("a record is answered from what was known before it, which no weight can know")
  func helps() {
    let (remembers, forgets) = (learner(), Learner(spec: spec, batchCapacity: 32))
    var (last, lastWithout) = (0.0, 0.0)
    for count in 0..<200 {
      let batch = alternating(count)
      last = step(remembers, batch).lossSum / 32
      lastWithout = step(forgets, batch).lossSum / 32
    }
    #expect(last < 0.1)
    #expect(lastWithout > 0.5)
    #expect(forgets.facts.isEmpty && forgets.memory.shelves.isEmpty)
  }

  @Test("what is remembered is the same bits on 1, 2 and 3 ranks, and depends on the order of the records")
  func ranks() throws {
    func run(_ count: Int, isOrdered: Bool = true) throws -> [UInt8] {
      let ranks = (0..<count).map { _ in learner() }
      var stream = Stream(spec, seed: 5)
      for _ in 0..<6 { try stepTogether(ranks, stream.batch(Self.partitions * Self.share), isOrdered: isOrdered) }
      let (memories, states) = (ranks.map { $0.memory.encodeState() }, ranks.map { $0.encodeState() })
      #expect(memories.allSatisfy { $0 == memories[0] })
      #expect(states.allSatisfy { $0 == states[0] })
      return memories[0]
    }
    let alone = try run(1)
    #expect(try run(2) == alone)
    #expect(try run(3) == alone)
    #expect(try run(2, isOrdered: false) != alone)
  }

  @Test("weights and memory go on from their states with the same bits, and neither is part of the other")
  func states() throws {
    let first = learner()
    for count in 0..<5 { _ = step(first, alternating(count)) }
    let (state, memory) = (first.encodeState(), first.memory.encodeState())
    let second = learner()
    try second.restoreState(state)
    #expect(second.memory.encodeState() != memory)
    try second.memory.restoreState(memory)
    #expect(second.memory.encodeState() == memory)
    #expect(second.memory.takeChanges().isEmpty)
    #expect(second.encodeState() == state)
    for count in 5..<9 { #expect(step(first, alternating(count)) == step(second, alternating(count))) }
    #expect(second.encodeState() == first.encodeState())
    #expect(second.memory.encodeState() == first.memory.encodeState())
    #expect(Memory([]).encodeState().count == 8)
  }

  @Test("a damaged memory, or another model's, is refused and changes nothing")
  func damage() throws {
    let learner = learner()
    _ = step(learner, alternating(0))
    let good = learner.memory.encodeState()
    _ = step(learner, alternating(1))
    let held = learner.memory.encodeState()
    for length in stride(from: 0, to: good.count, by: 3) {
      #expect(throws: LearningError.self) { try learner.memory.restoreState(Array(good.prefix(length))) }
    }
    #expect(throws: LearningError.self) { try learner.memory.restoreState(good + [0]) }
    #expect(throws: LearningError.self) { try learner.memory.restoreState(Memory([]).encodeState()) }
    let others = Memory([MemoryForm(name: "last_label", width: 2, capacity: 64)])
    #expect(throws: LearningError.self) { try learner.memory.restoreState(others.encodeState()) }
    // The second key becomes the first one.
    var twice = good
    let entries = good.count - 32 * 12
    twice.replaceSubrange((entries + 12)..<(entries + 20), with: good[entries..<(entries + 8)])
    #expect(throws: LearningError.self) { try learner.memory.restoreState(twice) }
    #expect(learner.memory.encodeState() == held)
    #expect(throws: LearningError.self) { try Predictor(spec: spec, state: learner.encodeState(), batchCapacity: 8) }
  }

  @Test("a version answers with the learner's bits from a memory that follows the changes")
  func follower() throws {
    let learner = learner()
    for count in 0..<3 { _ = step(learner, alternating(count)) }
    let memory = Memory([try #require(LastLabelPlan().memory)])
    try memory.restoreState(learner.memory.encodeState())
    _ = learner.memory.takeChanges()
    for count in 3..<6 { _ = step(learner, alternating(count)) }
    let changes = learner.memory.takeChanges()
    #expect(changes.count == 32, "each key once, however often it changed")
    #expect(learner.memory.takeChanges().isEmpty)
    let model = try ModelParameters(spec: spec, state: learner.encodeState(), further: [LastLabelPlan()])
    let predictor = Predictor(model, memory: memory, batchCapacity: 32)
    let probe = alternating(6)
    learner.predict(probe)
    predictor.predict(probe)
    #expect(answers(predictor) != answers(learner))
    try memory.apply(changes)
    predictor.predict(probe)
    #expect(answers(predictor) == answers(learner))
    #expect(throws: LearningError.self) { try memory.apply([MemoryChange(shelf: 1, key: 0, values: [1])]) }
  }

  @Test("a step that is forgotten is not remembered")
  func forgotten() {
    let learner = learner()
    _ = step(learner, alternating(0))
    let held = learner.memory.encodeState()
    let batch = alternating(1)
    learner.predict(batch)
    let local = learner.backward(batch)
    learner.denseGradient[0] = .nan
    learner.absorbOwn()
    learner.remember(learner.facts)
    #expect(!learner.apply(labelled: local.labelled, lossSum: local.lossSum).isFinite)
    #expect(learner.memory.encodeState() == held)
    learner.discardStep()
    #expect(learner.facts.isEmpty)
    _ = step(learner, batch)
    #expect(learner.memory.encodeState() != held)
  }

  @Test("a shelf that is full takes no new key, goes on with those it has, and says how many it refused")
  func full() {
    let learner = learner(LastLabelPlan(capacity: 20))
    for count in 0..<2 { _ = step(learner, alternating(count)) }
    let shelf = learner.memory.shelves[0]
    #expect(shelf.count == 20)
    #expect(shelf.refused == 24)
    #expect(shelf[31] == nil)
    #expect(shelf[2]?.pointee == 1)
  }

  @Test("an encoder that comes to a model leaves its answers as they were")
  func comes() throws {
    let before = Learner(spec: spec, batchCapacity: 32)
    for count in 0..<5 { _ = step(before, alternating(count)) }
    let after = learner()
    try after.adoptState(before.encodeState(), of: spec)
    let probe = alternating(5)
    before.predict(probe)
    after.predict(probe)
    #expect(answers(after) == answers(before))
    for count in 5..<100 { _ = step(after, alternating(count)) }
    #expect(step(after, alternating(100)).lossSum / 32 < 0.3)
  }

  @Test("versions that are frozen share one memory, and each reads it as it moves on")
  func versions() throws {
    let learner = learner()
    var predictors: [Predictor] = []
    let memory = Memory([try #require(LastLabelPlan().memory)])
    for count in 0..<6 {
      _ = step(learner, alternating(count))
      try memory.apply(learner.memory.takeChanges())
      guard count % 3 == 2 else { continue }
      let model = try ModelParameters(spec: spec, state: learner.encodeState(), further: [LastLabelPlan()])
      predictors.append(Predictor(model, memory: memory, batchCapacity: 32))
    }
    let probe = alternating(6)
    func ask() -> [[Float]] {
      predictors.map { predictor in
        predictor.predict(probe)
        return answers(predictor)
      }
    }
    let before = ask()
    #expect(before[0] != before[1], "they are two versions")
    _ = step(learner, probe)
    let changes = learner.memory.takeChanges()
    #expect(ask() == before)
    try memory.apply(changes)
    for (now, then) in zip(ask(), before) { #expect(now != then) }
    // A version of a time when nothing was remembered reads nothing of it.
    let older = try ModelParameters(spec: spec, state: Learner(spec: spec, batchCapacity: 32).encodeState())
    Predictor(older, memory: memory, batchCapacity: 32).predict(probe)
    #expect(memory.encodeState() == learner.memory.encodeState())
  }

  @Test("goes on under another spec by the names of its encoders, and what is no number is not remembered")
  func adoption() throws {
    func memory(_ forms: [(String, Int)]) -> Memory {
      Memory(forms.map { MemoryForm(name: $0.0, width: $0.1, capacity: 8) })
    }
    let old = memory([("a", 1), ("b", 2), ("c", 1)])
    for shelf in old.shelves { shelf.update(UInt64(10 + shelf.number)) { $0[0] = Float(shelf.number) + 1 } }
    let new = memory([("c", 1), ("new", 1), ("b", 1), ("a", 1)])
    new.shelves[1].update(5) { $0[0] = 5 }
    try new.adoptState(old.encodeState())
    #expect(new.shelves.map(\.count) == [1, 0, 0, 1])
    #expect(new.shelves[0][12]?.pointee == 3 && new.shelves[3][10]?.pointee == 1)
    #expect(throws: LearningError.self) { try new.restoreState(old.encodeState()) }
    let bytes = old.encodeState()
    for length in 0..<bytes.count {
      #expect(throws: LearningError.self) { try new.adoptState(Array(bytes.prefix(length))) }
    }
    #expect(new.shelves.map(\.count) == [1, 0, 0, 1])
    try new.adoptState(Memory([]).encodeState())
    #expect(new.shelves.map(\.count) == [0, 0, 0, 0])

    let learner = learner()
    let batch = alternating(0)
    (batch.labels[3], batch.labels[4]) = (.infinity, .nan)
    learner.predict(batch)
    _ = learner.backward(batch)
    let rows = (0..<32 as Range<UInt32>).filter { $0 != 3 && $0 != 4 }
    #expect(learner.facts.map(\.row) == rows)
  }

  @Test("a memory that is damaged anywhere is refused, or is one of the same form")
  func flips() throws {
    let learner = learner()
    for count in 0..<2 { _ = step(learner, alternating(count)) }
    let good = learner.memory.encodeState()
    let seed = UInt64.random(in: 0..<1 << 32)
    print("damaged memory: seed \(seed)")
    var random = SplitMix64(seed: seed)
    let memory = Memory([try #require(LastLabelPlan().memory)])
    for _ in 0..<2000 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      }
      do {
        try memory.restoreState(bytes)
        #expect(memory.encodeState() == bytes, "seed \(seed)")
      } catch { #expect(error is LearningError, "seed \(seed)") }
      do { try memory.adoptState(bytes) } catch { #expect(error is LearningError, "seed \(seed)") }
    }
  }
}
