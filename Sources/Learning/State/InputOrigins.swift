import Tensors

/// Which input of an older spec each input of a newer one is, by its name.
struct InputOrigins {
  /// For each column of the network's input; nil: it is new.
  let columns: [Int?]
  /// Of these the numeric ones, counted from the first of them.
  let numericColumns: [Int?]
  /// For each column of the normaliser: numbers, then labels that are standardised.
  let moments: [Int?]

  init(of new: LearnerSpec, in old: LearnerSpec) {
    let numbers = Self.positions(old.numbers.map(\.name))
    var numeric = new.numbers.map { numbers[$0.name] }
    let indicators = Self.positions(old.numbers.filter(\.missingIndicator).map(\.name))
    numeric += new.numbers.filter(\.missingIndicator).map { input in
      indicators[input.name].map { old.numbers.count + $0 }
    }
    numericColumns = numeric
    var embedded: [Int?] = []
    var starts: [String: Int] = [:]
    var width = 0
    for (name, dimension) in Self.tables(old) {
      starts[name] = width
      width += dimension
    }
    for (name, dimension) in Self.tables(new) {
      for place in 0..<dimension { embedded.append(starts[name].map { $0 + place }) }
    }
    columns = embedded + numeric.map { $0.map { $0 + width } }
    let labels = Self.positions(old.heads.filter(\.standardizesLabel).map(\.name))
    moments =
      new.numbers.map { numbers[$0.name] }
      + new.heads.filter(\.standardizesLabel).map { head in labels[head.name].map { old.numbers.count + $0 } }
  }

  /// For each place along an axis of `count`.
  func origin(_ place: Int, along axis: BlockAxes.Axis) -> Int? {
    switch axis {
    // What is written by encoders that no spec describes is new.
    case .columns: columns.indices.contains(place) ? columns[place] : nil
    case .numericColumns: numericColumns.indices.contains(place) ? numericColumns[place] : nil
    case .places, .answers: place
    }
  }

  /// Names and widths of what is embedded, in the order of the columns.
  private static func tables(_ spec: LearnerSpec) -> [(String, Int)] {
    guard spec.kind == .network else { return [] }
    return spec.categories.map { ($0.name, $0.dimension) } + spec.weighted.map { ($0.name, $0.dimension) }
  }

  private static func positions(_ names: [String]) -> [String: Int] {
    Dictionary(names.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
  }
}
