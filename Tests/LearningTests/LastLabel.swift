import Learning
import Tensors

/// An encoder that remembers, for tests: two columns say what the last label of the record's first category was, and whether
/// one is known.
struct LastLabelPlan: EncoderPlan {
  var name = "last_label"
  var capacity = 64

  var width: Int { 2 }
  var isLearned: Bool { false }
  var memory: MemoryForm? { MemoryForm(name: name, width: 1, capacity: capacity) }
  var signature: String? { name }
  func makeEncoder(_ site: EncoderSite) -> any InputEncoder { LastLabel(site) }
}

private final class LastLabel: InputEncoder {
  private let x: Rows
  private let shelf: MemoryShelf

  init(_ site: EncoderSite) {
    x = site.x.column(site.columns.lowerBound)
    guard let shelf = site.shelf else { preconditionFailure("it remembers, and has no shelf") }
    self.shelf = shelf
  }

  private func key(_ row: Int, of batch: FeatureBatch) -> UInt64 { UInt64(batch.categories[row * batch.categoryCount]) }

  func encode(_ context: LayerContext, _ batch: FeatureBatch) {
    for row in 0..<batch.count {
      let known = shelf[key(row, of: batch)]
      let to = x.from(row)
      to[0] = known.map { 2 * $0[0] - 1 } ?? 0
      to[1] = known == nil ? 0 : 1
    }
  }

  func addFacts(of batch: FeatureBatch, to facts: inout [RecordFact]) {
    for row in 0..<batch.count where batch.teaches(row) {
      facts.append(
        RecordFact(
          shelf: shelf.number, row: UInt32(row), key: key(row, of: batch), value: batch.labels[row * batch.labelCount]))
    }
  }

  func absorb(_ facts: [RecordFact]) {
    for fact in facts where fact.shelf == shelf.number { shelf.update(fact.key) { $0[0] = fact.value } }
  }
}
