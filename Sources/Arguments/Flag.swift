/// A word with a dash and no value: there or not.
@propertyWrapper
public struct Flag: DeclaredArgument {
  private let slot: Slot<Bool>

  public var wrappedValue: Bool {
    get { slot.current }
    nonmutating set { slot.value = newValue }
  }

  public init(name: String? = nil, short: Character? = nil, help: String) {
    let description = ArgumentDescription(
      kind: .flag, name: name ?? "", short: short, valueName: "", help: help, isRequired: false, isRepeating: false,
      completion: .none)
    slot = Slot(false, description) { _, slot in
      slot = true
      return true
    }
  }

  func describe(label: String) -> ArgumentDescription { slot.describe(label: label) }
  var isFilled: Bool { true }
  func accept(_ text: String?, as label: String) -> String? {
    if let text { return "\(label) takes no value, but got '\(text)'" }
    slot.value = true
    return nil
  }
}
