import Foundation
import Pipelines
import Server
import Testing

/// One row of the table: a request's inputs, and what becomes of them.
struct Exchange: Sendable, CustomTestStringConvertible {
  let title: String
  let body: String
  let status: Int
  /// A part of the answer.
  let says: String
  var testDescription: String { title }

  init(_ title: String, _ body: String, _ status: Int, _ says: String) {
    self.title = title
    self.body = body
    self.status = status
    self.says = says
  }

  static func inputs(_ title: String, _ inputs: String, _ status: Int, _ says: String) -> Exchange {
    Exchange(title, #"{"inputs":[\#(inputs)]}"#, status, says)
  }
}

@Suite("Open Inference Protocol")
struct ProtocolTests {
  static let weight = #"{"name":"weight","datatype":"FP32","shape":[2],"data":[1,2]}"#

  /// The stand-in adds up: absent numbers count 1000, category buckets 10,000 each.
  static let good: [Exchange] = [
    .inputs(
      "all features, flat and one list a row",
      #"{"name":"speed","shape":[2,1],"datatype":"FP64","data":[[10],[20.5]]},\#(weight),"#
        + #"{"name":"night","shape":[2],"datatype":"BOOL","data":[true,false]},"#
        + #"{"name":"carrier","shape":[2],"datatype":"BYTES","data":["AA","UA"]}"#,
      200, #""shape":[2],"data":[10012.0,20022.5]"#),
    .inputs("absent features follow the schema", weight, 200, #""data":[2001.0,2002.0]"#),
    .inputs(
      "null is absent", #"\#(weight),{"name":"speed","shape":[2],"datatype":"FP32","data":[null,5]}"#, 200,
      #""data":[2001.0,1007.0]"#),
    .inputs(
      "numbers are clipped as in training",
      #"\#(weight),{"name":"speed","shape":[2],"datatype":"INT32","data":[-7,900]}"#,
      200, #""data":[1001.0,1102.0]"#),
    .inputs(
      "whole numbers are categories by their text",
      #"\#(weight),{"name":"carrier","shape":[2],"datatype":"INT64","data":[7,8]}"#, 200, #""data":[32001.0,2002.0]"#),
    .inputs(
      "bools as 0 and 1", #"\#(weight),{"name":"night","shape":[2],"datatype":"UINT8","data":[1,0]}"#, 200,
      #""data":[1002.0,1002.0]"#),
    .inputs(
      "whole records",
      #"{"name":"record","datatype":"BYTES","shape":[2],"data":["#
        + #""{\"x\":{\"speed\":1,\"weight\":2,\"night\":true,\"carrier\":\"\u0041A\"}}","{\"x\":{\"weight\":3}}"]}"#,
      200, #""data":[10004.0,2003.0]"#),
    Exchange(
      "the id comes back as it was written", #" { "id" : "a\"\u00e9 1" , "inputs":[\#(weight)] } "#, 200,
      #"{"model_name":"flights","model_version":"3","id":"a\"\u00e9 1","outputs":[{"name":"probability","datatype":"FP32""#
    ),
    Exchange(
      "the output by name, parameters ignored",
      #"{"parameters":{"a":[1,{"b":null}]},"outputs":[{"name":"probability","parameters":{}}],"inputs":[\#(weight)]}"#,
      200, #""data":[2001.0,2002.0]"#),
    .inputs(
      "keys in another order, escapes in names",
      #"{"data":[1e0,0.2E+1],"shape":[2],"parameters":{},"datatype":"FP32","n\u0061me":"we\u0069ght"}"#, 200,
      #""data":[2001.0,2002.0]"#),
  ]

  static let bad: [Exchange] = [
    Exchange("nothing", "", 400, "not JSON"),
    Exchange("a list", "[]", 400, "an object expected"),
    Exchange("cut off", #"{"inputs":[\#(weight)"#, 400, "not JSON"),
    Exchange("more after the end", #"{"inputs":[\#(weight)]} x"#, 400, "the end expected"),
    Exchange("a comma too much", #"{"inputs":[\#(weight),]}"#, 400, "an object"),
    Exchange("no inputs", "{}", 400, "“inputs” is missing"),
    Exchange("empty inputs", #"{"inputs":[]}"#, 400, "“inputs” is missing"),
    Exchange("an id of another type", #"{"id":7,"inputs":[\#(weight)]}"#, 400, "“id” is a string"),
    Exchange("an unknown output", #"{"outputs":[{"name":"logit"}],"inputs":[\#(weight)]}"#, 400, "no output “logit”"),
    Exchange(
      "deep nesting", #"{"a":\#(String(repeating: "[", count: 5000))"#, 400, "levels of nesting"),
    .inputs(
      "an unknown input", #"{"name":"colour","shape":[1],"datatype":"FP32","data":[1]}"#, 400, "no input “colour”"),
    .inputs("an input twice", "\(weight),\(weight)", 400, "given twice"),
    .inputs("no name", #"{"shape":[1],"datatype":"FP32","data":[1]}"#, 400, "no name"),
    .inputs("no datatype", #"{"name":"weight","shape":[1],"data":[1]}"#, 400, "no datatype"),
    .inputs(
      "an unknown datatype", #"{"name":"weight","shape":[1],"datatype":"F32","data":[1]}"#, 400, "datatype “F32”"),
    .inputs("no shape", #"{"name":"weight","datatype":"FP32","data":[1]}"#, 400, "no shape"),
    .inputs("no data", #"{"name":"weight","shape":[1],"datatype":"FP32"}"#, 400, "no data"),
    .inputs("a wide shape", #"{"name":"weight","shape":[1,2],"datatype":"FP32","data":[1,2]}"#, 400, "[1, 2]"),
    .inputs("no rows", #"{"name":"weight","shape":[0],"datatype":"FP32","data":[]}"#, 400, "N ≥ 1"),
    .inputs("a negative shape", #"{"name":"weight","shape":[-1],"datatype":"FP32","data":[]}"#, 400, "N ≥ 1"),
    .inputs(
      "a shape beyond all bounds", #"{"name":"weight","shape":[1e99],"datatype":"FP32","data":[]}"#, 400,
      "whole numbers"),
    .inputs("too many rows", #"{"name":"weight","shape":[17],"datatype":"FP32","data":[1]}"#, 413, "17 rows"),
    .inputs("more data than shape", #"{"name":"weight","shape":[1],"datatype":"FP32","data":[1,2]}"#, 400, "more data"),
    .inputs(
      "less data than shape", #"{"name":"weight","shape":[3],"datatype":"FP32","data":[1,2]}"#, 400, "2 elements"),
    .inputs(
      "unequal rows", #"\#(weight),{"name":"speed","shape":[1],"datatype":"FP32","data":[1]}"#, 400,
      "“speed” has 1 rows"),
    .inputs("a text for a number", #"{"name":"weight","shape":[1],"datatype":"FP32","data":["1"]}"#, 400, "row 0"),
    .inputs(
      "bytes for a number", #"{"name":"weight","shape":[1],"datatype":"BYTES","data":["1"]}"#, 400, "is a number"),
    .inputs(
      "a float for a category", #"\#(weight),{"name":"carrier","shape":[2],"datatype":"FP32","data":[1,2]}"#, 400,
      "is a category"),
    .inputs("NaN", #"{"name":"weight","shape":[1],"datatype":"FP32","data":[NaN]}"#, 400, "not JSON"),
    .inputs("an overflow", #"{"name":"weight","shape":[1],"datatype":"FP64","data":[1e999]}"#, 400, "overflow"),
    .inputs("a float too large", #"{"name":"weight","shape":[1],"datatype":"FP64","data":[1e300]}"#, 400, "overflow"),
    .inputs(
      "an integer with a fraction", #"{"name":"weight","shape":[1],"datatype":"INT8","data":[1.5]}"#, 400, "INT8"),
    .inputs("an integer out of range", #"{"name":"weight","shape":[1],"datatype":"INT8","data":[128]}"#, 400, "INT8"),
    .inputs("a leading zero", #"{"name":"weight","shape":[1],"datatype":"INT8","data":[01]}"#, 400, "not JSON"),
    .inputs(
      "two for a bool", #"\#(weight),{"name":"night","shape":[2],"datatype":"INT8","data":[2,0]}"#, 400, "wrong_type"),
    .inputs(
      "a feature that must be there", #"{"name":"speed","shape":[1],"datatype":"FP32","data":[1]}"#, 400,
      "“weight”, row 0: missing_field"),
    .inputs(
      "a record that is none", #"{"name":"record","shape":[1],"datatype":"BYTES","data":["{"]}"#, 400,
      "“record”, row 0: malformed"),
    .inputs(
      "a record with a wrong value",
      #"{"name":"record","shape":[1],"datatype":"BYTES","data":["{\"x\":{\"weight\":\"w\"}}"]}"#,
      400, "field “weight”: wrong_type"),
    .inputs(
      "a record beside columns", #"{"name":"record","shape":[2],"datatype":"BYTES","data":["{}","{}"]},\#(weight)"#,
      400, "stands alone"),
    .inputs(
      "half a surrogate pair", #"\#(weight),{"name":"carrier","shape":[2],"datatype":"BYTES","data":["\ud800","a"]}"#,
      400,
      "surrogate"),
    .inputs("a control character", "{\"name\":\"wei\nght\"}", 400, "control character"),
  ]

  @Test("good requests are answered", arguments: good)
  func answers(exchange: Exchange) throws {
    let desk = Desk()
    desk.put(3)
    let (status, text) = desk.infer(exchange.body)
    #expect(status == exchange.status)
    #expect(text.contains(exchange.says), "\(text)")
    _ = try JSONSerialization.jsonObject(with: Data(text.utf8))
  }

  @Test("bad requests are refused with the reason, and the next good one is answered", arguments: bad)
  func refusals(exchange: Exchange) throws {
    let desk = Desk()
    desk.put(3)
    let (status, text) = desk.infer(exchange.body)
    #expect(status == exchange.status)
    #expect(text.contains(exchange.says), "\(text)")
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String]
    #expect(object?["error"]?.isEmpty == false)
    #expect(desk.infer(Self.good[0].body).text.contains("[10012.0,20022.5]"))
    #expect(desk.state.nonFinite == 0)
  }

  @Test("a body that is not UTF-8 is refused")
  func invalidText() {
    let desk = Desk()
    desk.put(3)
    let body = Array(#"{"id":""#.utf8) + [0xff] + Array(#"","inputs":[\#(Self.weight)]}"#.utf8)
    let path = Array("/v2/models/flights/infer".utf8)
    let response = path.withUnsafeBytes { path in
      body.withUnsafeBytes { desk.answering.answer(method: .post, path: path, body: $0) }
    }
    #expect(response.status == 400)
  }

  @Test("each task has its output", arguments: ModelSettings.Task.allCases)
  func outputs(task: ModelSettings.Task) {
    let pipeline = samplePipeline(task: task)
    let desk = Desk(pipeline)
    desk.put(1, pipeline, EchoScorer(outputCount: task == .multiclass ? 3 : 1))
    let expected =
      switch task {
      case .binary: #"{"name":"probability","datatype":"FP32","shape":[2],"data":[2001.0,2002.0]}"#
      case .regression: #"{"name":"value","datatype":"FP32","shape":[2],"data":[2001.0,2002.0]}"#
      case .multiclass:
        #"{"name":"probabilities","datatype":"FP32","shape":[2,3],"data":[2001.0,2002.0,2003.0,2002.0,2003.0,2004.0]}"#
      }
    let text = desk.infer(#"{"inputs":[\#(Self.weight)]}"#).text
    #expect(text.contains(expected), "\(text)")
  }

  static let paths: [(method: String, path: String, status: Int, says: String)] = [
    ("GET", "/v2", 200, #""name":"retrain""#),
    ("GET", "/v2/health/live", 200, #"{"live":true}"#),
    ("GET", "/v2/health/ready", 200, #"{"ready":true}"#),
    ("GET", "/v2/models/flights", 200, #""versions":["3"]"#),
    ("GET", "/v2/models/flights", 200, #"{"name":"carrier","datatype":"BYTES","shape":[-1]}"#),
    ("GET", "/v2/models/flights/", 200, #""outputs":[{"name":"probability","datatype":"FP32","shape":[-1]}]"#),
    ("HEAD", "/v2/models/flights/ready", 200, #"{"name":"flights","ready":true}"#),
    ("GET", "/v2/models/flights/versions/3", 200, #""platform":"retrain""#),
    ("GET", "/v2/models/flights/versions/3/ready", 200, #""ready":true"#),
    ("GET", "/v2/models/flights/versions/2/ready", 404, "not loaded"),
    ("GET", "/v2/models/flights/versions/x", 404, "not loaded"),
    ("GET", "/v2/models/trains", 404, "no model"),
    ("POST", "/v2/models/trains/infer", 404, "no model"),
    ("POST", "/v2/models/flights/versions/2/infer", 404, "not loaded"),
    ("GET", "/v2/models/flights/infer", 405, "another method"),
    ("POST", "/v2", 405, "another method"),
    ("GET", "/nowhere", 404, "nothing is at"),
    ("GET", "/v2/models", 404, "nothing is at"),
    ("GET", "/v2/models/flights/versions/3/infer/more", 404, "nothing is at"),
    ("GET", "/metrics", 200, "# TYPE retrain_server_requests_total counter"),
    ("GET", "/status.json", 200, #""version":3"#),
    ("GET", "/", 200, "<!doctype html>"),
  ]

  @Test("every path of the protocol answers, and others do not", arguments: paths)
  func routes(row: (method: String, path: String, status: Int, says: String)) {
    let desk = Desk()
    desk.put(3)
    let (status, text) = desk.ask(row.method == "POST" ? .post : row.method == "HEAD" ? .head : .get, row.path)
    #expect(status == row.status)
    #expect(text.contains(row.says), "\(text)")
  }

  @Test("a version by name answers like the model")
  func versionByName() {
    let desk = Desk()
    desk.put(3)
    let (status, text) = desk.ask(.post, "/v2/models/flights/versions/3/infer", Self.good[0].body)
    #expect(status == 200)
    #expect(text.contains("[10012.0,20022.5]"))
  }

  @Test("without a version the server lives, is not ready, and says so")
  func notReady() {
    let desk = Desk()
    #expect(desk.ask(.get, "/v2/health/live").status == 200)
    #expect(desk.ask(.get, "/v2/health/ready").status == 503)
    #expect(desk.ask(.get, "/v2/models/flights/ready").status == 503)
    let (status, text) = desk.infer(Self.good[0].body)
    #expect(status == 503)
    #expect(text.contains("no version"))
    #expect(desk.ask(.get, "/v2/models/flights").text.contains(#""versions":[]"#))
    #expect(desk.ask(.get, "/status.json").text.contains(#""version":null"#))
  }

  @Test("a non-finite output never leaves, is named and is counted", arguments: [Float.nan, .infinity, -.infinity])
  func nonFinite(answer: Float) throws {
    let desk = Desk()
    desk.put(4, samplePipeline(), EchoScorer(answer: answer))
    let (status, text) = desk.infer(Self.good[0].body)
    #expect(status == 500)
    #expect(text.contains("version 4 gives a non-finite “probability” for row 0"), "\(text)")
    #expect(desk.state.nonFinite == 1)
    let metrics = desk.ask(.get, "/metrics").text
    #expect(metrics.contains(#"retrain_server_non_finite_outputs_total{pipeline="flights"} 1"#))
    #expect(metrics.contains(#"retrain_server_requests_total{code="500",pipeline="flights"} 1"#))
    let page = desk.ask(.get, "/status.json").text
    #expect(page.contains(#""non_finite":1"#))
    _ = try JSONSerialization.jsonObject(with: Data(page.utf8))
  }

  @Test("the status page loads nothing from elsewhere")
  func page() {
    let text = Desk().ask(.get, "/").text
    #expect(!text.contains("http://"))
    #expect(!text.contains("https://"))
    #expect(!text.contains("innerHTML"))
  }
}
