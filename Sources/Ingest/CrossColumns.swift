import CJSON
import Tensors

/// The crosses of values that did not come in records: what categories said is kept, row by row, until all columns of a
/// batch are there.
struct CrossColumns {
  /// The shim's places of the categories that crosses are made of.
  private let fields: [Int32]
  /// By the place of a category among all: among those.
  private let places: [Int?]
  /// Shape [rows × those].
  private var said: [UInt64] = []

  init(_ table: FieldTable) {
    let members = Set(table.members.flatMap { $0.map(\.field) })
    fields = table.categoryFields.filter(members.contains)
    places = table.categoryFields.map { [fields] in fields.firstIndex(of: $0) }
  }

  /// Keeps what the category of a row has said.
  mutating func keep(_ decoder: OpaquePointer, category: Int, row: Int) {
    guard let place = places[category] else { return }
    let end = (row + 1) * fields.count
    if said.count < end { said += [UInt64](repeating: 0, count: end - said.count) }
    said[row * fields.count + place] = cjson_said(decoder, fields[place])
  }

  /// Writes the crosses of the first rows of a batch.
  func fill(_ decoder: OpaquePointer, rows: Int, of batch: FeatureBatch) {
    for row in 0..<rows {
      for (place, field) in fields.enumerated() { cjson_say(decoder, field, said[row * fields.count + place]) }
      cjson_cross(decoder, batch.numbers + row * batch.numberCount, batch.categories + row * batch.categoryCount)
    }
  }
}
