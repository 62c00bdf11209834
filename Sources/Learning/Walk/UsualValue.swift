/// What stands for a value whose usual range nobody knows.
enum UsualValue {
  /// The nearest value from −1 to 1; what is absent stays so.
  static func near(_ value: Float) -> Float { value.isNaN ? value : max(-1, min(1, value)) }
}
