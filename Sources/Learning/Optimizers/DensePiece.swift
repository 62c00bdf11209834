/// A stretch of the dense parameters that is updated with one optimiser and one set of constants: a whole layer where
/// nothing in it is treated apart.
struct DensePiece: Sendable {
  /// Number of its layer among `ParameterLayout.segments`.
  let segment: Int
  let range: Range<Int>
  /// Penalties and decay act on it.
  let isPenalized: Bool
  /// The weights of a hidden or cross layer: a panel matrix, whose units adaptive clipping looks at.
  let units: (inputs: Int, outputs: Int)?
  /// Of the wide part, where that has an optimiser of its own.
  let isWide: Bool
  /// Where its states begin in its optimiser's buffers.
  let stateStart: Int

  /// All of them, in order.
  static func all(_ spec: LearnerSpec, layout: ParameterLayout) -> [DensePiece] {
    var pieces: [DensePiece] = []
    var wideCount = 0
    for (index, segment) in layout.segments.enumerated() {
      let isWide = spec.wideOptimizer != nil && segment.blocks.allSatisfy { $0.role == .wideWeight }
      let optimizer = isWide ? spec.wideOptimizer ?? spec.optimizer : spec.optimizer
      let isSplit = optimizer.hasPenalties || spec.clipping.adaptive != nil
      let parts = isSplit ? segment.blocks.map { ($0.range, $0) } : [(segment.range, nil)]
      for (range, block) in parts where !range.isEmpty {
        let isUnits = block?.role == .weight && spec.clipping.adaptive != nil
        pieces.append(
          DensePiece(
            segment: index, range: range, isPenalized: block?.role.decays ?? false,
            units: isUnits ? block.map { ($0.inputs, $0.outputs) } : nil, isWide: isWide,
            stateStart: isWide ? wideCount : range.lowerBound))
        if isWide { wideCount += range.count }
      }
    }
    return pieces
  }
}

extension ParameterBlock.Role {
  /// Whether penalties and decay act on it. Biases, gains, offsets and slopes are few, and zero is not their neutral
  /// value.
  var decays: Bool {
    switch self {
    case .weight, .outputWeight, .wideWeight: true
    case .interaction, .bias, .gain, .offset, .slope, .temperature: false
    }
  }
}
