import Arguments

/// How a command answers.
struct OutputFormat: ArgumentGroup {
  @Flag(help: "Answer in JSON.") var json: Bool

  /// Whether the words of a command line, which need not be right, ask for JSON.
  static func isAskedFor(in words: [String]) -> Bool { words.prefix { $0 != "--" }.contains("--json") }
}
