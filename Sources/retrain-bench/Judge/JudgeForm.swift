import Foundation
import JSON

/// One line of the judge's bench: JSON for programs, cells of a table for people.
protocol JudgeLine: Encodable {
  /// The titles of the columns, with their widths.
  static var titles: [(title: String, width: Int)] { get }
  var cells: [String] { get }
}

enum JudgeForm: String, CaseIterable {
  case lines, table

  func begin(_ titles: [(title: String, width: Int)]) throws {
    guard self == .table else { return }
    write(Self.row(zip(titles, titles.map(\.title)).map { ($1, $0.width) }))
  }

  func emit<Line: JudgeLine>(_ line: Line) throws {
    switch self {
    case .lines: write(try JSONText.canonical(line))
    case .table: write(Self.row(zip(Line.titles, line.cells).map { ($1, $0.width) }))
    }
  }

  private static func row(_ cells: [(text: String, width: Int)]) -> String {
    cells.map { $0.text.padding(toLength: max($0.width, $0.text.count), withPad: " ", startingAt: 0) }
      .joined(separator: " ")
  }

  private func write(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
}
