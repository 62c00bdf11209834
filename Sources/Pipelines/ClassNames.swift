/// The names of the classes that a head tells apart.
public struct ClassNames: Sendable, Hashable {
  /// In the order of the outputs; two for a binary head, [what counts 0, what counts 1]. Never empty.
  public let names: [String]

  /// So many are found where the file does not say how many.
  public static let foundUsual = 64
  /// The longest name that is found, in bytes.
  public static let foundBytesMax = 256

  /// nil: there are none. One alone is all that has been found so far.
  public init?(_ names: [String]) {
    guard !names.isEmpty else { return nil }
    self.names = names
  }

  /// Whether a text of a record can become a class's name: one that a list could hold, too, and a contract keeps.
  public static func accepts(_ text: String) -> Bool {
    guard (1...foundBytesMax).contains(text.utf8.count) else { return false }
    return text.unicodeScalars.allSatisfy { scalar in
      if [0xFEFF, 0xFFFE, 0xFFFF].contains(scalar.value) || turnsText(scalar) { return false }
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator, .surrogate: return false
      default: return true
      }
    }
  }

  /// Whether what stands beside it would be seen in another order: a terminal or a page would show what nobody wrote.
  private static func turnsText(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    default: false
    }
  }

  /// The name of the most probable class; of equally probable ones the first.
  ///
  /// - Parameter outputs: A probability a class; of a binary head the one of the second class alone, which is told from
  ///   one half on.
  public func mostProbable<Outputs: Collection>(_ outputs: Outputs) -> String
  where Outputs.Element: BinaryFloatingPoint {
    if outputs.count == 1, names.count == 2, let probability = outputs.first {
      return names[probability >= 0.5 ? 1 : 0]
    }
    var best: (place: Int, value: Outputs.Element)?
    for (place, value) in outputs.enumerated() where best.map({ value > $0.value }) ?? true { best = (place, value) }
    return names[min(best?.place ?? 0, names.count - 1)]
  }
}
