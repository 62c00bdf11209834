/// A word with a dash and a value: `--workers 4`, `--workers=4`.
///
/// The property's name gives the option's: `eventTime` is `--event-time`. An optional type may be left out, an array
/// may be repeated, anything else without a default must be there. One that `isAlsoBare` takes a word without dashes too that
/// no positional wants: `status flights` is `status --pipeline flights`.
@propertyWrapper
public struct Option<Value>: DeclaredArgument {
  private let slot: Slot<Value>
  private let expectation: String

  public var wrappedValue: Value {
    get { slot.current }
    nonmutating set { slot.value = newValue }
  }

  private static func declaration(
    _ name: String?, _ short: Character?, _ valueName: String?, _ help: String,
    _ completion: ArgumentDescription.Completion?, isAlsoBare: Bool = false
  ) -> ValueDeclaration {
    ValueDeclaration(
      kind: .option, name: name, short: short, valueName: valueName, help: help, completion: completion,
      isAlsoBare: isAlsoBare)
  }

  public init(
    wrappedValue: Value? = nil, name: String? = nil, short: Character? = nil, valueName: String? = nil, help: String,
    completion: ArgumentDescription.Completion? = nil
  ) where Value: ArgumentValue {
    slot = Self.declaration(name, short, valueName, help, completion).slot(
      required: Value.self, default: wrappedValue)
    expectation = Value.expectation
  }

  public init<T: ArgumentValue>(
    name: String? = nil, short: Character? = nil, valueName: String? = nil, help: String,
    completion: ArgumentDescription.Completion? = nil, isAlsoBare: Bool = false
  ) where Value == T? {
    slot = Self.declaration(name, short, valueName, help, completion, isAlsoBare: isAlsoBare).slot(optional: T.self)
    expectation = T.expectation
  }

  public init<T: ArgumentValue>(
    name: String? = nil, short: Character? = nil, valueName: String? = nil, help: String,
    completion: ArgumentDescription.Completion? = nil
  ) where Value == [T] {
    slot = Self.declaration(name, short, valueName, help, completion).slot(repeating: T.self)
    expectation = T.expectation
  }

  func describe(label: String) -> ArgumentDescription { slot.describe(label: label) }
  var isFilled: Bool { slot.value != nil }
  func accept(_ text: String?, as label: String) -> String? { slot.accept(text, as: label, expecting: expectation) }
}
