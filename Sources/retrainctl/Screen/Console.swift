import Foundation
import JSON

/// Where answers go: standard output for what was asked, standard error for everything else.
enum Console {
  /// One line of an answer.
  static func say(_ line: String = "") { write(line + "\n", to: STDOUT_FILENO) }

  /// Text as it is.
  static func put(_ text: String) { write(text, to: STDOUT_FILENO) }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
        // Whoever read this has gone: nothing more to tell.
        guard count > 0 || errno == EINTR else { return }
        rest = UnsafeRawBufferPointer(rebasing: rest[max(0, count)...])
      }
    }
  }

  /// Something about the work, not the answer itself.
  static func complain(_ text: String, terminator: String = "\n") {
    write(text + terminator, to: STDERR_FILENO)
  }

  /// `value` as one line of JSON, keys sorted, times in ISO 8601.
  static func say(json value: some Encodable) throws {
    say(try JSONText.canonical(value))
  }

  /// Asks a question that only `y` or `yes` answers with true; false where nobody can answer.
  static func confirm(_ question: String) -> Bool {
    guard isatty(STDIN_FILENO) == 1 else { return false }
    complain(question + " [y/N] ", terminator: "")
    return ["y", "yes"].contains(readLine()?.trimmingCharacters(in: .whitespaces).lowercased())
  }
}
