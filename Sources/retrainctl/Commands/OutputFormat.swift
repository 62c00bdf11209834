import Arguments

/// How a command answers.
struct OutputFormat: ArgumentGroup {
  @Flag(help: "Answer in JSON.") var json: Bool
}
