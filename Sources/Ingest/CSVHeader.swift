import JSON
import Pipelines

/// The columns of a CSV file as a JSON object with a place for each.
///
/// A name is a `FieldPath`: a column `x.carrier` becomes the key carrier of the object x; a dot behind a backslash is part
/// of the key. Columns without a name, such as the index that pandas writes, have no place.
struct CSVHeader {
  enum Part {
    case column(Int, CSVFormat.Column)
    case object([Member])
  }
  struct Member {
    /// `"key":`
    let lead: [UInt8]
    let part: Part
  }

  let names: [String]
  let members: [Member]

  /// The columns without a name, from 1.
  var unnamed: [Int] { names.indices.filter { names[$0].isEmpty }.map { $0 + 1 } }
  /// Whether most names are numbers: then it is the first record, perhaps.
  var looksLikeRecord: Bool {
    let numbers = names.filter { Double($0) != nil && Int($0) == nil }
    return !numbers.isEmpty || (names.count > 1 && names.allSatisfy { Double($0) != nil })
  }

  init(_ row: CSVRow, _ format: CSVFormat, line: Int) throws(IngestError) {
    names = (0..<row.count).map { row.text($0).trimmingBlanks }
    let root = Level()
    for (column, name) in names.enumerated() where !name.isEmpty {
      guard let keys = format.isFlat ? [name] : FieldPath(name)?.keys else {
        throw IngestError(
          .badHeader, line: line,
          "column \(column + 1) is `\(name)`, which is no dotted path: rename it, or take dots as part of names (--flat)"
        )
      }
      if let other = root.insert(keys[...], column) {
        throw IngestError(.badHeader, line: line, Self.clash(column, other, names))
      }
    }
    guard !root.order.isEmpty else { throw IngestError(.badHeader, line: line, "the header names no column") }
    members = root.members(names, format)
  }

  private static func clash(_ column: Int, _ other: Int, _ names: [String]) -> String {
    let (name, taken) = (names[column], names[other])
    if name == taken {
      return "columns \(other + 1) and \(column + 1) are both named `\(name)`: rename one, or take it out"
    }
    return
      "column \(column + 1), `\(name)`, and column \(other + 1), `\(taken)`, cannot both be there, because a dot leads "
      + "into an object (pandas writes a second column `a` as `a.1`): rename one, or take dots as part of names (--flat)"
  }

  /// An object in the making: its keys in order, each found at once however many there are.
  private final class Level {
    enum Entry {
      case column(Int)
      case object(Level)
    }
    private(set) var order: [(key: String, entry: Entry)] = []
    private var places: [String: Int] = [:]

    /// - Returns: The column that is in the way; nil: none.
    func insert(_ keys: ArraySlice<String>, _ column: Int) -> Int? {
      guard let key = keys.first else { return nil }
      let rest = keys.dropFirst()
      guard let place = places[key] else {
        places[key] = order.count
        if rest.isEmpty {
          order.append((key, .column(column)))
          return nil
        }
        let level = Level()
        order.append((key, .object(level)))
        return level.insert(rest, column)
      }
      switch order[place].entry {
      case .column(let other): return other
      case .object(let level): return rest.isEmpty ? level.firstColumn : level.insert(rest, column)
      }
    }

    private var firstColumn: Int? {
      switch order.first?.entry {
      case .column(let column): column
      case .object(let level): level.firstColumn
      case nil: nil
      }
    }

    func members(_ names: [String], _ format: CSVFormat) -> [Member] {
      order.map { key, entry in
        var lead: [UInt8] = []
        JSONText.append(key, to: &lead)
        lead.append(UInt8(ascii: ":"))
        switch entry {
        case .column(let column):
          return Member(lead: lead, part: .column(column, format.columns[names[column]] ?? .value))
        case .object(let level): return Member(lead: lead, part: .object(level.members(names, format)))
        }
      }
    }
  }
}

extension String {
  /// Without spaces and tabs at both ends.
  fileprivate var trimmingBlanks: String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\u{A0}" }
    return String(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
