import Learning
import Tensors
import Testing
import Vocabulary

@Suite("States of a model that needs no settings")
struct RecipeStateTests {
  @Test("with wrong bits are refused as damaged, or learned on from: nothing traps", arguments: RecipePreset.allCases)
  func flips(preset: RecipePreset) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("States of a recipe with wrong bits: seed \(seed)")
    var random = SplitMix64(seed: seed)
    let model = RecipeModel(spec: RecipeStream.spec(preset: preset), batchCapacity: 8)
    let stream = RecipeStream()
    model.learn(stream, 0..<160, step: 8)
    let (good, memory) = (model.encodeState(), try #require(model.encodeMemory()))
    var (refused, taken) = (0, 0)
    for trial in 0..<120 {
      let hitsMemory = trial % 2 == 0
      var bad = hitsMemory ? memory : good
      for _ in 0...(random.next() % 3) {
        // Half of them in what comes first, where counts stand.
        let room = UInt64(random.next() % 2 == 0 ? min(600, bad.count - 8) : bad.count - 8)
        let place = Int(random.next() % room)
        switch random.next() % 3 {
        case 0: bad[place] ^= 1 << UInt8(random.next() % 8)
        case 1: for byte in 0..<8 { bad[place & ~7 | byte] = 0xFF }
        default: for byte in 0..<8 { bad[place & ~7 | byte] = byte == 7 ? 0x7F : 0xFF }
        }
      }
      do {
        if hitsMemory { try model.restoreMemory(bad) } else { try model.restoreState(bad) }
        model.learn(stream, 160..<176, step: 8)
        taken += 1
      } catch is LearningError { refused += 1 }
      try model.restoreState(good)
      try model.restoreMemory(memory)
    }
    #expect(refused > 10 && taken > 10, "\(refused) refused, \(taken) taken, seed \(seed)")
    #expect(model.encodeState() == good && model.encodeMemory() == memory)
  }

  @Test("are none of another spec's, and none of a network's")
  func others() throws {
    let model = RecipeModel(spec: RecipeStream.spec(), batchCapacity: 8)
    var spec = RecipeStream.spec()
    spec.recipe = nil
    let network = Learner(spec: spec, batchCapacity: 8)
    #expect(throws: LearningError.self) { try model.restoreState(network.encodeState()) }
    #expect(throws: LearningError.self) { try network.restoreState(model.encodeState()) }
    let values = RecipeModel(spec: RecipeStream.spec(.regression), batchCapacity: 8)
    #expect(throws: LearningError.self) { try model.restoreState(values.encodeState()) }
    #expect(!model.hasShape(of: spec) && !model.hasShape(of: values.spec) && model.hasShape(of: model.spec))
    #expect(throws: LearningError.self) { try model.restoreMemory(values.encodeMemory()) }
  }

  @Test("go on under a schema that was edited: what has the same name is what it was")
  func adopts() throws {
    let stream = RecipeStream(missing: 0, unlabelled: 0)
    let old = RecipeModel(spec: RecipeStream.spec(preset: .best), batchCapacity: 8)
    let loss = old.learn(stream, 0..<2000, step: 8)
    // A number before the others, and a category less.
    var spec = RecipeStream.spec(preset: .best)
    spec.numbers.insert(NumberInput(name: "new"), at: 0)
    spec.categories.removeLast()
    let model = RecipeModel(spec: spec, batchCapacity: 8)
    try model.adoptState(old.encodeState(), of: old.spec, rows: [:], listed: [:])
    try model.memory.adoptState(try #require(old.encodeMemory()))
    let fresh = RecipeModel(spec: spec, batchCapacity: 8)
    var losses = [0.0, 0.0]
    for first in stride(from: 2000, to: 2400, by: 8) {
      let from = stream.batch(first..<(first + 8))
      let batch = spec.makeBatch(capacity: 8)
      batch.count = 8
      for row in 0..<8 {
        batch.numbers[3 * row] = .nan
        batch.numbers[3 * row + 1] = from.numbers[2 * row]
        batch.numbers[3 * row + 2] = from.numbers[2 * row + 1]
        for column in 0..<2 { batch.categories[2 * row + column] = from.categories[3 * row + column] }
        batch.labels[row] = from.labels[row]
      }
      for (place, learner) in [model, fresh].enumerated() { losses[place] += learner.step(batch).local.lossSum / 400 }
    }
    #expect(losses[0] < 1.5 * loss && losses[0] < 0.7 * losses[1])
    // A version of the old spec reads the memory of the new one, by the names of its numbers.
    let frozen = Predictor(
      try FrozenModel(spec: old.spec, state: old.encodeState()), memory: model.memory, batchCapacity: 8)
    frozen.predict(stream.batch(2400..<2408))
    #expect(frozen.outputs.allSatisfy { $0.isFinite })
  }

  @Test("of one preset go on under the other, with the members that both have")
  func presets() throws {
    let stream = RecipeStream(unlabelled: 0)
    let fast = RecipeModel(spec: RecipeStream.spec(), batchCapacity: 8)
    let loss = fast.learn(stream, 0..<2000, step: 8)
    let best = RecipeModel(spec: RecipeStream.spec(preset: .best), batchCapacity: 8)
    try best.adoptState(fast.encodeState(), of: fast.spec, rows: [:], listed: [:])
    try best.restoreMemory(fast.encodeMemory())
    #expect(best.memberWeights.map(\.weight) == [0, fast.memberWeights[0].weight, 0, 0, 0, 0, 0, 0])
    let batch = stream.batch(2000..<2008)
    fast.predict(batch)
    best.predict(batch)
    #expect(Array(fast.outputs) == Array(best.outputs))
    #expect(best.learn(stream, 2000..<3000, step: 8) < 1.2 * loss)
  }

  @Test("a wild label costs a version that stands still as much as the model that learns: as much as a number can be")
  func wildLabel() throws {
    let stream = RecipeStream(task: .regression, unlabelled: 0)
    let model = RecipeModel(spec: RecipeStream.spec(.regression), batchCapacity: 8)
    for step in 0..<8 { model.step(stream.batch((step * 8)..<(step * 8 + 8))) }
    let version = Predictor(try FrozenModel(spec: model.spec, state: model.encodeState()), batchCapacity: 2)
    try version.adoptMemory(try #require(model.encodeMemory()))
    let batch = stream.batch(64..<66)
    batch.labels[1] = 3e38
    version.predict(batch)
    var losses = [Float](repeating: 0, count: 2)
    losses.withUnsafeMutableBufferPointer { version.losses(batch, into: $0.baseAddress!) }
    #expect(losses[0].isFinite && losses[1] == .greatestFiniteMagnitude)
    model.predict(batch)
    #expect(model.backward(batch).lossSum.isFinite)
  }
}
