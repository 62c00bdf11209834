import JSON
import Pipelines

/// What the protocol tells about the model: names, inputs and outputs.
struct ModelDescription: Sendable {
  let name: String
  /// One a head, the primary one first.
  let outputs: [Output]
  private let schema: FeatureSchema

  struct Output: Sendable {
    let name: String
    let task: ModelSettings.Task
    let classes: ClassNames?
    /// Numbers a row.
    let width: Int
    /// The output that names the most probable class; nil: none does.
    let label: String?

    /// Whether a row is a list, of as many numbers as there are classes: also where one alone was found yet, or none.
    let isWide: Bool
  }

  init(_ pipeline: Pipeline) {
    name = pipeline.name
    schema = pipeline.schema
    let heads = Set(pipeline.heads.map(\.name))
    outputs = pipeline.heads.map { head in
      // A head that has the name already, of a file older than the rule against it, keeps it.
      let label = head.labelOutput.map { heads.contains($0) ? $0 + "_" : $0 }
      return Output(
        name: head.name, task: head.task, classes: head.classNames, width: head.outputCount, label: label,
        isWide: head.task == .multiclass)
    }
  }

  /// Every output that can be asked for.
  var outputNames: [String] { outputs.flatMap { [$0.name] + ($0.label.map { [$0] } ?? []) } }

  /// The answer to a question about the model, of the versions that are loaded.
  func metadata(versions: [Int64]) -> [UInt8] {
    var json = JSONText()
    json.raw("{\"name\":")
    json.string(name)
    json.raw(",\"versions\":[")
    json.list(versions) { $0.string(String($1)) }
    json.raw("],\"platform\":\"retrain\",\"inputs\":[")
    json.list(schema.features.filter(\.isRead)) { json, feature in
      let type =
        switch feature.type {
        case .float, .timestamp: TensorType.fp64
        case .bool: TensorType.bool
        case .category, .map, .text, .cross: TensorType.bytes
        }
      json.raw("{\"name\":")
      json.string(feature.name)
      json.raw(",\"datatype\":\"\(type.rawValue)\",\"shape\":[-1\(feature.valuesMax > 1 ? ",-1" : "")]}")
    }
    json.raw("],\"outputs\":[")
    json.list(outputs) { json, output in
      json.raw("{\"name\":\"\(output.name)\",\"datatype\":\"FP32\",\"shape\":")
      json.raw(output.isWide ? "[-1,\(output.width)]" : "[-1]")
      labels(output, &json)
      if let label = output.label {
        json.raw("},{\"name\":\"\(label)\",\"datatype\":\"BYTES\",\"shape\":[-1]")
        labels(output, &json)
      }
      json.raw("}")
    }
    json.raw("],\"parameters\":{\"record_inputs\":[")
    json.list(RecordInput.names(schema)) { $0.string($1) }
    json.raw("],\"tensor_inputs\":[")
    let width = schema.features.count(where: \.isRead)
    json.list(TensorInput.names(schema)) { json, name in
      json.raw("{\"name\":")
      json.string(name)
      json.raw(",\"datatype\":\"FP64\",\"shape\":[-1,\(width)]}")
    }
    json.raw("]}}")
    return json.bytes
  }

  private func labels(_ output: Output, _ json: inout JSONText) {
    guard let classes = output.classes else { return }
    json.raw(",\"parameters\":{\"labels\":[")
    json.list(classes.names) { $0.string($1) }
    json.raw("]}")
  }
}
