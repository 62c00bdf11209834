import Foundation
import Health
import Learning
import Tensors
import Testing
import Vocabulary

@Suite("A model that needs no settings")
struct RecipeTests {
  static let tasks: [LearnerSpec.Task] = [.binary, .multiclass(classes: 4), .regression]

  private func model(
    _ task: LearnerSpec.Task = .binary, _ preset: RecipePreset = .fast, capacity: Int = 64
  ) -> RecipeModel {
    RecipeModel(spec: RecipeStream.spec(task, preset: preset), batchCapacity: capacity)
  }

  @Test("learns what numbers, small integers and categories say", arguments: RecipePreset.allCases, [1, 8])
  func learns(preset: RecipePreset, step: Int) {
    let stream = RecipeStream()
    // Of a coin with this bias the entropy is above 0.6.
    #expect(model(.binary, preset).learn(stream, 0..<3000, step: step) < 0.25)
    let values = RecipeStream(task: .regression)
    let variance = 20.0 * 20 * (1 + 4 * 0.16 + 4)
    #expect(model(.regression, preset).learn(values, 0..<3000, step: step) < variance / 6)
    let classes = RecipeStream(task: .multiclass(classes: 4))
    #expect(model(.multiclass(classes: 4), preset).learn(classes, 0..<3000, step: step) < 0.95 * log(4))
  }

  @Test(
    "goes on from its state and memory with the same bits", arguments: tasks, RecipePreset.allCases)
  func resumes(task: LearnerSpec.Task, preset: RecipePreset) throws {
    let stream = RecipeStream(task: task)
    let whole = model(task, preset)
    whole.learn(stream, 0..<300, step: 5)
    let (state, memory) = (whole.encodeState(), whole.encodeMemory())
    let resumed = model(task, preset)
    resumed.learn(RecipeStream(task: task, seed: 9), 0..<50, step: 5)
    try resumed.restoreState(state)
    try resumed.restoreMemory(memory)
    #expect(resumed.encodeState() == state && resumed.encodeMemory() == memory)
    whole.learn(stream, 300..<500, step: 5)
    resumed.learn(stream, 300..<500, step: 5)
    #expect(resumed.wholeState == whole.wholeState)
    #expect(whole.digestState() == resumed.digestState())
  }

  @Test("is answered with the same bits by a version's predictor that reads the memory", arguments: tasks)
  func predictor(task: LearnerSpec.Task) throws {
    let stream = RecipeStream(task: task)
    let learned = model(task, .best)
    learned.learn(stream, 0..<400, step: 4)
    let frozen = try FrozenModel(spec: learned.spec, state: learned.encodeState())
    #expect(frozen.firstNonFiniteParameter() == nil)
    let own = Predictor(frozen, memory: learned.memory, batchCapacity: 16)
    let served = Predictor(frozen, batchCapacity: 16)
    try served.adoptMemory(try #require(learned.encodeMemory()))
    let batch = stream.batch(400..<416)
    learned.predict(batch)
    for predictor in [own, served] {
      #expect(predictor.remembers)
      predictor.predict(batch)
      #expect(Array(predictor.outputs) == Array(learned.outputs))
      #expect((0..<16).allSatisfy { predictor.isFinite(row: $0) })
    }
    // An older version's weights read the newer memory.
    learned.learn(stream, 400..<440, step: 4)
    let before = Array(own.outputs)
    own.predict(batch)
    #expect(Array(own.outputs) != before)
    served.predict(batch)
    #expect(Array(served.outputs) == before)
    try served.adoptMemory(try #require(learned.encodeMemory()))
    served.predict(batch)
    #expect(Array(served.outputs) == Array(own.outputs))
  }

  @Test("has nothing of a label before it is learned", arguments: RecipePreset.allCases)
  func leaks(preset: RecipePreset) {
    let stream = RecipeStream(unlabelled: 0)
    func outputs(spoiling: Range<Int>, to garbage: Float) -> [[Float]] {
      let learner = model(.binary, preset)
      return (0..<40).map { number in
        let batch = stream.batch((8 * number)..<(8 * number + 8))
        for row in 0..<8 where spoiling.contains(8 * number + row) { batch.labels[row] = garbage }
        learner.step(batch)
        return Array(learner.outputs)
      }
    }
    let clean = outputs(spoiling: 0..<0, to: 0)
    // What is answered up to and with step 20 is the same, whatever its labels and those after it are.
    for garbage: Float in [0, 1, .nan] {
      let spoiled = outputs(spoiling: (8 * 20)..<(8 * 40), to: garbage)
      #expect(Array(spoiled[0...20]) == Array(clean[0...20]))
      // And the test would notice: what comes then is another.
      #expect(spoiled[21] != clean[21])
    }
  }

  @Test("takes neither a value that is no number into a mean, nor a wild one at its word")
  func firewall() throws {
    let learner = model(.regression)
    let stream = RecipeStream(task: .regression, missing: 0, unlabelled: 0)
    learner.learn(stream, 0..<400, step: 4)
    let before = learner.learn(stream, 400..<800, step: 4)
    let batch = stream.batch(800..<804)
    batch.numbers[0] = .infinity
    batch.numbers[2] = 3e38
    batch.labels[1] = -3e38
    batch.labels[2] = .nan
    let (local, update) = learner.step(batch)
    #expect(local.isFinite && update.isFinite && local.labelled == 3)
    #expect(learner.wildValues.contains { $0.place == .number(0) && $0.row == 1 })
    #expect(learner.wildValues.contains { $0.place == .label(0) && $0.row == 1 })
    #expect(learner.nonFiniteRows(in: batch).isEmpty)
    let frozen = try FrozenModel(spec: learner.spec, state: learner.encodeState())
    #expect(frozen.firstNonFiniteParameter() == nil)
    #expect(learner.learn(stream, 804..<1200, step: 4) < 2 * before)
  }

  @Test("knows classes as they are found, and learns nothing of others")
  func classes() {
    var spec = RecipeStream.spec(.multiclass(classes: 6))
    spec.heads[0].known = 0
    let learner = RecipeModel(spec: spec, batchCapacity: 8)
    var stream = RecipeStream(task: .multiclass(classes: 2), unlabelled: 0)
    learner.know(classes: 2)
    learner.learn(stream, 0..<200, step: 8)
    learner.predict(stream.batch(200..<208))
    for row in 0..<8 {
      let answers = Array(learner.outputs[(6 * row)..<(6 * row + 6)])
      #expect(answers[2...].allSatisfy { $0 == 0 })
      #expect(abs(answers[0] + answers[1] - 1) < 1e-5)
    }
    learner.know(classes: 4)
    stream.task = .multiclass(classes: 4)
    learner.learn(stream, 200..<600, step: 8)
    learner.predict(stream.batch(600..<608))
    #expect((0..<8).contains { learner.outputs[6 * $0 + 3] > 0.1 })
  }

  @Test("learns a record as often as it weighs, and nothing of one that weighs nothing")
  func weights() {
    let stream = RecipeStream(unlabelled: 0)
    let (plain, weighed) = (model(), model())
    for first in stride(from: 0, to: 200, by: 4) {
      plain.step(stream.batch(first..<(first + 4)))
      let batch = stream.batch(first..<(first + 4), weighs: true)
      weighed.step(batch)
    }
    #expect(plain.wholeState == weighed.wholeState)
    let nothing = stream.batch(200..<204, weighs: true)
    for row in 0..<4 { nothing.weights?[row] = 0 }
    let before = weighed.encodeMemory()
    let (local, _) = weighed.step(nothing)
    #expect(local.weight == 0 && weighed.encodeMemory() == before)
  }

  @Test("shows the health of each layer")
  func health() {
    let learner = model(.binary, .best)
    learner.learn(RecipeStream(), 0..<200, step: 4)
    let layers = learner.takeHealth()
    #expect(
      layers.map(\.layer) == [
        "plain.first", "plain.second", "deep.first", "deep.second", "replayed.first", "replayed.second", "output",
      ])
    for layer in layers {
      #expect(layer.steps == 50 && layer.sketch.count > 0 && layer.weightNorm > 0 && layer.updateNormSum > 0)
      #expect(layer.sketch.nonFinite == 0 && layer.gradientSquaredNormSum > 0)
    }
    #expect(learner.takeHealth().allSatisfy { $0.steps == 0 && $0.sketch.count == 0 })
  }

  @Test("weighs members by what they are worth")
  func worth() {
    let learner = model(.binary, .best)
    #expect(learner.memberWeights.map(\.weight) == [0.25, 0.25, 0.25, 0.25, 0, 0, 0, 0])
    learner.learn(RecipeStream(), 0..<2000, step: 4)
    #expect(learner.memberWeights.contains { abs($0.weight - 0.25) > 0.01 })
    #expect(learner.memberWeights.suffix(4).contains { $0.weight != 0 })
  }
}
