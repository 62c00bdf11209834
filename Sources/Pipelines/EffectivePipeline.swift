/// A pipeline as JSON in the words of its file: the same keys, names and units, every default filled in.
public struct EffectivePipeline: Encodable, Sendable {
  private let value: PlainValue

  /// Secrets that `effectiveYAML` masks are masked here too.
  public init(_ pipeline: Pipeline) { value = Pipeline.section.kind.write(pipeline) ?? .mapping([]) }

  public func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}

extension PlainValue: Encodable {
  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  func encode(to encoder: any Encoder) throws {
    switch self {
    case .mapping(let pairs):
      var container = encoder.container(keyedBy: Name.self)
      for pair in pairs { try container.encode(pair.value, forKey: Name(stringValue: pair.key)) }
    case .list(let elements):
      var container = encoder.unkeyedContainer()
      for element in elements { try container.encode(element) }
    case .text(let text):
      var container = encoder.singleValueContainer()
      try container.encode(text)
    case .literal(let text):
      var container = encoder.singleValueContainer()
      if let whole = Int64(text) {
        try container.encode(whole)
      } else if let number = Double(text) {
        try container.encode(number)
      } else {
        try container.encode(text == "true")
      }
    }
  }
}
