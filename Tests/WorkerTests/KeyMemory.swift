import Learning
import Tensors

/// An encoder that remembers, for tests: of the record's category the last second number, or how many records it had. It says
/// so of every row, whatever is in it.
struct KeyMemoryPlan: EncoderPlan {
  enum Kind: String { case last, count }

  let kind: Kind

  /// What a model remembers that has one of each.
  static let both: [any EncoderPlan] = [KeyMemoryPlan(kind: .last), KeyMemoryPlan(kind: .count)]

  var width: Int { 1 }
  var isLearned: Bool { false }
  var memory: MemoryForm? { MemoryForm(name: kind.rawValue, width: 1, capacity: 64) }
  var signature: String? { kind.rawValue }
  func makeEncoder(_ site: EncoderSite) -> any InputEncoder { KeyMemory(kind, site) }

  /// What such a memory holds of a category.
  static func value(_ kind: Kind, of category: UInt64, in state: [UInt8]?) throws -> Float? {
    let memory = Memory(both.compactMap(\.memory))
    if let state { try memory.restoreState(state) }
    return memory.shelves[kind == .last ? 0 : 1][category]?.pointee
  }

  /// How many records of the categories that there are.
  static func records(in state: [UInt8]?) throws -> Int {
    try (1...7).reduce(0) { $0 + Int(try value(.count, of: $1, in: state) ?? 0) }
  }
}

private final class KeyMemory: InputEncoder {
  private let kind: KeyMemoryPlan.Kind
  private let x: Rows
  private let shelf: MemoryShelf

  init(_ kind: KeyMemoryPlan.Kind, _ site: EncoderSite) {
    self.kind = kind
    x = site.x.column(site.columns.lowerBound)
    guard let shelf = site.shelf else { preconditionFailure("it remembers, and has no shelf") }
    self.shelf = shelf
  }

  private func key(_ row: Int, of batch: FeatureBatch) -> UInt64 { UInt64(batch.categories[row * batch.categoryCount]) }

  func encode(_ context: LayerContext, _ batch: FeatureBatch) {
    for row in 0..<batch.count {
      let known = shelf[key(row, of: batch)].map { $0[0] } ?? 0
      x.from(row)[0] = kind == .last ? known : min(known, 40) / 40
    }
  }

  func addFacts(of batch: FeatureBatch, to facts: inout [RecordFact]) {
    for row in 0..<batch.count {
      let number = batch.numbers[row * batch.numberCount + 1]
      let value = kind == .count ? 1 : number.isNaN ? -9 : number
      facts.append(RecordFact(shelf: shelf.number, row: UInt32(row), key: key(row, of: batch), value: value))
    }
  }

  func absorb(_ facts: [RecordFact]) {
    for fact in facts where fact.shelf == shelf.number {
      shelf.update(fact.key) { $0[0] = kind == .count ? $0[0] + fact.value : fact.value }
    }
  }
}
