import Evaluation
package import Ingest
import Synchronization

/// The names of hashed values that are slices, from the consumer, which sees them, to the step thread, which tells them: each before a
/// record that has it is handed over. Bounded.
package final class SliceBook: Sendable {
  let columns: SliceColumns
  private let names: Mutex<[[UInt64: String]]>

  /// Names of a field: some more than become slices, as other ranks find some as well.
  static let namesMax = 4 * SliceTable.valuesMax

  package init(_ columns: SliceColumns) {
    self.columns = columns
    names = Mutex(Array(repeating: [:], count: columns.fields.count))
  }

  fileprivate func put(_ name: String, for key: UInt64, of field: Int) { names.withLock { $0[field][key] = name } }

  /// The value as a person reads it.
  func name(of key: UInt64, field: Int) -> String {
    let known = columns.isHashed(key, of: field) ? names.withLock { $0[field][key] } : nil
    return known ?? columns.name(of: key, field: field)
  }
}

extension SliceBook {
  /// What a record's values are called, seen by a consumer of its own.
  package func names(of slot: ExampleSlot, _ record: UnsafeRawBufferPointer) -> [String] {
    var naming = SliceNaming(self)
    naming.note(slot, record)
    return columns.fields.indices.map { name(of: columns.key(of: $0, slot.numbers, slot.categories), field: $0) }
  }
}

/// The consumer's end of a book. Its thread only.
struct SliceNaming {
  private let book: SliceBook
  /// By field, what has a name, or has none to be found.
  private var seen: [Set<UInt64>]

  init(_ book: SliceBook) {
    self.book = book
    seen = Array(repeating: [], count: book.columns.fields.count)
  }

  /// Looks at a record that was decoded. What is new in it is taken apart, which takes long, and happens `namesMax` times at most.
  mutating func note(_ slot: ExampleSlot, _ record: UnsafeRawBufferPointer) {
    for field in seen.indices where seen[field].count < SliceBook.namesMax {
      let key = book.columns.key(of: field, slot.numbers, slot.categories)
      guard book.columns.isHashed(key, of: field), seen[field].insert(key).inserted else { continue }
      guard let text = RecordKeys(record)?.texts(at: book.columns.paths[field]).first else { continue }
      book.put(book.columns.name(Self.short(text), of: key, field: field), for: key, of: field)
    }
  }

  /// On one line; with room for a bucket within `SliceTable.nameBytesMax`.
  static func short(_ text: String) -> String {
    let shown = RecordKeys.shown(text)
    return shown.utf8.count <= 200 ? shown : String(shown.unicodeScalars.prefix(50)) + "…"
  }
}
