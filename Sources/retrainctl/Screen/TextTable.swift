/// Rows with aligned columns, for people.
struct TextTable {
  enum Alignment { case left, right }

  private let titles: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []

  /// - Parameter columns: A title each; one that begins with `>` is aligned to the right.
  init(_ columns: String...) { self.init(columns: columns) }

  init(columns: [String]) {
    titles = columns.map { $0.hasPrefix(">") ? String($0.dropFirst()) : $0 }
    alignments = columns.map { $0.hasPrefix(">") ? .right : .left }
  }

  var isEmpty: Bool { rows.isEmpty }

  mutating func add(_ cells: String...) { add(cells: cells) }

  mutating func add(cells: [String]) {
    precondition(cells.count == titles.count, "\(cells.count) cells in a table of \(titles.count) columns")
    rows.append(cells)
  }

  /// One line a row, none wider than `columns`: the last column gives way first.
  func lines(palette: Palette, columns: Int = .max, indent: Int = 2) -> [String] {
    let widths = titles.indices.map { index in
      ([titles] + rows).map { $0[index].visibleWidth }.max() ?? 0
    }
    return ([titles.map(palette.dim)] + rows).map { cells in
      let padded = cells.enumerated().map { index, cell in
        let space = String(repeating: " ", count: widths[index] - cell.visibleWidth)
        if index == cells.count - 1, alignments[index] == .left { return cell }
        return alignments[index] == .right ? space + cell : cell + space
      }
      return (String(repeating: " ", count: indent) + padded.joined(separator: "  ")).cut(toWidth: columns)
    }
  }
}

extension String {
  /// Characters without escape sequences.
  var visibleWidth: Int {
    var width = 0
    var isEscape = false
    for character in self {
      if character == "\u{1B}" {
        isEscape = true
      } else if !isEscape {
        width += 1
      } else if character == "m" {
        isEscape = false
      }
    }
    return width
  }

  /// Cut so that at most `columns` characters show; a cut ends with an ellipsis and takes colours back.
  func cut(toWidth columns: Int) -> String {
    guard columns > 0, visibleWidth > columns else { return self }
    var result = ""
    var width = 0
    var isEscape = false
    for character in self {
      if character == "\u{1B}" { isEscape = true }
      if !isEscape {
        if width == columns - 1 { break }
        width += 1
      }
      result.append(character)
      if isEscape, character == "m" { isEscape = false }
    }
    return result + "…" + (contains("\u{1B}") ? "\u{1B}[0m" : "")
  }
}
