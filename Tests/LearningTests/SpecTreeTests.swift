import Learning
import Testing

@Suite("A spec as a tree")
struct SpecTreeTests {
  private var spec: LearnerSpec {
    var spec = LearnerSpec(
      numbers: [NumberInput(name: "a", missingIndicator: true)],
      categories: [
        CategoryInput(name: "c", buckets: 9, dimension: 2, slots: 3, combiner: .sum, ownRows: 4),
        CategoryInput(name: "d", buckets: 5, dimension: 2),
      ], weighted: [WeightedInput(name: "w", rows: 7, dimension: 2, activates: false)], hidden: [4],
      activation: .tanh, normalization: .layerNorm, crossLayers: 1, crossRank: 2, factorization: true, wide: true,
      task: .multiclass(classes: 3), wideOptimizer: OptimizerSpec(kind: .ftrl, learningRate: 0.1))
    spec.bilinear = true
    spec.heads.append(HeadSpec(name: "more", task: .regression, loss: .poisson, temperature: .fixed(1)))
    return spec
  }

  /// The text that a state begins with.
  private func text(_ spec: LearnerSpec) -> String {
    let bytes = Learner(spec: spec, batchCapacity: 1).encodeState()
    let count = bytes[8..<12].enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    return String(decoding: bytes[12..<(12 + count)], as: UTF8.self)
  }

  @Test("its text is the one that states of every version begin with")
  func canonicalText() {
    #expect(
      text(spec) == """
        kind network
        hidden [4]
        activation tanh
        normalization layer_norm
        residual false
        cross 1 2
        factorization true
        wide true
        optimizer adam
        embedding_optimizer adagrad
        wide_optimizer ftrl
        head '' multiclass(classes: 3)
        head 'more' regression counts
        number a true true
        category c 9 2 3 sum own 4
        category d 5 2 1 mean
        weighted w 7 2 false
        bilinear
        """)
  }

  @Test("what may change over a lineage is no part of the text, and all that decides a number's meaning is")
  func whatCounts() {
    let own = text(spec)
    func changed(_ change: (inout LearnerSpec) -> Void) -> String {
      var other = spec
      change(&other)
      return text(other)
    }
    let harmless: [(inout LearnerSpec) -> Void] = [
      { $0.optimizer.learningRate = 0.5 }, { $0.clipping.value = 1 }, { $0.seed = 9 }, { $0.dropout = 0.5 },
      { $0.inputs.inputClip = 3 }, { $0.histogramEvery = 1 }, { $0.deep.activationLimit = 2 },
    ]
    for change in harmless { #expect(changed(change) == own) }
    let telling: [(inout LearnerSpec) -> Void] = [
      { $0.deep.hidden = [5] }, { $0.deep.activation = .relu }, { $0.deep.normalization = .none },
      { $0.deep.residual = true }, { $0.cross.crossLayers = 2 }, { $0.cross.crossRank = 0 },
      { $0.interactions.factorization = false }, { $0.interactions.bilinear = false }, { $0.wide = false },
      { $0.optimizers.optimizer = OptimizerSpec(kind: .sgd, learningRate: 0.1) },
      { $0.optimizers.wideOptimizer = nil }, { $0.heads.removeLast() }, { $0.inputs.numbers[0].name = "b" },
      { $0.inputs.categories.swapAt(0, 1) }, { $0.inputs.weighted[0].rows = 8 },
    ]
    for change in telling { #expect(changed(change) != own) }
    #expect(Set(telling.map { changed($0) }).count == telling.count)
  }

  @Test("a part's setting is read and set through the whole")
  func members() {
    var spec = spec
    spec.hidden = [6, 3]
    spec.crossRank = 1
    spec.categories[0].dimension = 3
    #expect(spec.deep.hidden == [6, 3])
    #expect(spec.cross.crossRank == 1)
    #expect(spec.inputs.categories[0].dimension == 3)
    #expect(spec.clipping == spec.optimizers.clipping)
  }
}
