package import Pipelines

/// The input that holds whole JSON records, decoded as the workers decode them.
package enum RecordInput {
  /// What people write.
  package static let short = "record"
  /// What means it even where a feature is called `record`.
  package static let certain = "$record"

  /// The names that mean it: those that no feature has.
  package static func names(_ schema: FeatureSchema) -> [String] {
    [short, certain].filter { name in !schema.features.contains { $0.name == name } }
  }
}
