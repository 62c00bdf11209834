import HTTP
import Pipelines
import Server
import Tensors
import Testing

@Suite("Crosses in requests")
struct CrossInputTests {
  @Test(
    "columns give the crosses that whole records give, in whatever order they come, row by row", arguments: [0, 16])
  func columns(ownRows: Int) throws {
    var pipeline = samplePipeline()
    var (state, at) = (FeatureSettings(name: "state", type: .category), FeatureSettings(name: "at", type: .timestamp))
    (state.ownRows, at.parts) = (ownRows, [.hour])
    var cross = FeatureSettings(name: "both", type: .cross)
    (cross.of, cross.ownRows) = (["at.hour", "state"], ownRows)
    pipeline.schema.features = [cross, state, at]
    let desk = Desk(pipeline)
    let scorer = SpyScorer { batch in
      (0..<batch.count).map { row in
        (0..<batch.categoryCount).map { batch.categories[row * batch.categoryCount + $0] }
      }
    }
    desk.put(1, pipeline, scorer)
    let records =
      #"{"name":"record","datatype":"BYTES","shape":[4],"data":["{\"state\":\"TX\",\"at\":3600}","#
      + #""{\"state\":\"AL\",\"at\":7200}","{\"state\":\"TX\"}","{\"at\":3600}"]}"#
    try #require(desk.infer(#"{"inputs":[\#(records)]}"#).status == 200)
    let wanted = try #require(scorer.seen)
    #expect(wanted[0][0] != 0 && wanted[0] != wanted[1] && wanted[2][0] == 0 && wanted[3][0] == 0)
    let state4 = #"{"name":"state","datatype":"BYTES","shape":[4],"data":["TX","AL","TX",null]}"#
    let at4 = #"{"name":"at","datatype":"FP64","shape":[4],"data":[3600,7200,null,3600]}"#
    for inputs in ["\(state4),\(at4)", "\(at4),\(state4)"] {
      #expect(desk.infer(#"{"inputs":[\#(inputs)]}"#).status == 200)
      #expect(scorer.seen == wanted)
    }
    let given = desk.infer(#"{"inputs":[{"name":"both","datatype":"BYTES","shape":[1],"data":["x"]}]}"#)
    #expect(given.status == 400 && given.text.contains("is made of other inputs"), "\(given.text)")
    let model = desk.ask(.get, "/v2/models/flights").text
    #expect(!model.contains("\"both\"") && model.contains("\"state\""))
  }
}
