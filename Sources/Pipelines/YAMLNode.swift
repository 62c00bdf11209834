/// A place in the pipeline file.
struct Place: Sendable, Hashable, Comparable {
  /// One-based.
  let line: Int
  /// One-based, in characters.
  let column: Int

  static let start = Place(line: 1, column: 1)

  static func < (left: Place, right: Place) -> Bool { (left.line, left.column) < (right.line, right.column) }
}

/// A node of the file: what libyaml read, with its place and with `${env:NAME}` filled in.
struct YAMLNode {
  struct Entry {
    let key: String
    let keyPlace: Place
    /// Behind it.
    let keyEnd: Place
    let value: YAMLNode
  }

  struct Scalar {
    /// The value.
    let text: String
    /// The value as the file spells it: what messages may show.
    let written: String
    /// Whether it stands without quotes, and so may be a number or a boolean.
    let isPlain: Bool

    /// Nothing at all, `~` or `null`: a key without a value.
    var isNull: Bool { isPlain && (text.isEmpty || text == "~" || text == "null") }
  }

  enum Content {
    case scalar(Scalar)
    case sequence([YAMLNode])
    case mapping([Entry])
    /// A mistake has been noted here already.
    case unreadable
  }

  let place: Place
  let content: Content
  /// Behind its last character; of what is written without brackets it may be behind what follows.
  var end: Place
  /// In brackets or braces.
  var isFlow = false

  init(place: Place, content: Content, end: Place? = nil, isFlow: Bool = false) {
    (self.place, self.content, self.end, self.isFlow) = (place, content, end ?? place, isFlow)
  }

  /// What the node is, for messages: `the text "abc"`, `a list`.
  var summary: String {
    switch content {
    case .scalar(let scalar) where scalar.isNull: "nothing"
    case .scalar(let scalar):
      (scalar.isPlain ? "`\(shortened(scalar.written))`" : "the text \"\(shortened(scalar.written))\"")
        + TreacherousCharacter.hint(in: scalar.written)
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .unreadable: "unreadable"
    }
  }
}

/// `text` cut to a length that a line of a report can bear.
func shortened(_ text: String) -> String {
  let line = text.map { $0.isNewline ? " " : String($0) }.joined()
  return line.count <= 60 ? line : line.prefix(57) + "…"
}
