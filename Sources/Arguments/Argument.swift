/// A word known by its place: `start PIPELINE`.
///
/// The same rules as for `Option`; an array takes every word that is left and must be declared last.
@propertyWrapper
public struct Argument<Value>: DeclaredArgument {
  private let slot: Slot<Value>
  private let expectation: String

  public var wrappedValue: Value {
    get { slot.current }
    nonmutating set { slot.value = newValue }
  }

  private static func declaration(
    _ name: String?, _ help: String, _ completion: ArgumentDescription.Completion?
  ) -> ValueDeclaration {
    ValueDeclaration(kind: .positional, name: name, help: help, completion: completion)
  }

  public init(
    wrappedValue: Value? = nil, name: String? = nil, help: String, completion: ArgumentDescription.Completion? = nil
  ) where Value: ArgumentValue {
    slot = Self.declaration(name, help, completion).slot(required: Value.self, default: wrappedValue)
    expectation = Value.expectation
  }

  public init<T: ArgumentValue>(
    name: String? = nil, help: String, completion: ArgumentDescription.Completion? = nil
  ) where Value == T? {
    slot = Self.declaration(name, help, completion).slot(optional: T.self)
    expectation = T.expectation
  }

  public init<T: ArgumentValue>(
    name: String? = nil, help: String, completion: ArgumentDescription.Completion? = nil
  ) where Value == [T] {
    slot = Self.declaration(name, help, completion).slot(repeating: T.self)
    expectation = T.expectation
  }

  func describe(label: String) -> ArgumentDescription { slot.describe(label: label) }
  var isFilled: Bool { slot.value != nil }
  func accept(_ text: String?, as label: String) -> String? { slot.accept(text, as: label, expecting: expectation) }
}
