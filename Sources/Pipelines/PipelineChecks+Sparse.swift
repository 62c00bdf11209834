import Vocabulary

/// What maps and texts cannot be together with.
extension PipelineChecks {
  /// Pairs of rows and weights that a batch can number.
  static let pairsMax = Int(Int32.max) - 1

  /// Whether the keys of a step can be counted: one worker may have all partitions.
  func checkPairs() {
    guard reader.trusts("schema.features"), reader.trusts("training"), reader.trusts("source") else { return }
    let records = pipeline.deal.stepMax
    let (key, count) = (pipeline.training.stepKey, pipeline.training.stepCount)
    let times = pipeline.training.recordsPerStep == nil ? " × \(pipeline.source.partitions) partitions" : ""
    for (index, feature) in pipeline.schema.features.enumerated() where feature.isSparse {
      let pairs = records * feature.pairsMax
      guard pairs > Self.pairsMax else { continue }
      note(
        "schema.features[\(index)].keys_max",
        "`\(feature.name)` may have \(feature.pairsMax) keys × \(count) \(key)\(times) "
          + "in a step, which is \(pairs), and there are \(Self.pairsMax) at most",
        Self.pairsMax / records > 0
          ? "write `keys_max: \(Self.pairsMax / records)` or less, or fewer `\(key)`"
          : "write fewer `\(key)`")
    }
  }

  /// Whether one value can be what all the features want that read it.
  func checkSharedPaths() {
    let features = pipeline.schema.features
    guard features.contains(where: \.isSparse), reader.trusts("schema") else { return }
    for (index, feature) in features.enumerated() where feature.isRead {
      let path = "schema.features[\(index)].path"
      let place = reader.gives(path) ? path : "schema.features[\(index)].name"
      let others = features[..<index].filter { $0.isRead && $0.path == feature.path }
      guard let other = others.first(where: { !agree($0, feature) }) else { continue }
      note(
        place,
        "`\(feature.name)`, \(noun(feature)), reads the same place as `\(other.name)`, \(noun(other)), and no value is both",
        feature.type == .map || other.type == .map
          ? "give one of them another path, or one type to both" : "write `coerce: true` for both, or another path")
    }
  }

  private func agree(_ a: FeatureSettings, _ b: FeatureSettings) -> Bool {
    let types = Set([a.type, b.type])
    if types.contains(.map) { return types.count == 1 }
    // Whole numbers alone are texts too, and truths are none.
    guard types.contains(.text), types.contains(.float) || types.contains(.bool) else { return true }
    return (a.coerce ?? pipeline.schema.coerce) && (b.coerce ?? pipeline.schema.coerce)
  }

  private func noun(_ feature: FeatureSettings) -> String { "a \(feature.type.rawValue)" }
}
