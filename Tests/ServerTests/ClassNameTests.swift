import Foundation
import HTTP
import Pipelines
import Server
import Tensors
import Testing

/// Answers with the same outputs for every row.
final class FixedScorer: RowScorer {
  private let row: [Float]
  private let storage: UnsafeMutableBufferPointer<Float>
  private var rows = 0

  init(_ row: [Float]) {
    self.row = row
    storage = .allocate(capacity: LoadedVersion.sliceRows * row.count)
  }

  deinit { storage.deallocate() }

  var outputCount: Int { row.count }
  var outputs: UnsafeBufferPointer<Float> { UnsafeBufferPointer(rebasing: storage[..<(rows * row.count)]) }
  func predict(_ batch: FeatureBatch) {
    rows = batch.count
    for place in 0..<(rows * row.count) { storage[place] = row[place % row.count] }
  }
  func isFinite(row: Int) -> Bool { true }
}

@Suite("Names of classes")
struct ClassNameTests {
  private func desk(_ task: ModelSettings.Task, _ classes: [String], _ outputs: [Float]) -> Desk {
    var pipeline = samplePipeline(task: task)
    pipeline.schema.label.classes = classes
    let desk = Desk(pipeline)
    desk.put(1, pipeline, FixedScorer(outputs))
    return desk
  }

  static let inputs = #""inputs":[{"name":"weight","datatype":"FP32","shape":[2],"data":[1,2]}]"#

  static let tables: [(task: ModelSettings.Task, classes: [String], outputs: [Float], label: String)] = [
    (.multiclass, ["early", "on time", "la\"te"], [0.1, 0.7, 0.2], #""on time""#),
    (.multiclass, ["early", "on time", "la\"te"], [0.1, 0.2, 0.7], #""la\"te""#),
    (.multiclass, ["1", "2", "3"], [0.4, 0.4, 0.2], #""1""#),
    (.multiclass, ["alone so far"], [1], #""alone so far""#),
    (.binary, ["no", "yes"], [0.5], #""yes""#),
    (.binary, ["no", "yes"], [0.49], #""no""#),
  ]

  @Test(
    "the most probable class is named beside the probabilities, and the description lists the names in order",
    arguments: tables)
  func labels(row: (task: ModelSettings.Task, classes: [String], outputs: [Float], label: String)) throws {
    let desk = desk(row.task, row.classes, row.outputs)
    let text = desk.infer("{\(Self.inputs)}").text
    #expect(
      text.hasSuffix(#",{"name":"label","datatype":"BYTES","shape":[2],"data":[\#(row.label),\#(row.label)]}]}"#),
      "\(text)")
    let description = try JSONSerialization.jsonObject(with: Data(desk.ask(.get, "/v2/models/flights").text.utf8))
    let outputs = (description as? [String: Any])?["outputs"] as? [[String: Any]] ?? []
    #expect(outputs.map { $0["name"] as? String } == [row.task == .binary ? "probability" : "probabilities", "label"])
    for output in outputs {
      #expect((output["parameters"] as? [String: Any])?["labels"] as? [String] == row.classes)
    }
  }

  @Test("the name can be asked for alone, and left out")
  func selection() {
    let desk = desk(.multiclass, ["a", "b"], [0.25, 0.75])
    #expect(
      desk.infer(#"{"outputs":[{"name":"label"}],\#(Self.inputs)}"#).text.hasSuffix(
        #""outputs":[{"name":"label","datatype":"BYTES","shape":[2],"data":["b","b"]}]}"#))
    #expect(!desk.infer(#"{"outputs":[{"name":"probabilities"}],\#(Self.inputs)}"#).text.contains("label"))
  }

  @Test("a head that has the name already keeps it")
  func collision() {
    var pipeline = samplePipeline(task: .multiclass)
    pipeline.model.heads = [HeadSettings(name: "label", label: LabelSettings(path: "y2"), task: .regression)]
    let text = Desk(pipeline).ask(.get, "/v2/models/flights").text
    #expect(text.contains(#"{"name":"label_","datatype":"BYTES""#))
    #expect(text.contains(#"{"name":"label","datatype":"FP32""#))
  }

  @Test("without names there is no such output")
  func none() {
    let desk = Desk()
    desk.put(1)
    #expect(!desk.infer("{\(Self.inputs)}").text.contains("label"))
  }

  @Test("a version that has found no class yet answers with rows of none")
  func noClass() {
    let desk = desk(.multiclass, [], [])
    let text = desk.infer("{\(Self.inputs)}").text
    #expect(text.contains(#""shape":[2,0],"data":[]"#), "\(text)")
    #expect(desk.ask(.get, "/v2/models/flights").text.contains(#""shape":[-1,0]"#))
  }
}
