import Foundation
package import Ingest
package import Pipelines
package import Vocabulary

/// Finds, once for each reason and field, the value that was refused; and once for each field that nearly every record
/// lacks, the keys that may have been meant. The consumer's thread only.
package struct ExampleSearch {
  private let fields: [DeclaredField]
  private let examples: FieldExamples
  private var found: Set<FieldCode> = []
  private var kept = 0
  /// By field: kept records that lack it.
  private var missing: [Int]
  /// By field: whether an unknown category was looked at.
  private var hasUnknown: [Bool]

  /// Records that are larger are not taken apart for an example.
  private static let recordBytesMax = 256 << 10
  /// So many records are looked at before a field counts as missing.
  private static let recordsMin = 50

  package init(fields: [DeclaredField], examples: FieldExamples) {
    self.fields = fields
    self.examples = examples
    missing = Array(repeating: 0, count: fields.count)
    hasUnknown = Array(repeating: false, count: fields.count)
  }

  package mutating func noteKept(_ marks: FieldMarks, _ record: UnsafeRawBufferPointer) {
    kept += 1
    guard !marks.isEmpty else { return }
    marks.forEachUnknown { field in
      if field < fields.count, !hasUnknown[field] { noteUnknown(field, record) }
    }
    marks.forEachMissing { field in
      guard field < fields.count else { return }
      missing[field] += 1
      guard missing[field] >= Self.recordsMin, missing[field] * 10 >= kept * 9 else { return }
      let code = FieldCode(field: field, .missing)
      guard found.insert(code).inserted, record.count <= Self.recordBytesMax else { return }
      let near = RecordKeys(record)?.near(fields[field].path, except: Set(fields.map(\.path))) ?? []
      if !near.isEmpty { examples.put(FieldExample(code: code, text: near.joined(separator: "\n"))) }
    }
  }

  /// A category outside the known values, as it stands in the record, and the known one that it may be.
  private mutating func noteUnknown(_ field: Int, _ record: UnsafeRawBufferPointer) {
    hasUnknown[field] = true
    guard record.count <= Self.recordBytesMax else { return }
    let known = fields[field].values
    guard let stranger = RecordKeys(record)?.texts(at: fields[field].path).first(where: { !known.contains($0) }) else {
      return
    }
    let near = nearest(to: stranger, among: known).map { " (near it: \($0))" } ?? ""
    examples.put(
      FieldExample(code: FieldCode(field: field, .unknown), text: "\"\(RecordKeys.shown(stranger))\"\(near)"))
  }

  /// Whether the reason has no example yet.
  package func wants(_ reason: RejectReason, field: Int?) -> Bool {
    !found.contains(FieldCode(field: declared(field), .rejected(reason)))
  }

  /// Where a label stands among the fields; nil: nowhere.
  package func place(ofLabel label: LabelSettings?) -> Int? {
    label.flatMap { label in fields.firstIndex { !$0.isFeature && $0.path == label.path } }
  }

  private func declared(_ field: Int?) -> Int? { field.flatMap { $0 < fields.count ? $0 : nil } }

  /// - Parameter value: As the decoder names it; nil: it is looked for in the record.
  package mutating func noteRejected(
    _ reason: RejectReason, field: Int?, value named: String? = nil, _ record: UnsafeRawBufferPointer, partition: Int32,
    offset: Int64, topic: String
  ) {
    let field = declared(field)
    let code = FieldCode(field: field, .rejected(reason))
    guard found.insert(code).inserted else { return }
    let place = "\(topic)/\(partition)@\(offset)"
    var value: String?
    if field != nil, let named {
      value = RecordKeys.shown(named)
    } else if let field {
      if record.count <= Self.recordBytesMax, let keys = RecordKeys(record) {
        value = keys.text(at: fields[field].path) ?? "absent"
      }
    } else if !record.isEmpty {
      value = RecordKeys.shown(String(decoding: record.prefix(60), as: UTF8.self))
    } else {
      value = "nothing"
    }
    examples.put(FieldExample(code: code, text: (value.map { $0 + " " } ?? "") + "at \(place)"))
  }
}
