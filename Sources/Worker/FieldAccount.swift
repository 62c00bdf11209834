package import Vocabulary

/// What happened to the values of the declared fields over the lineage: counts by `FieldCode`, the same on every rank.
///
/// Sparse: only what happened has an entry, so a step in which nothing did costs nothing.
package struct FieldAccount: Sendable, Hashable {
  package struct Entry: Sendable, Hashable {
    package let code: FieldCode
    /// Over the lineage.
    package var records: Int64 = 0
    /// Since the last checkpoint.
    package var window: Int64 = 0
    /// Of a rejection, a value and its place; of a missing field the keys near it.
    package var example: String?
  }

  /// Records that were kept, and whose fields were therefore looked at.
  package private(set) var records: Int64 = 0
  package private(set) var windowRecords: Int64 = 0
  /// In the order of their codes.
  package private(set) var entries: [Entry] = []
  /// Fields that were added later: how many records had been kept by then.
  package internal(set) var since: [Int: Int64] = [:]

  package init() {}

  package mutating func addKept(_ count: Int64) {
    records += count
    windowRecords += count
  }

  package mutating func add(_ code: FieldCode, _ count: Int64) {
    let place = place(of: code)
    entries[place].records += count
    entries[place].window += count
  }

  package mutating func note(_ example: String, of code: FieldCode) { entries[place(of: code)].example = example }

  package mutating func beginWindow() {
    windowRecords = 0
    for place in entries.indices { entries[place].window = 0 }
  }

  /// Adds the window of an older state of the same lineage, which was never written.
  package mutating func absorbWindow(of older: FieldAccount) {
    windowRecords += older.windowRecords
    for entry in older.entries where entry.window > 0 { entries[place(of: entry.code)].window += entry.window }
  }

  /// The entry's place; a new one is made where there is none.
  private mutating func place(of code: FieldCode) -> Int {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].code < code { low = middle + 1 } else { high = middle }
    }
    if low == entries.count || entries[low].code != code { entries.insert(Entry(code: code), at: low) }
    return low
  }
}

extension FieldAccount: Codable {
  private enum Keys: String, CodingKey { case records, windowRecords, entries, since }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    records = try container.decode(Int64.self, forKey: .records)
    windowRecords = try container.decode(Int64.self, forKey: .windowRecords)
    entries = try container.decode([Entry].self, forKey: .entries).sorted { $0.code < $1.code }
    since = try container.decode([Int: Int64].self, forKey: .since)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encode(records, forKey: .records)
    try container.encode(windowRecords, forKey: .windowRecords)
    try container.encode(entries, forKey: .entries)
    try container.encode(since, forKey: .since)
  }
}

extension FieldAccount.Entry: Codable {
  private enum Keys: String, CodingKey { case field, notice, records, window, example }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Keys.self)
    let name = try container.decode(String.self, forKey: .notice)
    guard let notice = FieldNotice(name: name) else {
      throw DecodingError.dataCorruptedError(
        forKey: .notice, in: container, debugDescription: "\(name) is of a newer program")
    }
    code = FieldCode(field: try container.decodeIfPresent(Int.self, forKey: .field), notice)
    records = try container.decode(Int64.self, forKey: .records)
    window = try container.decode(Int64.self, forKey: .window)
    example = try container.decodeIfPresent(String.self, forKey: .example)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Keys.self)
    try container.encodeIfPresent(code.field, forKey: .field)
    try container.encode(code.notice.name, forKey: .notice)
    try container.encode(records, forKey: .records)
    try container.encode(window, forKey: .window)
    try container.encodeIfPresent(example, forKey: .example)
  }
}
