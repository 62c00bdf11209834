import Foundation
package import Vocabulary

/// Finds, in JSON texts, values that tell of certain records: `… at flights/2@4711`, as examples of values do.
package struct RecordMentions: Sendable {
  private let topic: String
  private let records: LeftOut
  /// What stands in the place of such a value.
  package static let instead = "(forgotten)"

  package init(topic: String, _ records: LeftOut) { (self.topic, self.records) = (topic, records) }

  /// - Returns: The text without them, and how many there were; nil: it has none.
  package func purge(_ json: String) -> (text: String, count: Int)? {
    guard json.contains(topic + "/"),
      var value = try? JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
    else { return nil }
    var count = 0
    value = purge(value, &count)
    guard count > 0,
      let data = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed])
    else { return nil }
    return (String(decoding: data, as: UTF8.self), count)
  }

  private func purge(_ value: Any, _ count: inout Int) -> Any {
    switch value {
    case let text as String:
      guard isMention(text) else { return text }
      count += 1
      return Self.instead
    case let list as [Any]: return list.map { purge($0, &count) }
    case let object as [String: Any]: return object.mapValues { purge($0, &count) }
    default: return value
    }
  }

  /// Whether a text names one of the records.
  package func isMention(_ text: String) -> Bool {
    var rest = text[...]
    while let found = rest.firstRange(of: topic + "/") {
      rest = rest[found.upperBound...]
      let partition = rest.prefix { $0.isASCII && $0.isNumber }
      let behind = rest.dropFirst(partition.count)
      guard let mark = behind.first, mark == "@" || mark == "/" else { continue }
      let offset = behind.dropFirst().prefix { $0.isASCII && $0.isNumber }
      if let partition = Int32(partition), let offset = Int64(offset),
        records.stretch(at: offset, of: partition) != nil
      {
        return true
      }
    }
    return false
  }
}
