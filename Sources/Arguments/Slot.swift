/// Where a declared word's value lies between parsing and use. Filled by the parser on one thread, before `run`.
final class Slot<Value> {
  var value: Value?
  /// Adds the text's value; false: the text is no such value.
  let take: (String, inout Value?) -> Bool
  /// Everything but the name, which the property's label gives.
  let description: ArgumentDescription

  init(_ value: Value?, _ description: ArgumentDescription, take: @escaping (String, inout Value?) -> Bool) {
    self.value = value
    self.description = description
    self.take = take
  }

  var current: Value {
    guard let value else { preconditionFailure("read before the command line was parsed") }
    return value
  }
}

/// What the parser sees of a declared word, whatever its type.
protocol DeclaredArgument {
  func describe(label: String) -> ArgumentDescription
  /// Takes one value (a flag takes none); a complaint, or nil.
  func accept(_ text: String?, as label: String) -> String?
  /// Whether it has a value, by default or by word.
  var isFilled: Bool { get }
}

/// What a declared word with a value needs beside its type.
struct ValueDeclaration {
  var kind: ArgumentDescription.Kind
  var name: String?
  var short: Character?
  var valueName: String?
  var help: String
  var completion: ArgumentDescription.Completion?
  var isAlsoBare = false

  func description<T: ArgumentValue>(
    of type: T.Type, defaultText: String? = nil, isRequired: Bool = false, isRepeating: Bool = false
  ) -> ArgumentDescription {
    let values = T.allValueStrings
    return ArgumentDescription(
      kind: kind, name: name ?? "", short: short, valueName: valueName ?? "", help: help, defaultText: defaultText,
      isRequired: isRequired, isRepeating: isRepeating,
      completion: completion ?? (values.isEmpty ? .none : .values(values)), isAlsoBare: isAlsoBare)
  }

  func slot<T: ArgumentValue>(required type: T.Type, default value: T?) -> Slot<T> {
    let description = description(of: T.self, defaultText: value?.argumentText, isRequired: value == nil)
    return Slot(value, description) { text, slot in
      guard let value = T(argument: text) else { return false }
      slot = value
      return true
    }
  }

  func slot<T: ArgumentValue>(optional type: T.Type) -> Slot<T?> {
    Slot(.some(nil), description(of: T.self)) { text, slot in
      guard let value = T(argument: text) else { return false }
      slot = .some(value)
      return true
    }
  }

  func slot<T: ArgumentValue>(repeating type: T.Type) -> Slot<[T]> {
    Slot([], description(of: T.self, isRepeating: true)) { text, slot in
      guard let value = T(argument: text) else { return false }
      slot = (slot ?? []) + [value]
      return true
    }
  }
}

extension Slot {
  func describe(label: String) -> ArgumentDescription {
    var result = description
    if result.name.isEmpty { result.name = dashedName(label) }
    if result.valueName.isEmpty { result.valueName = result.name }
    return result
  }

  func accept(_ text: String?, as label: String, expecting expectation: String) -> String? {
    guard let text else { return "\(label) needs a value" }
    return take(text, &value) ? nil : "\(label) must be \(expectation), not '\(text)'"
  }
}
