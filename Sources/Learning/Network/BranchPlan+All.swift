extension BranchPlan {
  /// The branches that a spec describes, side by side: deep, cross layers, interactions,
  /// bilinear interactions, wide. Here a new one is entered.
  ///
  /// The first is always there, be it without columns: heads have their bias beside its weights.
  static func all(_ spec: LearnerSpec, _ columns: InputColumns, _ taker: inout BlockTaker) -> [BranchPlan] {
    let isNetwork = spec.kind == .network
    var branches = [deep(spec, isNetwork ? columns.all : 0..<0, &taker)]
    if isNetwork, spec.cross.crossLayers > 0 {
      let layers = (0..<spec.cross.crossLayers).map {
        CrossPlan(index: $0, width: columns.all.count, rank: spec.cross.crossRank, &taker)
      }
      branches.append(BranchPlan(columns: columns.all, layers: layers, role: .outputWeight))
    }
    if isNetwork, spec.interactions.factorization || spec.interactions.bilinear,
      let width = spec.inputs.categories.first?.dimension
    {
      precondition(
        spec.categories.allSatisfy { $0.dimension == width }, "interactions need embeddings of one dimension")
      let fields = spec.categories.count
      func append(_ pairs: any LayerPlan) {
        branches.append(BranchPlan(columns: 0..<pairs.input.count, layers: [pairs], role: .interaction))
      }
      if spec.interactions.factorization { append(PairPlan(fields: fields, width: width)) }
      if spec.interactions.bilinear { append(BilinearPlan(fields: fields, width: width, &taker)) }
    }
    if spec.hasWidePart, !columns.numbers.isEmpty {
      branches.append(BranchPlan(columns: columns.numbers, layers: [], role: .wideWeight))
    }
    return branches
  }

  private static func deep(_ spec: LearnerSpec, _ columns: Range<Int>, _ taker: inout BlockTaker) -> BranchPlan {
    var layers: [HiddenPlan] = []
    for units in spec.deep.hidden where spec.kind == .network {
      layers.append(
        HiddenPlan(
          index: layers.count, inputs: layers.last?.units ?? columns.count, units: units, spec: spec.deep, &taker))
    }
    return BranchPlan(columns: columns, layers: layers, role: .outputWeight)
  }
}
