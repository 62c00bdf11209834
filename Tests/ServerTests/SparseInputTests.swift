import Pipelines
import Server
import Tensors
import Testing

@Suite("Maps and texts in requests")
struct SparseInputTests {
  @Test("a column of maps, as JSON texts, and one of texts give what whole records give")
  func columns() throws {
    var pipeline = samplePipeline()
    pipeline.schema.features = []
    for (name, type) in [("words", FeatureSettings.FeatureType.map), ("title", .text)] {
      pipeline.schema.features.append(FeatureSettings(name: name, type: type))
    }
    let desk = Desk(pipeline)
    let scorer = SpyScorer { batch in
      batch.weighted.map { list in (0..<batch.count).map { row in list.places(of: row).map { list.rows[$0] } } }
    }
    desk.put(1, pipeline, scorer)
    let words = #"{"name":"words","datatype":"BYTES","shape":[3],"data":["{\"cat\":2,\"the\":1}",null,"{}"]}"#
    let title = #"{"name":"title","datatype":"BYTES","shape":[3],"data":["The cat","",null]}"#
    let first = desk.infer(#"{"inputs":[\#(title),\#(words)]}"#)
    try #require(first.status == 200, "\(first.text)")
    let columns = try #require(scorer.seen)
    let records =
      #"{"name":"record","datatype":"BYTES","shape":[3],"data":["#
      + #""{\"words\":{\"cat\":2,\"the\":1},\"title\":\"The cat\"}","{\"title\":\"\"}","{\"words\":{}}"]}"#
    #expect(desk.infer(#"{"inputs":[\#(records)]}"#).status == 200)
    #expect(scorer.seen == columns)
    #expect(columns[0].map(\.count) == [2, 1, 0] && columns[1].map(\.count) == [2, 0, 1])
    // A column that is not given is absent.
    #expect(desk.infer(#"{"inputs":[\#(title)]}"#).status == 200)
    #expect(scorer.seen?[0] == [[0], [0], [0]])
    let wrong = #"{"name":"words","datatype":"BYTES","shape":[1],"data":["{\"cat\":[1]}"]}"#
    let text = desk.infer(#"{"inputs":[\#(wrong)]}"#).text
    #expect(text.contains("row 0: wrong_type: it is a map"), "\(text)")
    let number = #"{"name":"words","datatype":"FP32","shape":[1],"data":[1]}"#
    #expect(desk.infer(#"{"inputs":[\#(number)]}"#).text.contains("is a map or a text: BYTES"))
  }
}
