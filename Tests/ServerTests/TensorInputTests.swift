import Foundation
import HTTP
import Pipelines
import Server
import Testing

@Suite("All features in one tensor")
struct TensorInputTests {
  private static func columns(_ rows: [[String]]) -> String {
    let names = ["speed", "weight", "night"]
    var inputs = names.enumerated().map { place, name in
      #"{"name":"\#(name)","datatype":"FP64","shape":[\#(rows.count)],"data":[\#(rows.map { $0[place] }.joined(separator: ","))]}"#
    }
    let carriers = rows.map { $0[3] == "null" ? "null" : "\"\($0[3])\"" }.joined(separator: ",")
    inputs.append(#"{"name":"carrier","datatype":"BYTES","shape":[\#(rows.count)],"data":[\#(carriers)]}"#)
    return #"{"inputs":[\#(inputs.joined(separator: ","))]}"#
  }

  private static func tensor(
    _ data: String, _ shape: String = "[2,4]", type: String = "FP64", name: String = "features"
  )
    -> String
  {
    #"{"inputs":[{"name":"\#(name)","datatype":"\#(type)","shape":\#(shape),"data":\#(data)}]}"#
  }

  private static func desk() -> Desk {
    let desk = Desk()
    desk.put(1)
    return desk
  }

  @Test("gives the answers of columns, to the last bit: flat, nested, with what is absent, of any type of number")
  func same() {
    let desk = Self.desk()
    let rows = [["12.5", "3", "1", "7"], ["null", "-2", "0", "null"]]
    let reference = desk.infer(Self.columns(rows))
    #expect(reference.status == 200, "\(reference.text)")
    for data in [
      "[12.5,3,1,7,null,-2,0,null]", "[[12.5,3,1,7],[null,-2,0,null]]", "[[12.5,3,1,7.0],[null,-2e0,0,null]]",
    ] {
      for name in ["features", "$features"] {
        for type in ["FP32", "FP64"] {
          let reply = desk.infer(Self.tensor(data, type: type, name: name))
          #expect(reply == reference, "\(data) \(reply.text)")
        }
      }
    }
    let whole = desk.infer(Self.columns([["12", "3", "1", "7"], ["99", "4", "0", "8"]]))
    for type in ["INT8", "INT16", "INT32", "INT64", "UINT8", "UINT64", "FP16"] {
      #expect(desk.infer(Self.tensor("[12,3,1,7,99,4,0,8]", type: type)) == whole, "\(type)")
    }
  }

  @Test("of numbers alone it is the same again: several rows, bounds, and what is wrong said as ever")
  func numbersOnly() {
    var pipeline = samplePipeline()
    pipeline.schema.features.removeLast()
    let desk = Desk(pipeline)
    desk.put(1, pipeline)
    func columns(_ rows: [[Double]]) -> String {
      let inputs = ["speed", "weight", "night"].enumerated().map { place, name in
        let data = rows.map { String($0[place]) }.joined(separator: ",")
        return #"{"name":"\#(name)","datatype":"FP32","shape":[\#(rows.count)],"data":[\#(data)]}"#
      }
      return #"{"inputs":[\#(inputs.joined(separator: ","))]}"#
    }
    let rows = [[12.5, -3, 1], [1e6, 2, 0], [0.1, 0.2, 1]]
    let flat = rows.flatMap { $0 }.map { String($0) }.joined(separator: ", ")
    let reference = desk.infer(columns(rows))
    #expect(reference.status == 200 && desk.infer(Self.tensor("[\(flat)]", "[3,3]", type: "FP32")) == reference)
    for (data, part) in [
      ("[1,2]", "has 2 elements, its shape says 3"), ("[1,2,1,1]", "has more data than its shape says"),
      ("[1,2,NaN]", "“NaN” is not JSON"), ("[1,2,7]", "“night”, row 0"), ("[1,2 1]", "is not JSON"),
      ("[1,1e300,1]", "row 0, column 1 (“weight”): overflow"), ("[1,2,1", "is not JSON"),
    ] {
      let reply = desk.infer(Self.tensor(data, "[1,3]", type: "FP32"))
      #expect(reply.status == 400 && reply.text.contains(part), "\(data): \(reply.text)")
    }
  }

  private static func binary<Value>(_ values: [Value], _ type: String, _ shape: String = "[2,4]") -> (
    body: [UInt8], length: String
  ) {
    let bytes = values.withUnsafeBytes { Array($0) }
    let json =
      #"{"inputs":[{"name":"features","datatype":"\#(type)","shape":\#(shape),"parameters":{"binary_data_size":\#(bytes.count)}}]}"#
    return (Array(json.utf8) + bytes, String(json.utf8.count))
  }

  @Test("comes as bytes as well")
  func bytes() {
    let desk = Self.desk()
    let whole = desk.infer(Self.columns([["12", "3", "1", "7"], ["99", "4", "0", "8"]])).text
    func ask(_ form: (body: [UInt8], length: String)) -> String {
      desk.answer(.post, "/v2/models/flights/infer", form.body, headerLength: form.length).text
    }
    let values = [12, 3, 1, 7, 99, 4, 0, 8]
    #expect(ask(Self.binary(values.map { Float($0) }, "FP32")) == whole)
    #expect(ask(Self.binary(values.map { Double($0) }, "FP64")) == whole)
    #expect(ask(Self.binary(values.map { Int64($0) }, "INT64")) == whole)
    #expect(ask(Self.binary(values.map { Int8($0) }, "INT8")) == whole)
    let short = ask(Self.binary(values.dropLast().map { Float($0) }, "FP32"))
    #expect(short.contains("has 28 bytes, its shape and datatype say 32"), "\(short)")
    let absent = ask(Self.binary([12, .nan, 1, 7, 99, 4, 0, 8] as [Float], "FP32"))
    #expect(absent.contains("row 0, column 1 (“weight”): NaN is no number"), "\(absent)")
    let split = ask(Self.binary([12, 3, 1, 7.5, 99, 4, 0, 8] as [Float], "FP32"))
    #expect(split.contains("row 0, column 3 (“carrier”): a category is a whole number here"), "\(split)")
  }

  @Test(
    "what is wrong is said by row and column",
    arguments: [
      ("[1,2,3,4,5,6]", "[2,3]", "FP64", "has the shape [2, 3]; the model reads 4 features"),
      ("[1,2,1,4,5]", "[2,4]", "FP64", "has 5 elements, its shape says 8"),
      ("[1,2,1,4,5,null,1,4]", "[2,4]", "FP64", "“weight”, row 1"),
      ("[1,2,1,4,5,true,1,4]", "[2,4]", "FP64", "row 1, column 1 (“weight”): not a value of FP64"),
      ("[1,2,1,4,5,1e999,1,4]", "[2,4]", "FP64", "row 1, column 1 (“weight”): overflow"),
      ("[1,2,1,4,5,300,1,4]", "[2,4]", "INT8", "row 1, column 1 (“weight”): overflow"),
      ("[1,2,1,4,5,6,7,4]", "[2,4]", "FP64", "“night”, row 1"),
      ("[1,2,1,4.5,5,6,1,4]", "[2,4]", "FP64", "row 0, column 3 (“carrier”): a category is a whole number here"),
      ("[true,true,true,true]", "[1,4]", "BOOL", "holds numbers"),
      ("[1,2,1,4]", "[99,4]", "FP64", "99 rows are more than the 16 a request may hold"),
    ])
  func mistakes(data: String, shape: String, type: String, part: String) {
    let reply = Self.desk().infer(Self.tensor(data, shape, type: type))
    #expect(reply.status == (part.contains("99 rows") ? 413 : 400) && reply.text.contains(part), "\(reply.text)")
  }

  @Test("stands alone, and the model's description says whether there is one, by which names and how wide")
  func described() {
    let desk = Self.desk()
    let two =
      #"{"inputs":[{"name":"features","datatype":"FP32","shape":[1,4],"data":[1,2,1,4]},"#
      + #"{"name":"speed","datatype":"FP32","shape":[1],"data":[1]}]}"#
    #expect(desk.infer(two).text.contains("“features” holds all features and stands alone"))
    let told = desk.ask(.get, "/v2/models/flights").text
    #expect(
      told.contains(
        #""tensor_inputs":[{"name":"features","datatype":"FP64","shape":[-1,4]},{"name":"$features","datatype":"FP64","shape":[-1,4]}]"#
      ), "\(told)")
    var pipeline = samplePipeline()
    pipeline.schema.features[3].valuesMax = 3
    let listed = Desk(pipeline)
    listed.put(1, pipeline)
    #expect(listed.ask(.get, "/v2/models/flights").text.contains(#""tensor_inputs":[]"#))
    let refused = listed.infer(Self.tensor("[1,2,1,4]", "[1,4]")).text
    #expect(refused.contains("it reads lists, maps or texts"), "\(refused)")
    pipeline = samplePipeline()
    pipeline.schema.features[0].name = "features"
    let named = Desk(pipeline)
    named.put(1, pipeline)
    #expect(named.infer(Self.tensor("[1,2,1,4]", "[1,4]")).status == 400)
    #expect(named.infer(Self.tensor("[1,2,1,4]", "[1,4]", name: "$features")).status == 200)
  }

  @Test("too many rows are refused before they are read, whatever follows")
  func early() {
    let desk = Self.desk()
    // What comes behind is no JSON: nobody gets so far.
    let shape = #"{"inputs":[{"name":"features","datatype":"FP32","shape":[17,4],"data":[1,!"#
    #expect(desk.infer(shape).status == 413)
    let records = "[" + String(repeating: #"{"x":{"weight":1}},"#, count: 16) + #"{"x":{"weight":1}},!"#
    let reply = desk.ask(.post, "/predict", records)
    #expect(reply.status == 413 && reply.text.contains("these rows are more than the 16"), "\(reply.text)")
  }
}
