import Foundation
import JSON
import Pipelines

/// A failure as JSON, for whoever asked for JSON: one line on standard error, so that standard output holds answers only.
struct ErrorReport: Encodable {
  struct Content: Encodable {
    /// `ExitCode` as a word.
    var code: String
    var exitCode: Int32
    var message: String
    /// Of a pipeline file, each with its place and remedy.
    var mistakes: [PipelineMistake]?
  }

  var error: Content

  /// - Parameter cause: What was thrown, where that says more than the failure.
  init(_ failure: CommandFailure, _ cause: (any Error)? = nil) {
    error = Content(
      code: failure.code.word, exitCode: failure.code.rawValue,
      message: failure.message.trimmingCharacters(in: .whitespacesAndNewlines),
      mistakes: (cause as? PipelineMistakes)?.mistakes)
  }

  var json: String { (try? JSONText.canonical(self)) ?? "{}" }
}
