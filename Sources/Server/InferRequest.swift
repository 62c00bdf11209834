import Ingest
import JSON
import Vocabulary

/// A request for predictions, taken apart but not yet converted: where each tensor's data lies in the body.
///
/// A member that is null is an absent one; unknown members are passed over, and one that is there twice is refused.
struct InferRequest {
  /// Holds no text of its own: a request may have many, and most names are only looked up.
  struct Tensor {
    enum Content {
      /// Where the value of `data` begins.
      case json(Int)
      /// Where the tensor's bytes lie in the body.
      case binary(Range<Int>)
    }

    /// The name as it is written, without its quotes.
    var nameBytes: UnsafeRawBufferPointer
    /// Whether those bytes are what it says: ASCII without an escape.
    var isPlain: Bool
    var type: TensorType
    /// Rows.
    var count: Int
    /// Elements a row; more than one for a list of categories, and for all features together.
    var width: Int
    var content: Content
    /// The data, where it is one number.
    var only: JSONScanner.Number?

    var name: String {
      // It was passed as a string: its escapes are sound.
      (try? JSONScanner(nameBytes).text(0..<nameBytes.count)) ?? ""
    }
  }

  enum OutputForm { case json, binary }

  struct Output {
    var name: String
    /// nil: as the request says.
    var isBinary: Bool?
  }

  /// The id's text with its quotes, as it was written.
  private(set) var id: Range<Int>?
  /// `parameters.key`: whose request this is; a version is chosen by it.
  private(set) var key: String?
  private(set) var inputs: [Tensor] = []
  /// The outputs asked for; nil: all.
  private(set) var outputs: [Output]?
  /// Whether outputs go out as bytes, unless they say otherwise.
  private(set) var isBinary = false
  /// Whether notes on the records are wanted; nil: nothing was said, and what can be told at no cost is.
  private(set) var wantsNotes: Bool?

  var rows: Int { inputs[0].count }

  /// How output `name` goes out; nil: it is not asked for.
  func form(of name: String) -> OutputForm? {
    guard let outputs else { return isBinary ? .binary : .json }
    return outputs.first { $0.name == name }.map { $0.isBinary ?? isBinary ? .binary : .json }
  }

  /// Reads the JSON of `infer`, checked from its first byte to its last.
  ///
  /// - Parameters:
  ///   - tensors: The bytes of the body that follow the JSON.
  ///   - rowsMax: More are refused as soon as a shape says so.
  init(_ json: UnsafeRawBufferPointer, tensors: Range<Int>, rowsMax: Int = .max) throws {
    var scanner = JSONScanner(json)
    try Self.checkUTF8(json)
    guard scanner.peek() == UInt8(ascii: "{") else { throw scanner.malformed("an object expected") }
    var binary = tensors
    var seen = 0
    var strangers = 0
    try scanner.members { scanner, key in
      let bit = Self.bit(of: key)
      guard seen & bit == 0 else { throw APIError.badRequest("“\(key.text)” is there twice") }
      seen |= bit
      if try scanner.takeNull() { return }
      switch key {
      case "id":
        guard scanner.peek() == UInt8(ascii: "\"") else { throw APIError.badRequest("“id” is a string") }
        let content = try scanner.string()
        guard content.count <= Self.nameBytesMax else {
          throw APIError.badRequest("“id” is longer than \(Self.nameBytesMax) bytes")
        }
        id = content.lowerBound - 1..<content.upperBound + 1
      case "inputs":
        guard scanner.peek() == UInt8(ascii: "[") else { throw APIError.badRequest("“inputs” is a list") }
        try scanner.elements { inputs.append(try Self.tensor(&$0, &binary, rowsMax: rowsMax)) }
      case "outputs":
        guard scanner.peek() == UInt8(ascii: "[") else { throw APIError.badRequest("“outputs” is a list") }
        var wanted: [Output] = []
        try scanner.elements { scanner in
          let output = try Self.output(&scanner)
          // The same once more asks for nothing more.
          if !wanted.contains(where: { $0.name == output.name }) { wanted.append(output) }
          guard wanted.count <= 1000 else { throw APIError.badRequest("“outputs” names more than there can be") }
        }
        outputs = wanted
      case "parameters":
        try Self.parameters(&scanner, of: "the request") { scanner, name in
          switch name {
          case "binary_data_output": isBinary = try scanner.boolean()
          case "notes": wantsNotes = try scanner.boolean()
          case "key": self.key = try Self.key(&scanner, isTwice: self.key != nil)
          default: return false
          }
          return true
        }
      default:
        strangers += 1
        try scanner.skip()
      }
    }
    try scanner.end()
    guard !inputs.isEmpty else {
      // Whoever has no inputs and something else has a record, most likely.
      let hint =
        strangers > 0
        ? #"; a record goes into an input of its own: {"inputs":[{"name":"record","datatype":"BYTES","shape":[1],"data":["{…}"]}]}"#
        : ""
      throw APIError.badRequest("“inputs” is missing or empty\(hint)")
    }
    guard binary.isEmpty else {
      throw APIError.badRequest("\(binary.count) bytes follow the JSON that no input's “binary_data_size” claims")
    }
  }

  /// A text, or a number as it is written.
  private static func key(_ scanner: inout JSONScanner, isTwice: Bool) throws -> String {
    guard scanner.peek().map(JSONScanner.beginsNumber) == true, !isTwice else {
      return try string(&scanner, "key", isTwice: isTwice)
    }
    let number = try scanner.number().text
    guard number.count <= nameBytesMax else {
      throw APIError.badRequest("“key” is longer than \(nameBytesMax) bytes")
    }
    return try scanner.text(number)
  }

  /// Takes the whole text for UTF-8, or says where it is not.
  private static func checkUTF8(_ json: UnsafeRawBufferPointer) throws {
    guard !TextEncoding.isUTF8(json) else { return }
    let place = TextEncoding.firstFault(json).map { " at byte \($0)" } ?? ""
    throw APIError.badRequest("the body is not JSON: not UTF-8\(place)")
  }

  /// Of the members that mean something; the others may be there as often as they like.
  private static func bit(of key: JSONKey) -> Int {
    switch key {
    case "id": 1
    case "inputs": 2
    case "outputs": 4
    case "parameters": 8
    default: 0
    }
  }

  private static func output(_ scanner: inout JSONScanner) throws -> Output {
    guard scanner.peek() == UInt8(ascii: "{") else { throw APIError.badRequest("each output is an object") }
    var name: String?
    var isBinary: Bool?
    try scanner.members { scanner, key in
      if try scanner.takeNull() { return }
      switch key {
      case "name": name = try string(&scanner, "name", isTwice: name != nil)
      case "parameters":
        try parameters(&scanner, of: "an output") { scanner, key in
          switch key {
          case "binary_data": isBinary = try scanner.boolean()
          case "classification":
            throw APIError.badRequest("the parameter “classification” is not supported: class names are an output")
          default: return false
          }
          return true
        }
      default: try scanner.skip()
      }
    }
    guard let name else { throw APIError.badRequest("an output has no name") }
    return Output(name: name, isBinary: isBinary)
  }

  /// Bytes of an id or a name, at most.
  static let nameBytesMax = 1024

  /// A name, which every use of a text is quick with.
  static func string(_ scanner: inout JSONScanner, _ key: String, isTwice: Bool) throws -> String {
    var isPlain = true
    return try scanner.text(try name(&scanner, key, isTwice: isTwice, isPlain: &isPlain))
  }

  /// Where such a name lies, without its quotes.
  ///
  /// - Parameter isPlain: Becomes false where its bytes are not what it says.
  static func name(
    _ scanner: inout JSONScanner, _ key: String, isTwice: Bool, isPlain: inout Bool
  ) throws -> Range<Int> {
    guard !isTwice else { throw APIError.badRequest("“\(key)” is there twice") }
    guard scanner.peek() == UInt8(ascii: "\"") else { throw APIError.badRequest("“\(key)” is a string") }
    let content = try scanner.string(isPlain: &isPlain)
    if isPlain, content.count <= nameBytesMax { return content }
    // An escape of six bytes may stand for one.
    if content.count <= 6 * nameBytesMax {
      let text = try scanner.text(content)
      if text.utf8.count <= nameBytesMax, isStreamSafe(text) { return content }
    }
    throw APIError.badRequest(
      "“\(key)” is longer than \(nameBytesMax) bytes, or has more than \(TextEncoding.rowMax) combining marks in a row")
  }

  private static func isStreamSafe(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { TextEncoding.isStreamSafe(UnsafeRawBufferPointer($0)) }
  }

  /// Calls `take` for each parameter that is not null; the others, which it takes nothing of, are passed over.
  static func parameters(
    _ scanner: inout JSONScanner, of owner: String, _ take: (inout JSONScanner, JSONKey) throws -> Bool
  ) throws {
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw APIError.badRequest("the “parameters” of \(owner) are an object")
    }
    try scanner.members { scanner, key in
      if try scanner.takeNull() { return }
      if try !take(&scanner, key) { try scanner.skip() }
    }
  }
}
