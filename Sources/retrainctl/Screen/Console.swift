import Foundation

/// Where answers go: standard output for what was asked, standard error for everything else.
enum Console {
  /// One line of an answer.
  static func say(_ line: String = "") { print(line) }

  /// Something about the work, not the answer itself.
  static func complain(_ text: String, terminator: String = "\n") {
    fflush(stdout)
    FileHandle.standardError.write(Data((text + terminator).utf8))
  }

  /// `value` as one line of JSON, keys sorted, times in ISO 8601.
  static func say(json value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }

  /// Asks a question that only `y` or `yes` answers with true; false where nobody can answer.
  static func confirm(_ question: String) -> Bool {
    guard isatty(STDIN_FILENO) == 1 else { return false }
    complain(question + " [y/N] ", terminator: "")
    return ["y", "yes"].contains(readLine()?.trimmingCharacters(in: .whitespaces).lowercased())
  }
}
