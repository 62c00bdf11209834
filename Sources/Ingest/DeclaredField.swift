public import Pipelines

/// A place that a schema declares: a feature, a label, a time, or the weight; in the order in which decoder and counters number them.
public struct DeclaredField: Sendable, Hashable {
  /// The feature's name; the path of a label or a time.
  public let name: String
  /// Where it is in a record.
  public let path: String
  public let isFeature: Bool
  /// It says how much the record counts.
  public let isWeight: Bool
  /// The categories that are known; empty: any, or it is none.
  public let values: [String]

  public init(name: String, path: String, isFeature: Bool, isWeight: Bool = false, values: [String] = []) {
    self.name = name
    self.path = path
    self.isFeature = isFeature
    self.isWeight = isWeight
    self.values = values
  }

  /// Of records that are learned from: the features as declared, the heads' labels, event time, label time, weight.
  public static func all(_ schema: FeatureSchema, heads: [HeadSettings]) -> [DeclaredField] {
    let places = heads.map(\.label.path) + [schema.eventTime, schema.labelTime].compactMap(\.self)
    return schema.features.map { DeclaredField(name: $0.name, path: $0.path, isFeature: true, values: $0.values) }
      + places.map { DeclaredField(name: $0, path: $0, isFeature: false) }
      + [schema.weight].compactMap(\.self).map {
        DeclaredField(name: $0, path: $0, isFeature: false, isWeight: true)
      }
  }
}
