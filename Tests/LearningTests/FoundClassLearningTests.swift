import Health
import Learning
import Tensors
import Testing

@Suite("Outputs of classes that are found")
struct FoundClassLearningTests {
  private static func spec(_ classes: Int, known: Int?, _ change: (inout HeadSpec) -> Void = { _ in }) -> LearnerSpec {
    var spec = Case.spec(wide: true)
    var head = HeadSpec(task: .multiclass(classes: classes))
    head.known = known
    change(&head)
    spec.heads = [head]
    return spec
  }

  private static func batch(_ spec: LearnerSpec, classes: Int) -> FeatureBatch {
    var stream = Stream(spec, seed: 4)
    let batch = stream.batch(16)
    for row in 0..<16 { batch.labels[row] = row % 5 == 4 ? .nan : Float(row % max(1, classes)) }
    return batch
  }

  static let losses: [(name: String, change: @Sendable (inout HeadSpec) -> Void)] = [
    ("plain", { _ in }), ("smoothed", { $0.labelSmoothing = 0.1 }), ("focal", { $0.loss = .focal(gamma: 2) }),
    ("tempered", { $0.temperature = .fixed(2) }), ("learned", { $0.temperature = .learned }),
  ]

  @Test("those that are not known answer 0 and learn nothing, whatever the loss", arguments: losses.indices)
  func unknown(place: Int) throws {
    let spec = Self.spec(40, known: 3, Self.losses[place].change)
    let learner = Learner(spec: spec, batchCapacity: 16)
    let batch = Self.batch(spec, classes: 3)
    for _ in 0..<5 {
      learner.predict(batch)
      for row in 0..<16 {
        let outputs = learner.outputs[(row * 40)..<(row * 40 + 40)]
        #expect(outputs.dropFirst(3).allSatisfy { $0 == 0 } && abs(outputs.reduce(0, +) - 1) < 1e-5)
      }
      let local = learner.backward(batch)
      #expect(local.isFinite && local.labelled == 13)
      // The wide weights are the last of a row's.
      #expect(learner.touchedRows.allSatisfy { $0.gradient.suffix(37).allSatisfy { $0 == 0 } })
      learner.absorbOwn()
      #expect(learner.apply(labelled: local.labelled, lossSum: local.lossSum).isFinite)
    }
    learner.know(classes: 4)
    learner.predict(batch)
    #expect((0..<16).allSatisfy { learner.outputs[$0 * 40 + 3] > 0 && learner.outputs[$0 * 40 + 4] == 0 })
  }

  @Test("of none or one nothing is asked: the loss is 0, and nothing traps", arguments: [0, 1])
  func few(known: Int) throws {
    let spec = Self.spec(6, known: known)
    let learner = Learner(spec: spec, batchCapacity: 16)
    let batch = Self.batch(spec, classes: known)
    if known == 0 { for row in 0..<16 { batch.labels[row] = .nan } }
    learner.predict(batch)
    let local = learner.backward(batch)
    #expect(local.lossSum == 0 && local.isFinite)
    learner.absorbOwn()
    #expect(learner.apply(labelled: local.labelled, lossSum: 0).isFinite)
    let predictor = try Predictor(spec: spec, state: learner.encodeState(), batchCapacity: 16)
    predictor.predict(batch)
    #expect(predictor.outputCount == known && predictor.outputs.allSatisfy { $0 == 1 })
  }

  @Test("listed classes go on among those that are found, and answer as before", arguments: [40, 2])
  func extended(room: Int) throws {
    let old = Self.spec(3, known: nil)
    let before = Learner(spec: old, batchCapacity: 16)
    let batch = Self.batch(old, classes: 3)
    for _ in 0..<5 {
      before.predict(batch)
      let local = before.backward(batch)
      before.absorbOwn()
      _ = before.apply(labelled: local.labelled, lossSum: local.lossSum)
    }
    let after = Learner(spec: Self.spec(room, known: min(room, 3)), batchCapacity: 16)
    try after.adoptState(before.encodeState(), of: old)
    guard room >= 3 else { return }
    before.predict(batch)
    after.predict(batch)
    for row in 0..<16 {
      for place in 0..<3 { #expect(after.outputs[row * room + place] == before.outputs[row * 3 + place]) }
    }
  }

  @Test("without classes that are found another number of them is another model")
  func refused() throws {
    let old = Learner(spec: Self.spec(3, known: nil), batchCapacity: 16)
    let new = Learner(spec: Self.spec(4, known: nil), batchCapacity: 16)
    #expect(throws: LearningError.self) { try new.adoptState(old.encodeState(), of: old.spec) }
  }

  @Test("of a linear model those that are not known are no dead outputs")
  func health() throws {
    var spec = Self.spec(64, known: 3)
    (spec.kind, spec.hidden, spec.wide) = (.linear, [], false)
    let learner = Learner(spec: spec, batchCapacity: 16)
    let batch = Self.batch(spec, classes: 3)
    for _ in 0..<10 {
      learner.predict(batch)
      let local = learner.backward(batch)
      learner.absorbOwn()
      #expect(learner.apply(labelled: local.labelled, lossSum: local.lossSum).isFinite)
    }
    learner.know(classes: 5)
    let output = try #require(learner.takeHealth().last { !$0.sketch.unitActivity.isEmpty })
    #expect(output.sketch.unitActivity.count == 5 && output.sketch.deadUnits == 2 && output.sketch.count == 480)
  }
}
