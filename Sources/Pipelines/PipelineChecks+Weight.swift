// A weight at a place that holds no number of records.
extension PipelineChecks {
  func checkWeight() {
    let schema = pipeline.schema
    guard let weight = schema.weight, reader.trusts("schema.weight") else { return }
    let remedy = "give the weight a place of its own, where a number of 0 to 1000000 stands, or leave it out"
    for (index, feature) in schema.features.enumerated() where feature.path == weight {
      guard reader.trusts("schema.features[\(index)]") else { continue }
      let held: String
      switch feature.type {
      case .map: held = "a map, an object"
      case .text: held = "a text"
      case .timestamp: held = "a time"
      case .category where feature.valuesMax > 1: held = "a list of categories"
      case .float, .bool, .category, .cross: continue
      }
      note(
        "schema.weight",
        "the weight is the feature `\(feature.name)`, which is \(held): every record would be rejected",
        remedy)
    }
    for (place, role) in [(schema.eventTime, "the event time"), (schema.labelTime, "the label time")]
    where place == weight {
      note("schema.weight", "the weight is \(role), which is no number of records", remedy)
    }
  }
}
