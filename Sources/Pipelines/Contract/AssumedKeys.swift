/// The keys of a feature that its file does not give, and whose default is another than it was for older models: they are
/// as the model that goes on has them, or as the default says where a new one begins.
///
/// Where a value comes from makes no difference to what it means: these are always equal.
public struct AssumedKeys: Sendable, Hashable, Codable {
  var names: Set<String> = []

  public static func == (_: Self, _: Self) -> Bool { true }
  public func hash(into _: inout Hasher) {}
}

extension FeatureSettings {
  private static let indicator = "missing_indicator"
  private static let ownRowsKey = "own_rows"
  private static let ownRowsUsual = 1024

  /// Sets what the file does not give.
  ///
  /// - Parameter gives: Whether the file has a key.
  mutating func assume(_ gives: (String) -> Bool) {
    if type.isNumeric, !gives(Self.indicator) {
      missingIndicator = missing == .impute
      assumed.names.insert(Self.indicator)
    }
    if type.isCategorical, !gives(Self.ownRowsKey) {
      ownRows = values.isEmpty ? min(buckets, Self.ownRowsUsual) : 0
      assumed.names.insert(Self.ownRowsKey)
    }
  }

  /// Sets what the file does not give as it was.
  ///
  /// - Parameter known: The feature as it was learned; nil: by a program that knew none of these keys.
  fileprivate mutating func follow(_ known: FeatureSettings?) {
    // Also where absent values are refused from now on: the input is always 0 then.
    if assumed.names.contains(Self.indicator) { missingIndicator = known?.missingIndicator ?? false }
    if type == .timestamp, origin == nil { origin = known?.originInForce ?? 0 }
    if assumed.names.contains(Self.ownRowsKey) { ownRows = hashes ? known?.ownRows ?? 0 : 0 }
  }
}

extension Pipeline {
  /// This pipeline for a model that has been learned already: what the file leaves open is as it was learned, so that a
  /// default that is another today changes no model that goes on.
  ///
  /// - Parameter contract: What it was learned under; nil: by a program that knew no contracts.
  public func following(_ contract: DataContract?) -> Pipeline {
    var pipeline = self
    if schema.label.findsClasses, let contract, contract.schema.label.classes.count <= schema.label.classesMax {
      pipeline.schema.label.classes = contract.schema.label.classes
    }
    let known = Dictionary(
      (contract?.schema.features ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for index in pipeline.schema.features.indices {
      let feature = pipeline.schema.features[index]
      if contract == nil {
        pipeline.schema.features[index].follow(nil)
      } else if let before = known[feature.name], before.type == feature.type {
        pipeline.schema.features[index].follow(before)
      }
    }
    return pipeline
  }
}
