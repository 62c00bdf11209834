/// How one type of value is read from the file, written back, and described to an editor.
struct ValueKind<Value: Sendable>: Sendable {
  /// What belongs there, as a remedy says it: "a whole number from 1 to 64".
  let expects: String
  /// The JSON Schema of the value, without default and description.
  let schema: [PlainValue.Pair]
  /// nil: it is not one, which has been noted.
  let read: @Sendable (YAMLNode, _ path: String, PipelineReader) -> Value?
  /// nil: there is nothing to write.
  let write: @Sendable (Value) -> PlainValue?
}

extension ValueKind {
  /// A kind whose values stand in one scalar.
  private static func scalar(
    expects: String, schema: [PlainValue.Pair], parse: @escaping @Sendable (YAMLNode.Scalar) -> Value?,
    write: @escaping @Sendable (Value) -> PlainValue?
  ) -> ValueKind {
    ValueKind(
      expects: expects, schema: schema,
      read: { node, path, reader in
        switch node.content {
        case .unreadable: return nil
        case .scalar(let scalar) where !scalar.isNull:
          if let value = parse(scalar) { return value }
        default: break
        }
        reader.note(at: node.place, "\(path) is \(node.summary)", "write \(expects)")
        return nil
      }, write: write)
  }
}

extension ValueKind where Value == String {
  /// - Parameter pattern: The whole text matches it; the same in Swift and in ECMAScript.
  static func text(_ expects: String, pattern: String) -> ValueKind {
    .scalar(
      expects: expects, schema: [.init("type", .text("string")), .init("pattern", .text(pattern))],
      parse: { scalar in
        // A pattern is a constant of the table, and the tests read every one.
        let matches = (try? Regex(pattern).wholeMatch(in: scalar.text)) ?? nil
        return matches == nil ? nil : scalar.text
      }, write: { .text($0) })
  }

  /// One of a closed list of words.
  static func word(_ words: [String]) -> ValueKind {
    let expects = "one of " + words.joined(separator: ", ")
    return ValueKind(
      expects: expects, schema: [.init("enum", .list(words.map { .text($0) }))],
      read: { node, path, reader in
        var remedy = "write \(expects)"
        switch node.content {
        case .unreadable: return nil
        case .scalar(let scalar) where words.contains(scalar.text): return scalar.text
        case .scalar(let scalar):
          remedy = nearest(to: scalar.text, among: words).map { "did you mean \($0)?" } ?? remedy
        default: break
        }
        reader.note(at: node.place, "\(path) is \(node.summary)", remedy)
        return nil
      }, write: { .text($0) })
  }
}

extension ValueKind where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
  static var choice: ValueKind {
    let word = ValueKind<String>.word(Value.allCases.map(\.rawValue))
    return ValueKind(
      expects: word.expects, schema: word.schema,
      read: { node, path, reader in word.read(node, path, reader).flatMap(Value.init(rawValue:)) },
      write: { .text($0.rawValue) })
  }
}

extension ValueKind where Value: FixedWidthInteger {
  static func integer(_ range: ClosedRange<Value>) -> ValueKind {
    .scalar(
      expects: "a whole number from \(range.lowerBound) to \(range.upperBound)",
      schema: [
        .init("type", .text("integer")), .init("minimum", .integer(range.lowerBound)),
        .init("maximum", .integer(range.upperBound)),
      ],
      parse: { scalar in
        guard scalar.isPlain, scalar.text.wholeMatch(of: /-?[0-9]+/) != nil, let value = Value(scalar.text),
          range.contains(value)
        else { return nil }
        return value
      }, write: { .integer($0) })
  }
}

extension ValueKind where Value == Double {
  /// - Parameter isOpenBelow: The lower bound itself is too small.
  static func number(_ range: ClosedRange<Double>, isOpenBelow: Bool = false) -> ValueKind {
    let low = PlainValue.number(range.lowerBound)
    let high = PlainValue.number(range.upperBound)
    return .scalar(
      expects: (isOpenBelow ? "a number above \(low.json())" : "a number from \(low.json())") + " up to \(high.json())",
      schema: [
        .init("type", .text("number")), .init(isOpenBelow ? "exclusiveMinimum" : "minimum", low),
        .init("maximum", high),
      ],
      parse: { scalar in
        guard let value = finiteNumber(scalar), range.contains(value), !isOpenBelow || value > range.lowerBound
        else { return nil }
        return value
      }, write: { .number($0) })
  }
}

extension ValueKind where Value == Double {
  /// A part of a whole, but not none of it: `5%` or `0.05`.
  static let share = part("a share above 0% up to 100%, such as 5% or 0.05", isAll: true)
  /// A part of a whole, neither none nor all of it.
  static let objective = part("a share above 0% and below 100%, such as 99.9% or 0.999", isAll: false)

  private static func part(_ expects: String, isAll: Bool) -> ValueKind {
    let number: [PlainValue.Pair] = [
      .init("type", .text("number")), .init("exclusiveMinimum", .integer(0)),
      .init(isAll ? "maximum" : "exclusiveMaximum", .integer(1)),
    ]
    let text: [PlainValue.Pair] = [
      .init("type", .text("string")), .init("pattern", .text("^[0-9]{1,3}(\\.[0-9]{1,9})?%$")),
    ]
    return scalar(
      expects: expects, schema: [.init("anyOf", .list([.mapping(number), .mapping(text)]))],
      parse: { scalar in
        let isPercent = scalar.text.wholeMatch(of: /[0-9]{1,3}(\.[0-9]{1,9})?%/) != nil
        let value = isPercent ? Double(scalar.text.dropLast() + "e-2") : finiteNumber(scalar)
        return value.flatMap { $0 > 0 && ($0 < 1 || isAll && $0 == 1) ? $0 : nil }
      }, write: { .number($0) })
  }
}

extension ValueKind where Value == Bool {
  static let boolean = ValueKind.scalar(
    expects: "true or false", schema: [.init("type", .text("boolean"))],
    parse: { $0.isPlain ? ["true": true, "false": false][$0.text] : nil }, write: { .boolean($0) })
}

extension ValueKind where Value == Duration {
  static func duration(_ range: ClosedRange<Duration>) -> ValueKind {
    let (low, high) = (DurationText.format(range.lowerBound), DurationText.format(range.upperBound))
    return .scalar(
      expects: "a duration from \(low) to \(high), such as 50ms, 10s or 2m",
      schema: [.init("type", .text("string")), .init("pattern", .text(DurationText.pattern))],
      parse: { scalar in DurationText.parse(scalar.text).flatMap { range.contains($0) ? $0 : nil } },
      write: { .text(DurationText.format($0)) })
  }
}

extension ValueKind where Value == Int {
  static func bytes(_ range: ClosedRange<Int>) -> ValueKind {
    let (low, high) = (BytesText.format(range.lowerBound), BytesText.format(range.upperBound))
    let examples = ["1MB", "256MiB", "8GiB"].filter { BytesText.parse($0).map(range.contains) ?? false }.prefix(2)
    return .scalar(
      expects: "a size from \(low) to \(high), such as \(examples.joined(separator: " or "))",
      schema: [
        .init("type", .list([.text("string"), .text("integer")])), .init("pattern", .text(BytesText.pattern)),
      ],
      parse: { scalar in BytesText.parse(scalar.text).flatMap { range.contains($0) ? $0 : nil } },
      write: { .text(BytesText.format($0)) })
  }
}

extension ValueKind {
  /// A value, or the word `none`.
  static func optional<Wrapped>(_ kind: ValueKind<Wrapped>) -> ValueKind where Value == Wrapped? {
    ValueKind(
      expects: kind.expects + ", or none",
      schema: [.init("anyOf", .list([.mapping(kind.schema), .mapping([.init("const", .text("none"))])]))],
      read: { node, path, reader in
        if case .scalar(let scalar) = node.content, scalar.text == "none" { return .some(nil) }
        return kind.read(node, path, reader).map { .some($0) }
      }, write: { $0.map { kind.write($0) } ?? .text("none") })
  }

  /// A value that is absent unless the file gives it.
  static func ifGiven<Wrapped>(_ kind: ValueKind<Wrapped>) -> ValueKind where Value == Wrapped? {
    ValueKind(
      expects: kind.expects, schema: kind.schema,
      read: { node, path, reader in kind.read(node, path, reader).map { .some($0) } },
      write: { $0.flatMap { kind.write($0) } })
  }

  static func list<Element>(
    of kind: ValueKind<Element>, _ what: String, count: ClosedRange<Int>, isHiddenWhenEmpty: Bool = false
  ) -> ValueKind
  where Value == [Element] {
    ValueKind(
      expects: what,
      schema: [
        .init("type", .text("array")), .init("items", .mapping(kind.schema)),
        .init("minItems", .integer(count.lowerBound)),
        .init("maxItems", .integer(count.upperBound)),
      ],
      read: { node, path, reader in
        guard case .sequence(let elements) = node.content else {
          if case .unreadable = node.content { return nil }
          reader.note(at: node.place, "\(path) is \(node.summary)", "write \(what)")
          return nil
        }
        guard count.contains(elements.count) else {
          let bound = elements.count < count.lowerBound ? "at least \(count.lowerBound)" : "at most \(count.upperBound)"
          reader.note(at: node.place, "\(path) has \(elements.count) elements", "write \(bound)")
          return nil
        }
        let values = elements.enumerated().map { index, element -> Element? in
          reader.remember("\(path)[\(index)]", at: element.place)
          return kind.read(element, "\(path)[\(index)]", reader)
        }
        return values.contains { $0 == nil } ? nil : values.compactMap { $0 }
      }, write: { isHiddenWhenEmpty && $0.isEmpty ? nil : .list($0.compactMap { kind.write($0) }) })
  }
}

/// A plain scalar as a finite number; nil when it is none.
func finiteNumber(_ scalar: YAMLNode.Scalar) -> Double? {
  guard scalar.isPlain, scalar.text.wholeMatch(of: /[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?/) != nil,
    let value = Double(scalar.text), value.isFinite
  else { return nil }
  return value
}
