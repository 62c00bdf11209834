package import Pipelines

/// The input that holds all features of each row in one tensor [N, F], in the order of the schema.
package enum TensorInput {
  /// What people write.
  package static let short = "features"
  /// What means it even where a feature is called `features`.
  package static let certain = "$features"

  /// Whether a row of numbers says all that the model reads: each feature has one value, a number, a truth, a time, or a category
  /// whose values are whole numbers.
  package static func isPossible(_ schema: FeatureSchema) -> Bool {
    schema.features.allSatisfy { feature in
      !feature.isRead || feature.type.isNumeric || feature.type == .category && feature.valuesMax == 1
    }
  }

  /// The names that mean it: those that no feature has; none where it is not possible.
  package static func names(_ schema: FeatureSchema) -> [String] {
    guard isPossible(schema) else { return [] }
    return [short, certain].filter { name in !schema.features.contains { $0.name == name } }
  }
}
