import Learning
import Tensors
import Testing
import Vocabulary

@Suite struct `Saved states and attachments` {
  private let spec = Case.spec(wide: true, task: .regression)

  @Test func `of another spec are refused with the difference`() throws {
    let state = Learner(spec: spec, batchCapacity: 1).encodeState()
    let other = Learner(spec: Case.spec(hidden: [19, 7], wide: true, task: .regression), batchCapacity: 1)
    let error = #expect(throws: LearningError.self) { try other.restoreState(state) }
    #expect(error?.code == .anotherSpec)
    #expect(error?.reason.contains("[19, 6]") == true)
    #expect(throws: LearningError.self) { try Predictor(spec: other.spec, state: state, batchCapacity: 1) }
  }

  @Test func `may be taken over by a spec with other rates and clips`() throws {
    let state = Learner(spec: spec, batchCapacity: 1).encodeState()
    var changed = spec
    changed.optimizer.learningRate = 0.5
    changed.clipping = GradientClipping(globalNorm: nil, value: 1)
    try Learner(spec: changed, batchCapacity: 1).restoreState(state)
  }

  @Test func `cut short, lengthened or from the future are refused and change nothing`() throws {
    let learner = Learner(spec: spec, batchCapacity: 4)
    var stream = Stream(spec)
    let fresh = learner.encodeState()
    try learner.learn(stream.batch(4))
    let before = learner.encodeState()
    for length in stride(from: 0, to: fresh.count, by: 97) {
      #expect(throws: LearningError.self) { try learner.restoreState(Array(fresh.prefix(length))) }
    }
    #expect(throws: LearningError.self) { try learner.restoreState(fresh + [0]) }
    var future = fresh
    future[4] = 99
    let error = #expect(throws: LearningError.self) { try learner.restoreState(future) }
    #expect(error?.code == .fromTheFuture)
    #expect(learner.encodeState() == before)
  }

  @Test func `attachments that are damaged are refused whatever byte is wrong in their structure`() throws {
    var stream = Stream(spec)
    let rig = AttachmentRig(spec, stream.batch(8))
    try rig.absorb(rig.good)
    for length in 0..<rig.good.count { #expect(rig.refuses { $0.removeLast($0.count - length) }) }
    // Magic and the four counts.
    for position in 0..<20 { #expect(rig.refuses { $0[position] ^= 0x41 }) }
    // A row outside all tables, and rows that do not ascend.
    let columns = spec.numbers.count + 1
    let rows = 40 + columns * 24 + 8 * (8 + columns * 4)
    #expect(rig.refuses { $0[rows + 3] = 0xff })
    #expect(rig.refuses { $0.replaceSubrange((rows + 4)..<(rows + 8), with: rig.good[rows..<(rows + 4)]) })
  }

  /// The state as it was before programs knew which values were met.
  private func withoutValues(_ state: [UInt8], afterRanges offset: Int) -> [UInt8] {
    func count(_ place: Int) -> Int {
      Int(state[place..<(place + 8)].withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
    }
    var start = offset
    for _ in 0..<3 { start += 8 + count(start) * 4 }
    var end = start
    for _ in spec.categories { end += 8 + count(end) * 8 }
    return Array(state[..<start] + state[end...])
  }

  @Test func `of the format before values were counted go on with the same bits`() throws {
    let learner = Learner(spec: spec, batchCapacity: 8)
    var stream = Stream(spec)
    for _ in 0..<5 { try learner.learn(stream.batch(8)) }
    let state = learner.encodeState()
    let shape = Int(state[8..<12].withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
    let columns = spec.numbers.count + 1
    let dense = 12 + shape + 16 + 3 * (8 + columns * 8) + (8 + columns * 64 * 4) + 5 * (8 + columns * 8)
    var old = withoutValues(state, afterRanges: dense)
    #expect(old.count < state.count)
    old[4] = 3
    let restored = Learner(spec: spec, batchCapacity: 8)
    try restored.learn(stream.batch(8))
    try restored.restoreState(old)
    let batch = stream.batch(8)
    try learner.learn(batch)
    try restored.learn(batch)
    #expect(restored.parametersDigestInput == learner.parametersDigestInput)
    _ = try Predictor(spec: spec, state: old, batchCapacity: 8)
  }

  @Test func `of the format before usual ranges go on with the same statistics`() throws {
    let learner = Learner(spec: spec, batchCapacity: 8)
    var stream = Stream(spec)
    for _ in 0..<5 { try learner.learn(stream.batch(8)) }
    var old = learner.encodeState()
    let shape = Int(old[8..<12].withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
    let columns = spec.numbers.count + 1
    let ranges = 12 + shape + 16 + 3 * (8 + columns * 8)
    old.removeSubrange(ranges..<(ranges + (8 + columns * 64 * 4) + 5 * (8 + columns * 8)))
    old = withoutValues(old, afterRanges: ranges)
    old[4] = 2
    let restored = Learner(spec: spec, batchCapacity: 8)
    try restored.learn(stream.batch(8))
    try restored.restoreState(old)
    let batch = stream.batch(8)
    learner.predict(batch)
    restored.predict(batch)
    #expect(Array(restored.outputs) == Array(learner.outputs))
    #expect(restored.statistics(ofNumber: 0).scale == 0)
    try restored.learn(batch)
    _ = try Predictor(spec: spec, state: old, batchCapacity: 8)
  }

  @Test func `parameters have canonical bytes that follow the parameters only`() throws {
    let learner = Learner(spec: spec, batchCapacity: 4)
    let same = Learner(spec: spec, batchCapacity: 400)
    #expect(learner.parametersDigestInput == same.parametersDigestInput)
    var stream = Stream(spec)
    let unlabelled = stream.batch(4)
    for row in 0..<4 { unlabelled.labels[row] = .nan }
    #expect(try !learner.learn(unlabelled).tookGradient)
    #expect(learner.parametersDigestInput == same.parametersDigestInput)
    #expect(learner.encodeState() != same.encodeState())
    #expect(try learner.learn(stream.batch(4)).tookGradient)
    try learner.learn(stream.batch(4))
    #expect(learner.parametersDigestInput != same.parametersDigestInput)
  }
}
