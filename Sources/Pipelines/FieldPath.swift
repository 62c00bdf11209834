/// Where a value is in a record: keys, from the outermost object in.
///
/// As text the keys have dots between them. A dot of a key itself is written `\.`, and a backslash `\\` where it would
/// otherwise be read as part of such a pair: the key `x.a` is the path `x\.a`, the key a in the object x is `x.a`.
public struct FieldPath: Sendable, Hashable, CustomStringConvertible {
  /// One to sixteen, none empty.
  public let keys: [String]

  /// nil: no keys, too many, or one that is empty, longer than 200 characters or has control characters.
  public init?(keys: [String]) {
    let isGood = { (key: String) in
      (1...200).contains(key.count) && !key.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
    }
    guard (1...16).contains(keys.count), keys.allSatisfy(isGood) else { return nil }
    self.keys = keys
  }

  /// nil: the text is no path.
  public init?(_ text: String) {
    var keys = [""]
    var scalars = text.unicodeScalars[...]
    while let scalar = scalars.popFirst() {
      if scalar == "." {
        keys.append("")
      } else if scalar == "\\", let next = scalars.first, next == "." || next == "\\" {
        keys[keys.count - 1].unicodeScalars.append(next)
        scalars.removeFirst()
      } else {
        keys[keys.count - 1].unicodeScalars.append(scalar)
      }
    }
    self.init(keys: keys)
  }

  /// The one text that reads back as this path without a character too many.
  public var description: String { keys.map(Self.escaped).joined(separator: ".") }

  /// The paths of the objects around the value, the outermost first.
  public var parents: [FieldPath] { (1..<keys.count).compactMap { FieldPath(keys: Array(keys[..<$0])) } }

  private static func escaped(_ key: String) -> String {
    var text = String.UnicodeScalarView()
    let scalars = Array(key.unicodeScalars)
    for (place, scalar) in scalars.enumerated() {
      let next = place + 1 < scalars.count ? scalars[place + 1] : "."
      if scalar == "." || (scalar == "\\" && (next == "." || next == "\\")) { text.append("\\") }
      text.append(scalar)
    }
    return String(text)
  }
}

extension ValueKind where Value == String {
  /// A `FieldPath` as its text; also given as a list of its keys.
  static let path: ValueKind<String> = {
    let what = #"a dotted path, such as x.carrier, or a list of keys; a dot that belongs to a key is written \."#
    let key = #"(\\[.\\]|\\(?![.\\])|[^.\\\x00-\x1f\x7f]){1,200}"#
    return ValueKind(
      expects: what,
      schema: [
        .init(
          "anyOf",
          .list([
            .mapping([.init("type", .text("string")), .init("pattern", .text("^\(key)(\\.\(key)){0,15}$"))]),
            .mapping([
              .init("type", .text("array")), .init("items", .mapping([.init("type", .text("string"))])),
              .init("minItems", .integer(1)), .init("maxItems", .integer(16)),
            ]),
          ]))
      ],
      read: { node, path, reader in
        var found: FieldPath?
        switch node.content {
        case .unreadable: return nil
        case .scalar(let scalar) where !scalar.isNull: found = FieldPath(scalar.text)
        case .sequence(let elements):
          let keys = elements.compactMap { element -> String? in
            guard case .scalar(let scalar) = element.content, !scalar.isNull else { return nil }
            return scalar.text
          }
          if keys.count == elements.count { found = FieldPath(keys: keys) }
        default: break
        }
        if let found { return found.description }
        reader.note(at: node.place, "\(path) is \(node.summary)", "write \(what)")
        return nil
      }, write: { .text($0) })
  }()
}
