import Foundation
import HTTP
import Ingest
import Pipelines
import Server
import Tensors
import Testing

/// Bytes of numbers, little-endian.
private func bytes<Number: BitwiseCopyable>(_ numbers: Number...) -> [UInt8] {
  numbers.flatMap { number in withUnsafeBytes(of: number) { Array($0) } }
}

/// The bytes of a tensor of texts.
private func texts(_ texts: String...) -> [UInt8] { texts.flatMap { bytes(UInt32($0.utf8.count)) + Array($0.utf8) } }

@Suite("Tensors as bytes")
struct BinaryTensorTests {
  /// A request whose inputs carry `tensors` behind the JSON.
  private func ask(_ desk: Desk, _ inputs: [(String, String, [Int], [UInt8])], _ rest: String = "") -> HTTPResponse {
    let list = inputs.map { name, type, shape, bytes in
      #"{"name":"\#(name)","datatype":"\#(type)","shape":\#(shape),"parameters":{"binary_data_size":\#(bytes.count)}}"#
    }
    let json = Array("{\(rest)\"inputs\":[\(list.joined(separator: ","))]}".utf8)
    return desk.answer(
      .post, "/v2/models/flights/infer", json + inputs.flatMap { $0.3 }, headerLength: String(json.count))
  }

  private func desk() -> Desk {
    let desk = Desk()
    desk.put(3)
    return desk
  }

  static let numbers: [(type: String, bytes: [UInt8])] = [
    ("UINT8", bytes(UInt8(1), 2)), ("INT8", bytes(Int8(1), 2)), ("UINT16", bytes(UInt16(1), 2)),
    ("INT16", bytes(Int16(1), 2)), ("UINT32", bytes(UInt32(1), 2)), ("INT32", bytes(Int32(1), 2)),
    ("UINT64", bytes(UInt64(1), 2)), ("INT64", bytes(Int64(1), 2)), ("FP16", bytes(UInt16(0x3C00), 0x4000)),
    ("FP32", bytes(Float(1), 2)), ("FP64", bytes(1.0, 2.0)),
  ]

  @Test("a number of every datatype is read", arguments: numbers)
  func everyNumber(row: (type: String, bytes: [UInt8])) {
    let reply = ask(desk(), [("weight", row.type, [2], row.bytes)])
    #expect(reply.text.contains(#""data":[2001.0,2002.0]"#), "\(reply.text)")
  }

  @Test("texts, bools and numbers follow each other as the inputs do")
  func several() {
    let reply = ask(
      desk(),
      [
        ("carrier", "BYTES", [2], texts("AA", "UA")), ("weight", "FP32", [2, 1], bytes(Float(1), 2)),
        ("night", "BOOL", [2], [1, 0]), ("speed", "FP64", [2], bytes(10.0, 20.5)),
      ])
    #expect(reply.text.contains(#""data":[10012.0,20022.5]"#), "\(reply.text)")
  }

  @Test("integers are categories to the last digit, records are records")
  func categories() {
    var pipeline = samplePipeline()
    pipeline.schema.features[3].values = ["9223372036854775807", "-9223372036854775808", "18446744073709551615"]
    let desk = Desk(pipeline)
    desk.put(1, pipeline)
    let weight = ("weight", "FP32", [2], bytes(Float(0), 0))
    let signed = ask(desk, [weight, ("carrier", "INT64", [2], bytes(Int64.max, Int64.min))])
    #expect(signed.text.contains(#""data":[12000.0,22000.0]"#), "\(signed.text)")
    let unsigned = ask(desk, [weight, ("carrier", "UINT64", [2], bytes(UInt64.max, 7))])
    #expect(unsigned.text.contains(#""data":[32000.0,2000.0]"#), "\(unsigned.text)")
    let record = ask(desk, [("record", "BYTES", [1], texts(#"{"x":{"weight":3}}"#))])
    #expect(record.text.contains(#""data":[2003.0]"#), "\(record.text)")
  }

  @Test("outputs go out as bytes where that is asked for, of one or of all")
  func outputs() throws {
    for rest in [
      #""parameters":{"binary_data_output":true},"#,
      #""outputs":[{"name":"probability","parameters":{"binary_data":true}}],"#,
    ] {
      let reply = ask(desk(), [("weight", "FP32", [2], bytes(Float(1), 2))], rest)
      let length = try #require(reply.header("Inference-Header-Content-Length").flatMap { Int($0) })
      #expect(reply.contentType.description == "application/octet-stream")
      #expect(Array(reply.bytes[length...]) == bytes(Float(2001), 2002))
      let json = String(decoding: reply.bytes[..<length], as: UTF8.self)
      #expect(
        json.hasSuffix(#"{"name":"probability","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}]}"#))
    }
    let json = ask(
      desk(), [("weight", "FP32", [1], bytes(Float(1)))],
      #""parameters":{"binary_data_output":true},"outputs":[{"name":"probability","parameters":{"binary_data":false}}],"#
    )
    #expect(json.text.contains(#""data":[2001.0]"#))
  }

  @Test("bytes that do not fit are refused with the reason")
  func refusals() {
    let weight = ("weight", "FP32", [1], bytes(Float(1)))
    let cases: [([(String, String, [Int], [UInt8])], String)] = [
      ([("weight", "FP32", [2], bytes(Float(1)))], "has 4 bytes, its shape and datatype say 8"),
      ([("weight", "FP32", [1], bytes(Float.nan))], "row 0: NaN is no number"),
      ([("weight", "FP32", [1], bytes(Float.infinity))], "overflow"),
      ([("weight", "FP16", [1], bytes(UInt16(0x7C00)))], "overflow"),
      ([weight, ("night", "BOOL", [1], [2])], "not a value of BOOL"),
      ([weight, ("carrier", "BYTES", [1], [9, 0, 0, 0, 65])], "leads beyond the end"),
      ([weight, ("carrier", "BYTES", [1], [1, 0, 0])], "leads beyond the end"),
      ([weight, ("carrier", "BYTES", [1], texts("a", "b"))], "more data than its shape says"),
      ([weight, ("carrier", "BYTES", [1], [])], "has 0 elements"),
      ([weight, ("carrier", "BYTES", [1], [1, 0, 0, 0, 0xFF])], "not UTF-8"),
    ]
    for (inputs, says) in cases {
      let reply = ask(desk(), inputs)
      #expect(reply.status == 400)
      #expect(reply.text.contains(says), "\(reply.text)")
    }
    let json = Array(#"{"inputs":[{"name":"weight","datatype":"FP32","shape":[1],"data":[1]}]}"#.utf8)
    for (length, says) in [("99999", "the body has 71 bytes"), ("-1", "the body has"), ("x", "the body has")] {
      let reply = desk().answer(.post, "/v2/models/flights/infer", json, headerLength: length)
      #expect(reply.status == 400 && reply.text.contains(says), "\(reply.text)")
    }
    let more = desk().answer(.post, "/v2/models/flights/infer", json + [0, 0], headerLength: String(json.count))
    #expect(more.text.contains("2 bytes follow the JSON that no input"), "\(more.text)")
  }
}

@Suite("Requests of every form")
struct RequestFormTests {
  @Test("a feature called record is a column, and whole records have a name of their own")
  func recordFeature() {
    var pipeline = samplePipeline()
    pipeline.schema.features[3].name = "record"
    let desk = Desk(pipeline)
    desk.put(1, pipeline)
    let weight = #"{"name":"weight","datatype":"FP32","shape":[1],"data":[2]}"#
    #expect(
      desk.infer(#"{"inputs":[{"name":"record","datatype":"BYTES","shape":[1],"data":["AA"]},\#(weight)]}"#).text
        .contains(#""data":[12002.0]"#))
    let whole =
      #"{"name":"$record","datatype":"BYTES","shape":[1],"data":["{\"x\":{\"weight\":2,\"carrier\":\"AA\"}}"]}"#
    #expect(desk.infer(#"{"inputs":[\#(whole)]}"#).text.contains(#""data":[12002.0]"#))
    #expect(desk.infer(#"{"inputs":[\#(weight),\#(whole)]}"#).text.contains("stands alone"))
    #expect(
      desk.ask(.get, "/v2/models/flights").text.contains(
        #""parameters":{"record_inputs":["$record"],"tensor_inputs":["#))
    #expect(Desk().ask(.get, "/v2/models/flights").text.contains(#""record_inputs":["record","$record"]"#))
  }

  @Test("a list of categories has several values a row, as a record has, and null is none")
  func lists() {
    var pipeline = samplePipeline()
    pipeline.schema.features[3].valuesMax = 3
    let desk = Desk(pipeline)
    let scorer = SpyScorer { batch in
      Array(UnsafeBufferPointer(start: batch.categories, count: batch.count * batch.categoryCount))
    }
    desk.put(1, pipeline, scorer)
    let weight = #"{"name":"weight","datatype":"FP32","shape":[2],"data":[0,0]}"#
    let carriers = #"{"name":"carrier","datatype":"BYTES","shape":[2,2],"data":[["UA","AA"],[null,"7"]]}"#
    #expect(desk.infer(#"{"inputs":[\#(weight),\#(carriers)]}"#).status == 200)
    let columns = scorer.seen
    let records =
      #"{"name":"record","datatype":"BYTES","shape":[2],"data":["#
      + #""{\"x\":{\"weight\":0,\"carrier\":[\"UA\",\"AA\"]}}","{\"x\":{\"weight\":0,\"carrier\":[null,\"7\"]}}"]}"#
    #expect(desk.infer(#"{"inputs":[\#(records)]}"#).status == 200)
    #expect(scorer.seen == columns)
    #expect(columns == [2, 1, .max, 3, .max, .max])
    let four = #"{"name":"carrier","datatype":"BYTES","shape":[2,4],"data":["a","b","c","d","a","b","c","d"]}"#
    #expect(desk.infer(#"{"inputs":[\#(weight),\#(four)]}"#).text.contains("at most 3 values a row"))
  }

  @Test("a text stands for a time, and for what is coerced, as it does in a record; -0 is the category 0")
  func textsAndZero() {
    var pipeline = samplePipeline()
    pipeline.schema.features[0].type = .timestamp
    pipeline.schema.features[0].origin = 0
    pipeline.schema.features[0].clip = 0...1e9
    pipeline.schema.features[1].coerce = true
    pipeline.schema.features[3].values = ["0"]
    let desk = Desk(pipeline)
    desk.put(1, pipeline)
    func column(_ name: String, _ data: String, _ type: String = "BYTES") -> String {
      #"{"name":"\#(name)","datatype":"\#(type)","shape":[1],"data":[\#(data)]}"#
    }
    let columns = [
      column("speed", #""1970-01-01T00:01:00Z""#), column("weight", #"" 7 ""#), column("carrier", "-0", "INT8"),
    ]
    let whole = column(
      "record", #""{\"x\":{\"speed\":\"1970-01-01T00:01:00Z\",\"weight\":\" 7 \",\"carrier\":-0}}""#)
    for inputs in [columns.joined(separator: ","), whole] {
      let text = desk.infer(#"{"inputs":[\#(inputs)]}"#).text
      #expect(text.contains(#""data":[11067.0]"#), "\(text)")
    }
    #expect(
      desk.infer(#"{"inputs":[\#(column("night", #""true""#)),\#(column("weight", "1", "FP32"))]}"#).status == 400)
    let wrong = desk.infer(#"{"inputs":[\#(column("speed", #""noon""#)),\#(column("weight", "1", "FP32"))]}"#)
    #expect(wrong.status == 400 && wrong.text.contains("“speed”, row 0: wrong_type"), "\(wrong.text)")
  }

  @Test("many rows are the same as each alone, and too many are refused with the setting that says so")
  func manyRows() {
    var pipeline = samplePipeline()
    pipeline.serving.rowsMax = 1000
    let desk = Desk(pipeline)
    desk.put(1, pipeline)
    func column(_ count: Int) -> String {
      let data = (0..<count).map(String.init).joined(separator: ",")
      return #"{"inputs":[{"name":"weight","datatype":"FP32","shape":[\#(count)],"data":[\#(data)]}]}"#
    }
    for count in [31, 32, 33, 100, 1000] {
      let expected = (0..<count).map { "\(2000 + $0).0" }.joined(separator: ",")
      #expect(desk.infer(column(count)).text.contains(#""shape":[\#(count)],"data":[\#(expected)]"#))
    }
    let refusal = desk.infer(column(1001))
    #expect(refusal.status == 413 && refusal.text.contains("serving.rows_max"))
    let million = #"{"inputs":[{"name":"weight","datatype":"FP32","shape":[1000000],"data":[]}]}"#
    #expect(desk.infer(million).status == 413)
  }

  static let plain = Array(#"{"inputs":[{"name":"weight","datatype":"FP32","shape":[1],"data":[2]}]}"#.utf8)
  /// The same by zlib: with gzip's header, in two members, with zlib's header, and bare.
  static let packed: [(coding: String, base64: String)] = [
    (
      "gzip",
      "H4sIAAAAAAACA6tWyswrKC0pVrKKrlbKS8xNVbJSKk/NTM8oUdJRSkksSSypLACJuQUYGwFFijMSQdxow1iILJBpFFsbWwsAgp1OXkcAAAA="
    ),
    (
      "X-GZIP",
      "H4sIAAAAAAACA6tWyswrKC0pVrKKrlbKS8xNVbJSKk/NTM8oUdJRSgEAyHhaCx4AAAAfiwgAAAAAAAIDSyxJLKksSFWyUnILMDZS0lEqzkgEcaMNY3WUUhJLEoFMo9ja2FoADATgIykAAAA="
    ),
    ("deflate", "eJyrVsrMKygtKVayiq5WykvMTVWyUipPzUzPKFHSUUpJLEksqSwAibkFGBsBRYozEkHcaMNYiCyQaRRbG1sLAEtYFsw="),
    ("deflate", "q1bKzCsoLSlWsoquVspLzE1VslIqT81MzyhR0lFKSSxJLKksAIm5BRgbAUWKMxJB3GjDWIgskGkUWxtbCwA="),
  ]

  @Test("compressed bodies are unpacked", arguments: packed)
  func compressed(row: (coding: String, base64: String)) throws {
    let desk = Desk()
    desk.put(3)
    let body = try #require(Data(base64Encoded: row.base64).map { Array($0) })
    func ask(_ body: [UInt8]) -> HTTPResponse {
      desk.answer(.post, "/v2/models/flights/infer", body, coding: row.coding)
    }
    let reply = ask(body)
    #expect(reply.text.contains(#""data":[2002.0]"#), "\(reply.text)")
    for bad in [Array(body.dropLast(9)), Self.plain, [], Array(body.prefix(3))] {
      let refusal = ask(bad)
      #expect(refusal.status == 400 && refusal.text.contains("stream"), "\(refusal.text)")
    }
  }

  @Test("what unpacks to more than a body may have is refused")
  func bomb() throws {
    var pipeline = samplePipeline()
    pipeline.serving.bodyBytesMax = 100_000
    let desk = Desk(pipeline)
    desk.put(3, pipeline)
    // A block of one letter many times over, as often as needed: a member each.
    let member = try #require(
      Data(
        base64Encoded:
          "H4sIAAAAAAACA+3BAQ0AAADCoCrvn9IeDigAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACeDEufRLNQwwAA"
      ))
    let reply = desk.answer(
      .post, "/v2/models/flights/infer", Array(member) + Array(member) + Array(member), coding: "gzip")
    #expect(reply.status == 413 && reply.text.contains("more than 100000 bytes"), "\(reply.text)")
  }

  @Test(
    "another coding is refused with those that are understood", arguments: ["br", "zstd", "gzip, gzip", "compress"])
  func otherCodings(coding: String) {
    let desk = Desk()
    desk.put(3)
    let reply = desk.answer(.post, "/v2/models/flights/infer", Self.plain, coding: coding)
    #expect(reply.status == 415)
    #expect(reply.header("Accept-Encoding") == "gzip, deflate")
  }

  @Test("identity is no coding")
  func identity() {
    let desk = Desk()
    desk.put(3)
    #expect(desk.answer(.post, "/v2/models/flights/infer", Self.plain, coding: "identity").status == 200)
  }
}
