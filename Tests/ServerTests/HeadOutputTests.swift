import HTTP
import Learning
import Pipelines
import Server
import Tensors
import Testing

@Suite("Outputs of several heads")
struct HeadOutputTests {
  private static let pipeline: Pipeline = {
    var pipeline = samplePipeline()
    pipeline.model.heads = [
      HeadSettings(name: "minutes", label: LabelSettings(path: "y2"), task: .regression),
      HeadSettings(name: "kind", label: LabelSettings(path: "y3", classes: ["a", "b", "c"]), task: .multiclass),
    ]
    return pipeline
  }()
  private static let body = #""inputs":[{"name":"weight","datatype":"FP32","shape":[2],"data":[1,2]}]"#

  private func desk() throws -> Desk {
    let desk = Desk(Self.pipeline)
    let spec = LearnerSpec(Self.pipeline)
    let predictor = try Predictor(
      spec: spec, state: Learner(spec: spec, batchCapacity: 1).encodeState(), batchCapacity: 16)
    desk.put(1, Self.pipeline, predictor)
    return desk
  }

  @Test("are described and answered by name, the primary one first")
  func all() throws {
    let desk = try desk()
    let description = desk.ask(.get, "/v2/models/flights").text
    #expect(
      description.contains(
        #""outputs":[{"name":"probability","datatype":"FP32","shape":[-1]},{"name":"minutes","datatype":"FP32","shape":[-1]},{"name":"kind","datatype":"FP32","shape":[-1,3],"parameters":{"labels":["a","b","c"]}},{"name":"kind_label","datatype":"BYTES","shape":[-1],"parameters":{"labels":["a","b","c"]}}]"#
      ), "\(description)")
    let answer = desk.infer("{\(Self.body)}")
    #expect(answer.status == 200)
    #expect(answer.text.contains(#""outputs":[{"name":"probability","datatype":"FP32","shape":[2],"data":["#))
    #expect(answer.text.contains(#"]},{"name":"minutes","datatype":"FP32","shape":[2],"data":[0.0,0.0]},"#))
    #expect(answer.text.contains(#"{"name":"kind","datatype":"FP32","shape":[2,3],"data":["#))
    #expect(answer.text.hasSuffix(#",{"name":"kind_label","datatype":"BYTES","shape":[2],"data":["c","c"]}]}"#))
  }

  @Test("are answered alone when asked for by name, and an unknown one is refused")
  func some() throws {
    let desk = try desk()
    let one = desk.infer(#"{"outputs":[{"name":"minutes"}],\#(Self.body)}"#).text
    #expect(one.contains(#""outputs":[{"name":"minutes","datatype":"FP32","shape":[2],"data":[0.0,0.0]}]}"#), "\(one)")
    #expect(desk.infer(#"{"outputs":[],\#(Self.body)}"#).text.hasSuffix(#""outputs":[]}"#))
    let refusal = desk.infer(#"{"outputs":[{"name":"hours"}],\#(Self.body)}"#)
    #expect(refusal.status == 400 && refusal.text.contains("only “probability”, “minutes”, “kind”, “kind_label”"))
  }

  @Test("of found classes are a list whatever their number", arguments: [0, 1, 2])
  func found(count: Int) throws {
    var pipeline = samplePipeline()
    pipeline.model.task = .multiclass
    pipeline.schema.label = LabelSettings(path: "y", classes: ["a", "b"].prefix(count).map { $0 })
    (pipeline.schema.label.findsClasses, pipeline.schema.label.classesMax) = (true, 8)
    let desk = Desk(pipeline)
    let spec = LearnerSpec(pipeline)
    let state = Learner(spec: spec, batchCapacity: 1).encodeState()
    desk.put(1, pipeline, try Predictor(spec: spec, state: state, batchCapacity: 16))
    let answer = desk.infer("{\(Self.body)}")
    #expect(answer.text.contains(#""datatype":"FP32","shape":[2,\#(count)],"data":["#), "\(answer.text)")
    #expect(desk.ask(.get, "/v2/models/flights").text.contains(#""datatype":"FP32","shape":[-1,\#(count)]"#))
  }
}
