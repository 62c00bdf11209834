import Foundation
import Pipelines
import Vocabulary

/// A record taken apart for a person: slow, and only for examples.
package struct RecordKeys {
  private let root: [String: Any]

  /// nil: it is not one JSON object, or its texts take too long to compare.
  package init?(_ record: UnsafeRawBufferPointer) {
    guard let base = record.baseAddress, TextEncoding.isStreamSafe(record, isJSON: true) else { return nil }
    let value = try? JSONSerialization.jsonObject(with: Data(bytes: base, count: record.count))
    guard let root = value as? [String: Any] else { return nil }
    self.root = root
  }

  private func value(at path: String) -> Any? {
    var value: Any = root
    for key in FieldPath(path)?.keys ?? [path] {
      guard let object = value as? [String: Any], let next = object[key] else { return nil }
      value = next
    }
    return value
  }

  /// A text, a number or a truth as text without quotes; of a list each of them.
  package func texts(at path: String) -> [String] {
    guard let value = value(at: path) else { return [] }
    return (value as? [Any] ?? [value]).compactMap { ($0 as? String) ?? Self.json($0) }
  }

  /// How many keys of the object at `path` have a value that counts; nil: there is no object.
  func keyCount(at path: String) -> Int? {
    (value(at: path) as? [String: Any])?.values.count { ($0 as? NSNumber) != 0 && !($0 is NSNull) }
  }

  /// The value as JSON writes it, cut to be read; nil: there is none.
  package func text(at path: String) -> String? { value(at: path).flatMap(Self.json).map(Self.shown) }

  private static func json(_ value: Any) -> String? {
    let json = try? JSONSerialization.data(
      withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
    return json.map { String(decoding: $0, as: UTF8.self) }
  }

  /// Up to three paths (`FieldPath`) of the record that `path` may have meant, the nearest first: the same letters in
  /// another case or with other marks between them, the same key elsewhere, or a slip of the finger.
  ///
  /// - Parameter used: Paths that are declared already.
  package func near(_ path: String, except used: Set<String>) -> [String] {
    let wanted = Self.letters(path)
    let leaf = Self.leaf(path)
    let ranked = paths().filter { !used.contains($0) }.compactMap { candidate -> (path: String, distance: Int)? in
      let letters = Self.letters(candidate)
      let last = Self.leaf(candidate)
      if letters == wanted { return (candidate, 0) }
      if last == leaf { return (candidate, 1) }
      let distance = min(Self.distance(letters, wanted), Self.distance(last, leaf))
      return distance <= max(1, leaf.count / 3) && distance < leaf.count ? (candidate, 1 + distance) : nil
    }
    return ranked.sorted { ($0.distance, $0.path) < ($1.distance, $1.path) }.prefix(3).map(\.path)
  }

  /// Every path to a value that is no object; bounded.
  private func paths() -> [String] {
    var found: [String] = []
    func walk(_ object: [String: Any], _ keys: [String]) {
      for key in object.keys.sorted() where found.count < 1000 {
        if let inner = object[key] as? [String: Any], keys.count < 15 {
          walk(inner, keys + [key])
        } else if let path = FieldPath(keys: keys + [key]) {
          found.append(path.description)
        }
      }
    }
    walk(root, [])
    return found
  }

  private static func leaf(_ path: String) -> String { letters(FieldPath(path)?.keys.last ?? path) }

  private static func letters(_ text: String) -> String {
    text.lowercased().filter { $0.isLetter || $0.isNumber || $0 == "." }
  }

  /// Records have keys of any length: what is far apart by its length alone is not compared.
  private static func distance(_ a: String, _ b: String) -> Int {
    let longer = max(a.count, b.count)
    return abs(a.count - b.count) <= 8 && longer <= 100 ? editDistance(a, b) : longer
  }

  /// At most 60 characters on one line; what cannot be shown becomes a dot.
  package static func shown(_ text: String) -> String {
    let line = String(text.map { $0.isNewline || ($0.asciiValue.map { $0 < 32 || $0 == 127 } ?? false) ? "·" : $0 })
    return line.count > 60 ? line.prefix(59) + "…" : line
  }
}
