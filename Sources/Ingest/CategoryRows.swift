import Foundation
public import Pipelines

/// Where the rows of a table come from when the settings of its category, cross, map or text were edited.
public enum CategoryRows {
  /// A row that nothing was learned in.
  public static let fresh = UInt32.max

  /// For each row of `new` the row of `old` in which the same values were learned; `fresh` where there is none.
  ///
  /// A listed value is known by its text. One that was not listed before has the row that it shared by its hash. Hashed
  /// values keep their rows as long as those are as many as before, or several times as many: then each comes from the one
  /// that its values shared. Rows of their own stay in their order.
  ///
  /// - Returns: Shape [new.tableRows].
  public static func origins(of new: FeatureSettings, in old: FeatureSettings) -> [UInt32] {
    var origins = [UInt32](repeating: fresh, count: new.tableRows)
    origins[0] = 0
    let known = old.values.map(\.precomposedStringWithCanonicalMapping)
    let rows = Dictionary(known.enumerated().map { ($0.element, UInt32($0.offset + 1)) }) { first, _ in first }
    for (place, value) in new.values.enumerated() {
      let value = value.precomposedStringWithCanonicalMapping
      origins[place + 1] =
        rows[value]
        ?? (old.hashes ? old.hashedRow(of: hashCategory(value)) : fresh)
    }
    for row in 0..<min(old.ownRows, new.ownRows) { origins[new.buckets + row] = UInt32(old.buckets + row) }
    guard old.hashes && new.hashes || old.isSparse, new.splitsHashedRows(of: old) else { return origins }
    for row in 0..<new.hashedRows {
      origins[1 + new.values.count + row] = UInt32(1 + known.count + row % old.hashedRows)
    }
    return origins
  }

  /// The listed values of `new` that were none of `old`, by their rows: where one had a row of its own, it has learned there.
  public static func listed(_ new: FeatureSettings, since old: FeatureSettings) -> [UInt32: UInt64] {
    let known = Set(old.values.map(\.precomposedStringWithCanonicalMapping))
    var listed: [UInt32: UInt64] = [:]
    for (place, value) in new.values.enumerated() {
      let value = value.precomposedStringWithCanonicalMapping
      if !known.contains(value) { listed[UInt32(place + 1)] = ownHash(ofCategory: value) }
    }
    return listed
  }

  /// The same of every category of both schemas that has rows for values of their own.
  public static func listed(from old: FeatureSchema, to new: FeatureSchema) -> [String: [UInt32: UInt64]] {
    var listed: [String: [UInt32: UInt64]] = [:]
    for feature in new.categoryFeatures {
      guard let before = old.categoryFeatures.first(where: { $0.name == feature.name }), before.ownRows > 0 else {
        continue
      }
      listed[feature.name] = Self.listed(feature, since: before)
    }
    return listed
  }

  /// Of every table of both schemas whose feature is not as it was.
  public static func origins(from old: FeatureSchema, to new: FeatureSchema) -> [String: [UInt32]] {
    var origins: [String: [UInt32]] = [:]
    let known = old.categoryInputs + old.sparseFeatures
    for feature in new.categoryInputs + new.sparseFeatures {
      guard let before = known.first(where: { $0.name == feature.name }), before != feature else { continue }
      origins[feature.name] = Self.origins(of: feature, in: before)
    }
    return origins
  }
}
