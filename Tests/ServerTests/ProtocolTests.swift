import Foundation
import HTTP
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
      "the largest integers",
      #"{"name":"weight","shape":[2],"datatype":"UINT64","data":[18446744073709551615,0]},"#
        + #"{"name":"speed","shape":[2],"datatype":"INT64","data":[9223372036854775807,-9223372036854775808]}"#,
      200, #""data":[1.8446744e+19,1000.0]"#),
    Exchange(
      "members that are null are absent",
      #"{"id":null,"parameters":null,"outputs":null,"inputs":[{"parameters":null,"x":null,\#(weight.dropFirst())]}"#,
      200,
      #""data":[2001.0,2002.0]"#),
    Exchange(
      "an output asked for twice is sent once",
      #"{"outputs":[{"name":"probability"},{"name":"probability"}],"inputs":[\#(weight)]}"#, 200,
      #""outputs":[{"name":"probability","datatype":"FP32","shape":[2],"data":[2001.0,2002.0]}]}"#),
    .inputs(
      "whole records by the name that no feature takes",
      #"{"name":"$record","datatype":"BYTES","shape":[1],"data":["{\"x\":{\"weight\":3}}"]}"#, 200, #""data":[2003.0]"#),
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
      "an unknown input", #"{"name":"colour","shape":[1],"datatype":"FP32","data":[1]}"#, 400,
      "no input “colour”, only “carrier”, “night”, “speed”, “weight”, “record”, “$record”"),
    .inputs(
      "a misspelt input", #"{"name":"wieght","shape":[1],"datatype":"FP32","data":[1]}"#, 400,
      "did you mean “weight”?"),
    Exchange(
      "a misspelt output", #"{"outputs":[{"name":"probabilty"}],"inputs":[\#(weight)]}"#, 400,
      "did you mean “probability”?"),
    Exchange("an id of null and no inputs", #"{"id":null,"inputs":null}"#, 400, "“inputs” is missing"),
    Exchange("inputs twice", #"{"inputs":[\#(weight)],"inputs":[\#(weight)]}"#, 400, "“inputs” is there twice"),
    Exchange("parameters that are none", #"{"parameters":[],"inputs":[\#(weight)]}"#, 400, "are an object"),
    Exchange(
      "classes by rank",
      #"{"outputs":[{"name":"probability","parameters":{"classification":2}}],"inputs":[\#(weight)]}"#,
      400, "“classification” is not supported"),
    Exchange(
      "an unknown escape in what is passed over", #"{"parameters":{"a":"\q"},"inputs":[\#(weight)]}"#, 400,
      "an unknown escape at byte 20"),
    Exchange(
      "half a surrogate pair in what is passed over", #"{"parameters":{"a":"\ud800"},"inputs":[\#(weight)]}"#, 400,
      "surrogate"),
    Exchange(
      "an unknown escape in a key that is passed over", #"{"parameters":{"\q":1},"inputs":[\#(weight)]}"#, 400,
      "an unknown escape"),
    Exchange(
      "an unknown escape in a value of its own", #"{"a":[{"b":"\u12"}],"inputs":[\#(weight)]}"#, 400, "four digits"),
    .inputs(
      "a name twice", #"{"name":"weight","name":"weight","shape":[1],"datatype":"FP32","data":[1]}"#, 400, "twice"),
    .inputs(
      "lists of unequal length", #"{"name":"weight","shape":[2,1],"datatype":"FP32","data":[[1,2]]}"#, 400,
      "neither flat nor one list of 1 a row"),
    .inputs(
      "an empty list for a row", #"{"name":"weight","shape":[2,1],"datatype":"FP32","data":[[1],[]]}"#, 400, "row 1"),
    .inputs(
      "lists and numbers mixed", #"{"name":"weight","shape":[2],"datatype":"FP32","data":[1,[2]]}"#, 400, "row 1"),
    .inputs(
      "a list in a list", #"{"name":"weight","shape":[1],"datatype":"FP32","data":[[[1]]]}"#, 400, "not a value of FP32"
    ),
    .inputs("null data", #"{"name":"weight","shape":[1],"datatype":"FP32","data":null}"#, 400, "no data"),
    .inputs(
      "a float beyond 32 bits", #"{"name":"weight","shape":[1],"datatype":"FP32","data":[1e39]}"#, 400,
      "overflow: 1e39 is no FP32"),
    .inputs(
      "a float beyond 16 bits", #"{"name":"weight","shape":[1],"datatype":"FP16","data":[65520]}"#, 400,
      "overflow: 65520 is no FP16"),
    .inputs(
      "2^64", #"{"name":"weight","shape":[1],"datatype":"UINT64","data":[18446744073709551616]}"#, 400,
      "overflow: 18446744073709551616 is no UINT64"),
    .inputs(
      "2^63", #"{"name":"weight","shape":[1],"datatype":"INT64","data":[9223372036854775808]}"#, 400,
      "overflow: 9223372036854775808 is no INT64"),
    .inputs(
      "below -2^63", #"{"name":"weight","shape":[1],"datatype":"INT64","data":[-9223372036854775809]}"#, 400,
      "overflow"),
    .inputs(
      "100 digits",
      #"{"name":"weight","shape":[1],"datatype":"INT64","data":[1\#(String(repeating: "0", count: 100))]}"#,
      400, "overflow"),
    .inputs(
      "several values a row of a number", #"{"name":"weight","shape":[1,2],"datatype":"FP32","data":[1,2]}"#, 400,
      "has one value a row"),
    .inputs(
      "bytes that are not there",
      #"{"name":"weight","shape":[1],"datatype":"FP32","parameters":{"binary_data_size":4}}"#,
      400, "0 bytes are left after the JSON"),
    .inputs("an input twice", "\(weight),\(weight)", 400, "given twice"),
    .inputs("no name", #"{"shape":[1],"datatype":"FP32","data":[1]}"#, 400, "no name"),
    .inputs("no datatype", #"{"name":"weight","shape":[1],"data":[1]}"#, 400, "no datatype"),
    .inputs(
      "an unknown datatype", #"{"name":"weight","shape":[1],"datatype":"F32","data":[1]}"#, 400, "datatype “F32”"),
    .inputs("no shape", #"{"name":"weight","datatype":"FP32","data":[1]}"#, 400, "no shape"),
    .inputs("no data", #"{"name":"weight","shape":[1],"datatype":"FP32"}"#, 400, "no data"),
    .inputs("a cube", #"{"name":"weight","shape":[1,1,1],"datatype":"FP32","data":[1]}"#, 400, "[1,1,1]"),
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
    .inputs(
      "NaN", #"{"name":"weight","shape":[1],"datatype":"FP32","data":[NaN]}"#, 400,
      "“NaN” is not JSON (an absent value is null) at byte 66"),
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
    let response = desk.answer(.post, "/v2/models/flights/infer", body)
    #expect(response.status == 400)
    #expect(response.text.contains("not UTF-8 at byte 7"))
  }

  @Test("a method that a path does not know is refused with those that it knows")
  func allow() {
    let desk = Desk()
    #expect(desk.answer(.get, "/v2/models/flights/infer").header("Allow") == "POST, OPTIONS")
    #expect(desk.answer(.delete, "/v2").header("Allow") == "GET, HEAD, OPTIONS")
    #expect(desk.answer(.options, "/v2").header("Allow") == "GET, HEAD, OPTIONS")
    #expect(desk.answer(.options, "*").header("Allow") == "GET, HEAD, OPTIONS, POST")
  }

  @Test("a door for observers shows health and metrics, and no predictions")
  func observation() {
    let desk = Desk()
    desk.put(3)
    func observe(_ method: HTTPMethod, _ path: String) -> Int {
      Array(path.utf8).withUnsafeBytes { path in
        desk.answering.observe(ServerQuestion(method: method, path: path, body: .init(start: nil, count: 0))).status
      }
    }
    #expect(observe(.get, "/metrics") == 200)
    #expect(observe(.get, "/v2/health/ready") == 200)
    #expect(observe(.get, "/status.json") == 200)
    #expect(observe(.post, "/v2/models/flights/infer") == 404)
    #expect(observe(.get, "/v2/models/flights") == 404)
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
    ("POST", "/v2/repository/index", 200, #"[{"name":"flights","version":"3","state":"READY"}]"#),
    ("GET", "/v2/repository/index", 405, "another method"),
    ("OPTIONS", "/v2", 200, ""),
    ("OPTIONS", "/nowhere", 404, "nothing is at"),
    ("FOO", "/v2", 501, "not known"),
    ("GET", "/v2/models%2Fflights/ready", 404, "nothing is at"),
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
    let (status, text) = desk.ask(HTTPMethod(rawValue: row.method) ?? .other, row.path)
    #expect(status == row.status)
    #expect(row.says.isEmpty || text.contains(row.says), "\(text)")
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
    #expect(desk.answer(.post, "/v2/models/flights/infer").header("Retry-After") == "1")
    #expect(desk.ask(.post, "/v2/repository/index").text.contains("UNAVAILABLE"))
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
