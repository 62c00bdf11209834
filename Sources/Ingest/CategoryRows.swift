import Foundation
import Pipelines

/// Where the rows of a category's table come from when its settings were edited.
public enum CategoryRows {
  /// A row that nothing was learned in.
  public static let fresh = UInt32.max

  /// For each row of `new` the row of `old` in which the same values were learned; `fresh` where there is none.
  ///
  /// A listed value is known by its text. One that was not listed before has the row that it shared by its hash. Hashed
  /// values keep their rows as long as those are as many as before.
  ///
  /// - Returns: Shape [new.buckets].
  public static func origins(of new: FeatureSettings, in old: FeatureSettings) -> [UInt32] {
    var origins = [UInt32](repeating: fresh, count: new.buckets)
    origins[0] = 0
    let known = old.values.map(\.precomposedStringWithCanonicalMapping)
    let rows = Dictionary(known.enumerated().map { ($0.element, UInt32($0.offset + 1)) }) { first, _ in first }
    for (place, value) in new.values.enumerated() {
      let value = value.precomposedStringWithCanonicalMapping
      origins[place + 1] =
        rows[value]
        ?? (old.hashes ? UInt32(1 + known.count) + UInt32(hashCategory(value) % UInt64(old.hashedRows)) : fresh)
    }
    guard old.hashes, new.hashes, old.hashedRows == new.hashedRows else { return origins }
    for row in 0..<new.hashedRows { origins[1 + new.values.count + row] = UInt32(1 + known.count + row) }
    return origins
  }

  /// Of every category of both schemas that is not as it was.
  public static func origins(from old: FeatureSchema, to new: FeatureSchema) -> [String: [UInt32]] {
    var origins: [String: [UInt32]] = [:]
    for feature in new.categoryInputs {
      guard let before = old.categoryInputs.first(where: { $0.name == feature.name }), before != feature else {
        continue
      }
      origins[feature.name] = Self.origins(of: feature, in: before)
    }
    return origins
  }
}
