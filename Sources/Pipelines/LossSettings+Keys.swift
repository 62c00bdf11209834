extension LossSettings {
  static let section: Section<LossSettings> = Section(
    doc: "What is minimised.",
    prototype: LossSettings(kind: .crossEntropy),
    keys: [
      Key("kind", \.kind, .choice, isRequired: true, "The loss."),
      Key(
        "gamma", \.gamma, .number(0...10), onlyIf: isKind(.focal),
        "How much less a sure answer counts; 0 is cross-entropy."),
      Key(
        "delta", \.delta, .number(0...1e12, isOpenBelow: true), onlyIf: isKind(.huber),
        "The error, in the label's unit, from which the loss grows linearly."),
      Key(
        "level", \.level, .numberBetween(0, 1), onlyIf: isKind(.quantile),
        "The quantile that is predicted; 0.5 is the median."),
    ])

  private static func isKind(_ kind: Kind) -> Condition<LossSettings> {
    Condition("is for \(kind.rawValue) only", "leave it out, or write `kind: \(kind.rawValue)`") { $0.kind == kind }
  }

  /// The name of a loss, or a mapping with its constants.
  static let kind: ValueKind<LossSettings> = {
    let word = ValueKind<Kind>.choice
    let mapping = section.kind
    return ValueKind(
      expects: "a loss (\(word.expects)), or a mapping such as { kind: huber, delta: 1 }",
      schema: [.init("anyOf", .list([.mapping(word.schema), .mapping(mapping.schema)]))],
      read: { node, path, reader in
        if case .mapping = node.content { return mapping.read(node, path, reader) }
        return word.read(node, path, reader).map(LossSettings.init(kind:))
      }, write: { mapping.write($0) })
  }()
}

extension ValueKind where Value == TemperatureSettings {
  static let temperature: ValueKind<TemperatureSettings> = {
    let number = ValueKind<Double>.number(0.05...20)
    return ValueKind(
      expects: number.expects + ", or learned",
      schema: [.init("anyOf", .list([.mapping(number.schema), .mapping([.init("const", .text("learned"))])]))],
      read: { node, path, reader in
        if case .scalar(let scalar) = node.content {
          if scalar.text == "learned" { return .learned }
          if finiteNumber(scalar) == nil {
            reader.note(at: node.place, "\(path) is \(node.summary)", "write \(number.expects), or learned")
            return nil
          }
        }
        return number.read(node, path, reader).map { .fixed($0) }
      },
      write: { temperature in
        switch temperature {
        case .fixed(let value): .number(value)
        case .learned: .text("learned")
        }
      })
  }()
}

extension LossOwner {
  /// The keys that model and further heads share.
  static var lossKeys: [Key<Self>] {
    let isOfClasses = Condition<Self>("is for classes only", "leave it out, or write `task: binary` or multiclass") {
      $0.task != .regression
    }
    return [
      Key(
        "loss", \Self.loss, .ifGiven(LossSettings.kind),
        "What is minimised; without it cross_entropy for classes and squared for values. Classes: cross_entropy, focal. Values: squared, huber, quantile (learned on standardised labels), poisson (counts, log link). Classes are judged by log loss, values by their own loss in the label's unit."
      ),
      Key(
        "label_smoothing", \Self.labelSmoothing, .number(0...0.9), onlyIf: isOfClasses,
        "This share of the target is spread evenly over all classes; cross_entropy only."),
      Key(
        "class_weights", \Self.classWeights,
        .list(
          of: .number(0...1e6), "a list of weights, one a class, such as [1, 3]", count: 0...10_000,
          isHiddenWhenEmpty: true), onlyIf: isOfClasses,
        "What a record of each class counts, in the order of the classes; binary: [of 0, of 1]."),
      Key(
        "temperature", \Self.temperature, .temperature, onlyIf: isOfClasses,
        "What logits are divided by before they become probabilities, and only then: above 1 softens, below sharpens. learned: it follows the log loss of the records as they come."
      ),
    ]
  }
}

extension HeadSettings {
  static let section: Section<HeadSettings> = Section(
    doc: "A further label, learned by the same network from the same records.",
    prototype: HeadSettings(name: "", label: LabelSettings(path: ""), task: .binary),
    keys: [
      Key(
        "name", \.name,
        .text(
          "1 to 40 lower-case letters, digits and inner underscores", pattern: "^[a-z0-9]([a-z0-9_]{0,38}[a-z0-9])?$"),
        isRequired: true, "The name of the output in requests and of the layer in reports."),
      Key(
        "label", \.label.path, .path, isRequired: true,
        "Where its label is. Where that is absent, the record teaches the other heads only; a record without the label of the schema teaches none."
      ),
      Key(
        "task", \.task, .choice, isRequired: true, "What it predicts: a probability, one of several classes, a number."),
      Key(
        "classes", \.label.classes,
        .list(
          of: .line("a class name"), "a list of class names, such as [on_time, late]", count: 0...10_000,
          isHiddenWhenEmpty: true),
        "The class names, in the order of the outputs; binary: none, or two, [what counts 0, what counts 1]."),
      Key(
        "clip", \.label.clip, .ifGiven(.range),
        onlyIf: Condition("is for numbers only", "leave it out, or write `task: regression`") {
          $0.task == .regression
        }, "Of a number: the values that are learned, as [lowest, highest]; without it any number."),
      Key(
        "out_of_range", \.label.outOfRange, .choice,
        onlyIf: Condition("needs a range", "add `clip: [lowest, highest]`, or leave it out") { $0.label.clip != nil },
        "What a label outside clip becomes: the nearest bound, or a rejected record."),
      Key("weight", \.weight, .number(0...1e6, isOpenBelow: true), "Of its loss in the sum; the primary one has 1."),
    ] + lossKeys)
}

extension ValueKind where Value == Double {
  /// Neither bound is allowed.
  static func numberBetween(_ low: Double, _ high: Double) -> ValueKind {
    let (lowest, highest) = (PlainValue.number(low), PlainValue.number(high))
    return ValueKind(
      expects: "a number above \(lowest.json()) and below \(highest.json())",
      schema: [
        .init("type", .text("number")), .init("exclusiveMinimum", lowest), .init("exclusiveMaximum", highest),
      ],
      read: { node, path, reader in
        if case .scalar(let scalar) = node.content, let value = finiteNumber(scalar), low < value, value < high {
          return value
        }
        if case .unreadable = node.content { return nil }
        reader.note(
          at: node.place, "\(path) is \(node.summary)",
          "write a number above \(lowest.json()) and below \(highest.json())")
        return nil
      }, write: { .number($0) })
  }
}
