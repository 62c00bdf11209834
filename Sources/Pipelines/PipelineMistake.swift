/// One thing wrong with a pipeline file, where it is, and what to do about it.
public struct PipelineMistake: Sendable, Hashable, Codable, CustomStringConvertible {
  public let file: String
  /// One-based.
  public let line: Int
  /// One-based, in characters.
  public let column: Int
  public let problem: String
  public let remedy: String

  public init(file: String, line: Int, column: Int, problem: String, remedy: String) {
    self.file = file
    self.line = line
    self.column = column
    self.problem = problem
    self.remedy = remedy
  }

  /// `file:line:column: what is wrong — remedy`, as editors and terminals link it.
  public var description: String { "\(file):\(line):\(column): \(problem) — \(remedy)" }
}

/// Every mistake of a pipeline file at once, in the order of the file; never empty.
///
/// No text of it shows the value of an environment variable.
public struct PipelineMistakes: Error, Sendable, Hashable, CustomStringConvertible {
  public let mistakes: [PipelineMistake]

  public init(mistakes: [PipelineMistake]) { self.mistakes = mistakes }

  /// One mistake a line.
  public var description: String { mistakes.map(\.description).joined(separator: "\n") }
}
