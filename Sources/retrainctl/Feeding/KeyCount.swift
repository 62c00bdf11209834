import Ingest

/// How many records of a feed have the value that --key names: without it they go anywhere, in no order.
package struct KeyCount {
  private let path: String
  private var records: Int64 = 0
  private var keyed: Int64 = 0
  private var near: [String] = []
  private var isTold = false

  /// So many records without a key are told at once.
  private static let recordsMax: Int64 = 100

  package init(path: String) { self.path = path }

  /// - Returns: What there is to tell, once enough was seen.
  package mutating func note(hasKey: Bool, _ record: UnsafeRawBufferPointer) -> [String] {
    if records == 0, !hasKey { near = RecordKeys(record)?.near(path, except: []) ?? [] }
    records += 1
    if hasKey { keyed += 1 }
    return records == Self.recordsMax && keyed == 0 ? finish() : []
  }

  package mutating func finish() -> [String] {
    guard keyed < records, !isTold else { return [] }
    isTold = keyed == 0
    let order = "published without a key, and in no order"
    if keyed > 0 { return ["\(records - keyed) of \(records) records have no value at `\(path)` (--key): \(order)"] }
    let hint = near.isEmpty ? "" : "; near it: \(near.joined(separator: ", "))"
    let who = records == Self.recordsMax ? "none of the first \(records) records" : "no record"
    return ["\(who) has a value at `\(path)` (--key): \(order)\(hint)"]
  }
}
