/// The encoders that a spec describes, from left to right: here a new one is entered.
enum Encoders {
  static func all(_ spec: LearnerSpec) -> [any EncoderPlan] {
    let isNetwork = spec.kind == .network
    func width(_ dimensions: [Int]) -> Int { isNetwork ? dimensions.reduce(0, +) : 0 }
    var plans: [any EncoderPlan] = [CategoryPlan(width: width(spec.categories.map(\.dimension)))]
    if !spec.weighted.isEmpty { plans.append(WeightedPlan(width: width(spec.weighted.map(\.dimension)))) }
    plans.append(NumberPlan(spec))
    return plans
  }
}

/// Where the parts of the encoded input lie.
struct InputColumns {
  /// Columns of what is looked up and learned, embeddings, come first; then numbers and whatever else is known of a record.
  let embeddingWidth, numericWidth: Int

  init(_ encoders: [any EncoderPlan]) {
    let learned = encoders.prefix { $0.isLearned }
    precondition(!encoders.dropFirst(learned.count).contains { $0.isLearned }, "what is learned comes first")
    embeddingWidth = learned.reduce(0) { $0 + $1.width }
    numericWidth = encoders.dropFirst(learned.count).reduce(0) { $0 + $1.width }
  }

  var all: Range<Int> { 0..<(embeddingWidth + numericWidth) }
  var numbers: Range<Int> { embeddingWidth..<all.upperBound }
}
