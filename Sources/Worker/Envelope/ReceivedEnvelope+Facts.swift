package import Learning
import Vocabulary

extension ReceivedEnvelope {
  /// Calls `body` for all that the rank's rows say that is to be remembered: by row, then by shelf.
  ///
  /// - Parameter shelves: Of the model; what is for further ones is refused.
  /// - Throws: `EnvelopeError` for what no rank of one model sends.
  package func forEachFact(shelves: Int, _ body: (RecordFact) -> Void) throws {
    guard !facts.isEmpty else { return }
    var reader = ByteReader(facts)
    var last: (row: UInt32, shelf: UInt32)?
    while reader.remaining > 0 {
      let (row, shelf) = (try reader.read(UInt32.self), try reader.read(UInt32.self))
      func refusal(_ reason: String) -> EnvelopeError { .wrongFact(row: row, shelf: shelf, reason: reason) }
      let fact = RecordFact(
        shelf: shelf, row: row, key: try reader.read(), value: Float(bitPattern: try reader.read()))
      guard Int(row) < rowCount else { throw refusal("is of none of its \(rowCount) rows") }
      guard Int(shelf) < shelves else { throw refusal("is for none of our model's \(shelves)") }
      guard last.map({ $0 < (row, shelf) }) ?? true else { throw refusal("is out of order, or there twice") }
      guard fact.value.isFinite else { throw refusal("is no number") }
      last = (row, shelf)
      body(fact)
    }
  }
}
