import Foundation
import Vocabulary

/// Which records are to be forgotten, as a person says it.
struct ForgottenRecords: Sendable {
  var places: [RecordPosition]
  /// Of Kafka messages.
  var keys: [String]

  /// `topic/partition/offset`, or with `@` before the offset as dead letters have it; nil: it is no such place.
  static func place(_ text: String) -> RecordPosition? {
    let parts = text.replacing("@", with: "/").split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count >= 3, let offset = Int64(parts[parts.count - 1]), let partition = Int32(parts[parts.count - 2]),
      offset >= 0, partition >= 0
    else { return nil }
    let topic = parts.dropLast(2).joined(separator: "/")
    return topic.isEmpty ? nil : RecordPosition(topic: topic, partition: partition, offset: offset)
  }

  /// A record or `key K` a line, whatever the lines end with; empty lines and those that begin with # say nothing.
  mutating func add(file: String) throws {
    let text: String
    do { text = try String(contentsOfFile: file, encoding: .utf8) } catch {
      throw CommandFailure(.unavailable, "\(file) cannot be read: \(error.localizedDescription)")
    }
    var mistakes: [String] = []
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      let line = line.trimmingCharacters(in: .whitespaces)
      if line.isEmpty || line.hasPrefix("#") { continue }
      if line.hasPrefix("key ") {
        keys.append(String(line.dropFirst(4)))
      } else if let place = Self.place(line) {
        places.append(place)
      } else if mistakes.count < 20 {
        mistakes.append("\(file):\(number + 1): '\(line.prefix(80))' is neither topic/partition/offset nor 'key K'")
      }
    }
    guard mistakes.isEmpty else { throw CommandFailure(.usage, mistakes.joined(separator: "\n")) }
    guard !places.isEmpty || !keys.isEmpty else { throw CommandFailure(.usage, "\(file) names no record") }
  }
}
