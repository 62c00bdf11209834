import Health
import Learning
import Tensors
import Testing
import Vocabulary

@Suite struct `A record's walk through a model` {
  private func warm(_ item: Case) throws -> (Learner, FeatureBatch) {
    var stream = Stream(item.spec)
    let learner = Learner(spec: item.spec, batchCapacity: 12)
    for _ in 0..<3 { try learner.learn(stream.batch(12)) }
    return (learner, stream.batch(12, allLabelled: true))
  }

  @Test(arguments: Case.all)
  func `tells of every input, layer and head, first on the way forward and then back`(_ item: Case) throws {
    let (learner, batch) = try warm(item)
    let stages = learner.walk(3, of: batch).stages
    let inputs = stages.filter { $0.part == .input }.compactMap(\.feature)
    #expect(inputs == item.spec.categories.map(\.name) + item.spec.weighted.map(\.name) + item.spec.numbers.map(\.name))
    let layers = learner.takeHealth().map(\.layer)
    for layer in layers where !layer.hasPrefix("wide") {
      #expect(stages.contains { $0.layer == layer && [.output, .logits].contains($0.part) }, "\(layer)")
    }
    for head in item.spec.heads {
      let name = head.name.isEmpty ? "output" : "output." + head.name
      let parts = stages.filter { $0.layer == name && !$0.isThinned }.map(\.part)
      #expect(parts == [.logits, .answers, .loss, .logitGradient, .weightGradient])
    }
    let isBack = stages.map { [.logitGradient, .weightGradient, .inputGradient, .rowGradient].contains($0.part) }
    #expect(isBack == isBack.sorted { !$0 && $1 })
    #expect(isBack.contains(true) && stages.allSatisfy { $0.nonFinite == 0 })
  }

  @Test(arguments: Case.all)
  func `ends with what the learner answers, and changes nothing`(_ item: Case) throws {
    let (learner, batch) = try warm(item)
    let before = learner.encodeState()
    let walk = learner.walk(5, of: batch)
    #expect(walk.finding == nil && !walk.isModelToBlame)
    #expect(learner.encodeState() == before)
    learner.predict(batch)
    let width = learner.outputCount
    let own = answers(learner)[(5 * width)..<(6 * width)]
    let stage = try #require(walk.stages.first { $0.part == .answers })
    #expect(stage.count == width)
    #expect(stage.least == own.min().map(Double.init) && stage.most == own.max().map(Double.init))
  }

  @Test(arguments: Case.all)
  func `goes on through the update that the record alone would make`(_ item: Case) throws {
    let (learner, batch) = try warm(item)
    let twin = Learner(spec: item.spec, batchCapacity: 12)
    try twin.restoreState(learner.encodeState())
    twin.learnAlone(batch.rows(7..<8))
    let (update, stages) = learner.walkUpdate(7, of: batch)
    #expect(update.isFinite && learner.parametersDigestInput == twin.parametersDigestInput)
    #expect(!stages.isEmpty && stages.allSatisfy { $0.part == .updated && $0.nonFinite == 0 })
  }

  @Test func `says what a record gives an input, and names the first number that is none`() throws {
    var spec = Case.spec(activation: .relu, wide: true)
    spec.weighted = [WeightedInput(name: "w", rows: 9, dimension: 4, activates: false)]
    let learner = Learner(spec: spec, batchCapacity: 4)
    var stream = Stream(spec)
    try learner.learn(stream.batch(4))
    let batch = stream.batch(4, allLabelled: true)
    batch.numbers[2 * 3 + 1] = .infinity
    batch.weighted[0].open(3)
    let walk = learner.walk(2, of: batch)
    let b = try #require(walk.stages.first { $0.feature == "b" })
    #expect(b.given == .number(.infinity) && b.nonFinite > 0)
    #expect(walk.firstNonFinite.map { walk.stages[$0].feature } == "b")
    #expect(walk.finding == NonFiniteRow(row: 2, layer: "input", feature: "b"))
    let other = learner.walk(3, of: batch)
    #expect(other.firstNonFinite == nil)
    #expect(other.stages.first { $0.feature == "w" }?.given == .pairs(0, heaviest: 0))
    #expect(other.stages.first { $0.feature == "k" }?.given == .rows([batch.categories[3 * 2]]))
  }
}
