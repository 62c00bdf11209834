import Learning
import Tensors
import Testing

@Suite("How much answers hang on little")
struct AnswerProbeTests {
  /// One number, of mean 0 and deviation 1; the label is its sign.
  private func steep(_ rows: Int, from first: Int) -> FeatureBatch {
    let batch = Self.spec.makeBatch(capacity: rows)
    batch.count = rows
    for row in 0..<rows {
      batch.numbers[row] = Float((first + row) % 41 - 20) / 12
      batch.labels[row] = batch.numbers[row] > 0 ? 1 : 0
      batch.keys[row] = UInt64(first + row)
    }
    return batch
  }

  private static let spec = LearnerSpec(
    numbers: [NumberInput(name: "x")], categories: [], hidden: [8], activation: .tanh, task: .binary,
    optimizer: OptimizerSpec(kind: .adam, learningRate: 0.05), seed: 5)

  private func learned(_ steps: Int) throws -> FrozenModel {
    let learner = Learner(spec: Self.spec, batchCapacity: 41)
    for step in 0..<steps { _ = try learner.learn(steep(41, from: step * 41)) }
    return try FrozenModel(spec: Self.spec, state: learner.encodeState())
  }

  @Test("answers at the edge flip, those far from it do not; the records are as they were")
  func flips() throws {
    let batch = steep(64, from: 0)
    for row in 0..<64 { batch.numbers[row] = (row % 2 == 0 ? 1 : -1) * 0.001 }
    let numbers = Array(UnsafeBufferPointer(start: batch.numbers, count: 64))
    let near = try AnswerProbe(learned(60), memory: nil, batch)
    #expect(near.records == 64 && (20...44).contains(near.flipped), "\(near.flipped)")
    #expect(Array(UnsafeBufferPointer(start: batch.numbers, count: 64)) == numbers)
    for row in 0..<64 { batch.numbers[row] = row % 2 == 0 ? 1.5 : -1.5 }
    let far = try AnswerProbe(learned(60), memory: nil, batch)
    #expect(far.records == 64 && far.flippedShare == 0)
  }

  @Test("weights in eight bits lose a little, and nothing more once they are")
  func bytes() throws {
    let model = try learned(60)
    let exact = model.canonicalBytes
    let once = try AnswerProbe(model, memory: nil, steep(41, from: 0))
    let rise = try #require(once.byteLossRise)
    #expect(once.labelled == 41 && rise != 0 && abs(rise) < 0.05, "\(rise)")
    #expect(model.canonicalBytes != exact)
    let again = try #require(try AnswerProbe(model, memory: nil, steep(41, from: 0)).byteLossRise)
    #expect(abs(again) < 1e-5, "\(again)")
  }

  @Test("a recipe is probed as a network is, with what it remembers", arguments: [RecipePreset.fast, .best])
  func recipe(preset: RecipePreset) throws {
    let stream = RecipeStream()
    let model = RecipeModel(spec: RecipeStream.spec(preset: preset), batchCapacity: 64)
    for step in 0..<40 { model.step(stream.batch((step * 64)..<(step * 64 + 64))) }
    let frozen = try FrozenModel(spec: model.spec, state: model.encodeState())
    let probe = try AnswerProbe(frozen, memory: model.encodeMemory(), stream.batch(2560..<2624))
    #expect(probe.records == 64 && (1..<20).contains(probe.flipped), "\(probe.flipped)")
    let rise = try #require(probe.byteLossRise)
    #expect(rise != 0 && abs(rise) < 0.1, "\(rise)")
  }

  @Test("of many looks the newest count, and none says nothing")
  func sums() throws {
    var sum = AnswerProbe()
    #expect(sum.flippedShare == nil && sum.byteLossRise == nil)
    let one = try AnswerProbe(learned(60), memory: nil, steep(41, from: 0))
    for _ in 0..<1000 { sum.add(one) }
    #expect(sum.records <= 8192 && sum.records > 4000)
    let (share, own) = (try #require(sum.flippedShare), try #require(one.flippedShare))
    #expect(abs(share - own) < 0.01)
  }

  @Test("of classes those that are known are answers; before the first there is nothing to compare")
  func foundClasses() throws {
    var spec = Self.spec
    spec.heads[0] = HeadSpec(task: .multiclass(classes: 4))
    let learner = Learner(spec: spec, batchCapacity: 64)
    let batch = steep(64, from: 0)
    for row in 0..<64 { batch.numbers[row] = (row % 2 == 0 ? 1 : -1) * 0.001 }
    learner.know(classes: 2)
    for step in 0..<60 { _ = try learner.learn(steep(41, from: step * 41)) }
    for (known, isCompared) in [(0, false), (2, true)] {
      spec.heads[0].known = known
      let probe = try AnswerProbe(try FrozenModel(spec: spec, state: learner.encodeState()), memory: nil, batch)
      #expect(isCompared ? probe.records == 64 && probe.flipped > 9 : probe == AnswerProbe(), "\(probe)")
    }
  }
}
