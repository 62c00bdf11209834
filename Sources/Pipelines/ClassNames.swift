/// The names of the classes that a head tells apart.
public struct ClassNames: Sendable, Hashable {
  /// In the order of the outputs; two for a binary head, [what counts 0, what counts 1]. Never empty.
  public let names: [String]

  /// nil: there are none.
  public init?(_ names: [String]) {
    guard names.count > 1 else { return nil }
    self.names = names
  }

  /// The name of the most probable class; of equally probable ones the first.
  ///
  /// - Parameter outputs: A probability a class; of a binary head the one of the second class alone, which is told from
  ///   one half on.
  public func mostProbable<Outputs: Collection>(_ outputs: Outputs) -> String
  where Outputs.Element: BinaryFloatingPoint {
    if outputs.count == 1, let probability = outputs.first { return names[probability >= 0.5 ? 1 : 0] }
    var best: (place: Int, value: Outputs.Element)?
    for (place, value) in outputs.enumerated() where best.map({ value > $0.value }) ?? true { best = (place, value) }
    return names[min(best?.place ?? 0, names.count - 1)]
  }
}
