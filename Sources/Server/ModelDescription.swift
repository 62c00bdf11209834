import Pipelines

/// What the protocol tells about the model: names, inputs and outputs.
struct ModelDescription: Sendable {
  /// The input that holds whole JSON records, decoded as the workers decode them.
  static let recordInput = "record"

  let name: String
  /// One a head, the primary one first.
  let outputs: [Output]
  private let schema: FeatureSchema

  struct Output: Sendable {
    let name: String
    /// Outputs a row, where it is more than one.
    let classes: [String]
    /// Numbers a row.
    let width: Int
  }

  init(_ pipeline: Pipeline) {
    name = pipeline.name
    schema = pipeline.schema
    outputs = pipeline.heads.map { Output(name: $0.name, classes: $0.label.classes, width: $0.outputCount) }
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
    json.raw("],\"outputs\":[")
    json.list(outputs) { json, output in
      json.raw("{\"name\":\"\(output.name)\",\"datatype\":\"FP32\",\"shape\":")
      json.raw(output.classes.isEmpty ? "[-1]" : "[-1,\(output.classes.count)]")
      if !output.classes.isEmpty {
        json.raw(",\"parameters\":{\"labels\":[")
        json.list(output.classes) { $0.string($1) }
        json.raw("]}")
      }
      json.raw("}")
    }
    json.raw("]}")
    return json.bytes
  }
}
