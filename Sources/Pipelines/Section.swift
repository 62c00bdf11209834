/// One mapping of the pipeline file: its keys, each described once for the parser, the effective pipeline and the schema.
struct Section<Owner: Sendable>: Sendable {
  /// What the section is for, in one sentence.
  let doc: String
  /// The owner with every default in place; a required key's value in it means nothing.
  let prototype: Owner
  let keys: [Key<Owner>]
  /// What to write where one word stands instead of the mapping; nil: the keys say it.
  var remedyOfWord: (@Sendable (String) -> String)?

  /// The section as a value of a key, or as the whole file.
  var kind: ValueKind<Owner> {
    ValueKind(
      expects: "a mapping with the keys " + keys.map(\.name).joined(separator: ", "),
      schema: schema,
      read: { node, path, reader in read(node, path, reader) },
      write: { owner in
        .mapping(
          keys.compactMap { key in
            key.condition.map { $0.holds(owner) } ?? true ? key.write(owner).map { .init(key.name, $0) } : nil
          })
      })
  }

  /// The owner as far as it could be read, so that what goes on reading finds the further mistakes; nil: no mapping.
  private func read(_ node: YAMLNode, _ path: String, _ reader: PipelineReader) -> Owner? {
    let place = path.isEmpty ? "the file" : path
    let entries: [YAMLNode.Entry]
    switch node.content {
    case .mapping(let given): entries = given
    case .unreadable: return nil
    case .scalar(let scalar) where !scalar.isNull && remedyOfWord != nil:
      let remedy = remedyOfWord?(shortened(scalar.text)) ?? kind.expects
      reader.note(at: node.place, "\(place) is \(node.summary)", "write \(remedy)")
      return nil
    default:
      reader.note(at: node.place, "\(place) is \(node.summary)", "write \(kind.expects)")
      return nil
    }
    var owner = prototype
    for entry in entries {
      let keyPath = path.isEmpty ? entry.key : "\(path).\(entry.key)"
      guard let key = keys.first(where: { $0.name == entry.key }) else {
        let remedy =
          nearest(to: entry.key, among: keys.map(\.name)).map { "did you mean `\($0)`?" }
          ?? "its keys are " + keys.map(\.name).joined(separator: ", ")
        reader.note(at: entry.keyPlace, "\(place) has no key `\(shortened(entry.key))`", remedy)
        continue
      }
      reader.remember(keyPath, at: entry.value.place)
      if !key.read(&owner, entry.value, keyPath, reader) { reader.distrust(keyPath) }
    }
    for key in keys
    where key.isRequired && !entries.contains(where: { $0.key == key.name || $0.key == key.waivedBy }) {
      reader.note(at: node.place, "\(place) lacks the key `\(key.name)`", "add `\(key.name):` with \(key.expects)")
      reader.distrust(path.isEmpty ? key.name : "\(path).\(key.name)")
    }
    // Only a section whose keys could all be read tells what they mean together.
    guard reader.trusts(path) else { return owner }
    for entry in entries {
      guard let key = keys.first(where: { $0.name == entry.key }), let condition = key.condition,
        !condition.holds(owner)
      else { continue }
      let (problem, remedy) = condition.words(owner)
      reader.note(at: entry.keyPlace, "`\(entry.key)` \(problem)", remedy)
    }
    return owner
  }

  private var schema: [PlainValue.Pair] {
    let required = keys.filter { $0.isRequired && $0.waivedBy == nil }.map { PlainValue.text($0.name) }
    return [
      .init("type", .text("object")),
      .init("additionalProperties", .boolean(false)),
      .init("required", .list(required)),
    ]
      + keys.compactMap { key in
        key.waivedBy.map { waiver in
          .init(
            "anyOf",
            .list([key.name, waiver].map { .mapping([.init("required", .list([.text($0)]))]) }))
        }
      } + [.init("properties", .mapping(keys.map { .init($0.name, $0.schema(in: prototype)) }))]
  }
}

/// When a key has a meaning; giving it otherwise is a contradiction.
struct Condition<Owner: Sendable>: Sendable {
  /// What is wrong, and what to do, where it does not hold.
  let words: @Sendable (Owner) -> (problem: String, remedy: String)
  let holds: @Sendable (Owner) -> Bool

  init(_ problem: String, _ remedy: String, _ holds: @escaping @Sendable (Owner) -> Bool) {
    words = { _ in (problem, remedy) }
    self.holds = holds
  }

  /// Of which the right words depend on what else there is.
  init(
    _ holds: @escaping @Sendable (Owner) -> Bool,
    else words: @escaping @Sendable (Owner) -> (problem: String, remedy: String)
  ) {
    self.words = words
    self.holds = holds
  }
}

/// One key of a section: name, type, range, default, meaning.
struct Key<Owner: Sendable>: Sendable {
  let name: String
  let doc: String
  let expects: String
  let isRequired: Bool
  /// Where this other key is given it may be left out.
  let waivedBy: String?
  private(set) var condition: Condition<Owner>?
  /// False: there was a mistake, which has been noted.
  let read: @Sendable (inout Owner, YAMLNode, _ path: String, PipelineReader) -> Bool
  let write: @Sendable (Owner) -> PlainValue?
  private let valueSchema: [PlainValue.Pair]

  private let hasOwnDefault: Bool

  /// - Parameters:
  ///   - onlyIf: nil: always.
  ///   - hasOwnDefault: False: it follows from other keys, as the description says.
  init<Value>(
    _ name: String, _ property: any WritableKeyPath<Owner, Value> & Sendable, _ kind: ValueKind<Value>,
    isRequired: Bool = false, waivedBy: String? = nil, onlyIf condition: Condition<Owner>? = nil,
    hasOwnDefault: Bool = true, _ doc: String
  ) {
    self.hasOwnDefault = hasOwnDefault
    self.name = name
    self.doc = doc
    self.expects = kind.expects
    self.isRequired = isRequired
    self.waivedBy = waivedBy
    self.condition = condition
    valueSchema = kind.schema
    read = { owner, node, path, reader in
      guard let value = kind.read(node, path, reader) else { return false }
      owner[keyPath: property] = value
      return true
    }
    write = { kind.write($0[keyPath: property]) }
  }

  /// The same key, which has a meaning only where this holds too; that is said first.
  func only(_ first: Condition<Owner>) -> Key {
    var key = self
    guard let then = condition else {
      key.condition = first
      return key
    }
    key.condition = Condition({ first.holds($0) && then.holds($0) }) {
      first.holds($0) ? then.words($0) : first.words($0)
    }
    return key
  }

  func schema(in prototype: Owner) -> PlainValue {
    var pairs = [PlainValue.Pair("description", .text(doc))] + valueSchema
    // A section's default is what its own keys say.
    let isSection = valueSchema.contains { $0.key == "properties" }
    if !isRequired, !isSection, hasOwnDefault, let value = write(prototype) { pairs.append(.init("default", value)) }
    return .mapping(pairs)
  }
}
