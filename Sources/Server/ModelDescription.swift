import Pipelines

/// What the protocol tells about the model: names, inputs and outputs.
struct ModelDescription: Sendable {
  /// The input that holds whole JSON records, decoded as the workers decode them.
  static let recordInput = "record"

  let name: String
  let outputName: String
  /// Outputs a row, where it is more than one.
  let classes: [String]
  private let schema: FeatureSchema

  init(_ pipeline: Pipeline) {
    name = pipeline.name
    schema = pipeline.schema
    switch pipeline.model.task {
    case .binary:
      outputName = "probability"
      classes = []
    case .multiclass:
      outputName = "probabilities"
      classes = pipeline.schema.label.classes
    case .regression:
      outputName = "value"
      classes = []
    }
  }

  /// The answer to a question about the model, of the versions that are loaded.
  func metadata(versions: [Int64]) -> [UInt8] {
    var json = JSONText()
    json.raw("{\"name\":")
    json.string(name)
    json.raw(",\"versions\":[")
    json.list(versions) { $0.string(String($1)) }
    json.raw("],\"platform\":\"retrain\",\"inputs\":[")
    json.list(schema.features) { json, feature in
      let type =
        switch feature.type {
        case .float, .timestamp: TensorType.fp64
        case .bool: TensorType.bool
        case .category: TensorType.bytes
        }
      json.raw("{\"name\":")
      json.string(feature.name)
      json.raw(",\"datatype\":\"\(type.rawValue)\",\"shape\":[-1]}")
    }
    json.raw("],\"outputs\":[{\"name\":\"\(outputName)\",\"datatype\":\"FP32\",\"shape\":")
    json.raw(classes.isEmpty ? "[-1]" : "[-1,\(classes.count)]")
    if !classes.isEmpty {
      json.raw(",\"parameters\":{\"labels\":[")
      json.list(classes) { $0.string($1) }
      json.raw("]}")
    }
    json.raw("}]}")
    return json.bytes
  }
}
