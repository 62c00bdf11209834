import HTTP
import JSON
import Learning
import Pipelines
import Server
import Telemetry
import Tensors
import Vocabulary

/// A model of numbers that answers requests, as a pipeline file would describe it.
struct ServedModel {
  static let name = "bench"
  let pipeline: Pipeline
  /// The same as a pipeline file.
  let file: String
  private let values: [Float]

  /// - Parameter features: Numbers a record; 64 → 256 → 128 → 1 where there are 64.
  init(features: Int, threads: Int = 1, hidden: [Int] = [256, 128]) {
    var model = ModelSettings(task: .binary)
    model.hidden = hidden
    var serving = ServingSettings()
    serving.threads = threads
    let columns = (0..<features).map { FeatureSettings(name: "feature_\($0)", path: "feature_\($0)", type: .float) }
    pipeline = Pipeline(
      name: Self.name, source: SourceSettings(topic: Self.name),
      schema: FeatureSchema(label: LabelSettings(path: "y"), features: columns), model: model,
      training: TrainingSettings(), checkpoint: CheckpointSettings(), health: HealthSettings(),
      rollout: RolloutSettings(), serving: serving)
    file = """
      name: \(Self.name)
      source: { topic: \(Self.name) }
      schema:
        label: { path: y }
        features:
      \(columns.map { "    - { name: \($0.name), path: \($0.name), type: float }" }.joined(separator: "\n"))
      model: { task: binary, hidden: [\(hidden.map(String.init).joined(separator: ", "))] }
      training: { workers: 1 }
      serving: { threads: \(threads) }
      """
    var random = SplitMix64(seed: 1)
    values = (0..<features).map { _ in (random.nextNearlyNormal() * 1e4).rounded() / 1e4 }
  }

  /// Of a learner that has seen a little: one that has seen nothing answers everything alike.
  var state: [UInt8] {
    let learner = Learner(spec: LearnerSpec(pipeline), batchCapacity: 8)
    let batch = FeatureBatch(capacity: 8, numberCount: values.count, categoryCount: 0)
    batch.count = 8
    var random = SplitMix64(seed: 2)
    for _ in 0..<20 {
      for row in 0..<8 {
        let numbers = batch.numbers + row * values.count
        for column in values.indices { numbers[column] = random.nextNearlyNormal() }
        batch.labels[row] = numbers[0] + numbers[1] > 0 ? 1 : 0
      }
      learner.predict(batch)
      let local = learner.backward(batch)
      learner.absorbOwn()
      _ = learner.apply(labelled: local.labelled, lossSum: local.lossSum)
    }
    return learner.encodeState()
  }

  var path: String { "/v2/models/\(Self.name)/infer" }

  private var names: [String] { pipeline.schema.features.map(\.name) }

  /// One row, an input a feature, in the order of the schema or the other way round.
  func columns(reversed: Bool = false) -> String {
    let inputs = zip(names, values).map {
      #"{"name":"\#($0)","shape":[1],"datatype":"FP32","data":[\#($1)]}"#
    }
    return #"{"inputs":[\#((reversed ? inputs.reversed() : inputs).joined(separator: ","))]}"#
  }

  /// One row as a record of the stream.
  var record: String {
    let fields = zip(names, values).map { "\"\($0)\":\($1)" }.joined(separator: ",")
    let text = JSONText.quoted("{\(fields)}")
    return #"{"inputs":[{"name":"record","datatype":"BYTES","shape":[1],"data":[\#(text)]}]}"#
  }

  /// One row as a tensor of all features.
  var tensor: String {
    let data = values.map { "\($0)" }.joined(separator: ",")
    return #"{"inputs":[{"name":"features","datatype":"FP32","shape":[1,\#(values.count)],"data":[\#(data)]}]}"#
  }

  /// The same with the numbers as bytes behind the JSON.
  var binaryTensor: (json: String, bytes: [UInt8]) {
    let bytes = values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
    let json =
      #"{"inputs":[{"name":"features","datatype":"FP32","shape":[1,\#(values.count)],"#
      + #""parameters":{"binary_data_size":\#(bytes.count)}}]}"#
    return (json, bytes)
  }

  /// One row as plain JSON, for `/predict`.
  var plainRecord: String { "{\(zip(names, values).map { "\"\($0)\":\($1)" }.joined(separator: ","))}" }
}
