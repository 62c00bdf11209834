/// The words of an `ArgumentGroup`, as if the command had declared them itself.
@propertyWrapper
public struct OptionGroup<Group: ArgumentGroup>: DeclaredGroup {
  public let wrappedValue: Group

  public init() { wrappedValue = Group() }

  var content: Any { wrappedValue }
}

/// What reflection sees of an option group.
protocol DeclaredGroup {
  var content: Any { get }
}

/// The declared words of a command or group in the order of the source, groups unfolded in place.
func declaredArguments(of value: Any) -> [(argument: any DeclaredArgument, description: ArgumentDescription)] {
  Mirror(reflecting: value).children.flatMap { child in
    if let group = child.value as? any DeclaredGroup { return declaredArguments(of: group.content) }
    guard let argument = child.value as? any DeclaredArgument else { return [] }
    return [(argument, argument.describe(label: child.label ?? ""))]
  }
}
