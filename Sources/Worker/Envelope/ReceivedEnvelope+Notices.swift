package import Vocabulary

extension ReceivedEnvelope {
  /// Calls `count` for every code with its records, and `example` for every example.
  ///
  /// - Parameter fieldCount: Codes of further fields are refused.
  package func forEachNotice(
    fieldCount: Int, count: (FieldCode, Int64) -> Void, example: (FieldExample) -> Void
  ) throws {
    guard !notices.isEmpty else { return }
    let codeMax = Int32((fieldCount + 1) * FieldNotice.count)
    func checked(_ code: Int32) throws -> FieldCode {
      guard code >= 0, code < codeMax else { throw EnvelopeError.unknownField(code: code) }
      return FieldCode(rawValue: code)
    }
    var reader = ByteReader(notices)
    for _ in 0..<(try reader.read(UInt32.self)) {
      count(try checked(reader.read()), Int64(try reader.read(UInt32.self)))
    }
    for _ in 0..<(try reader.read(UInt32.self)) {
      let code = try checked(reader.read())
      let text = try reader.read(bytes: Int(try reader.read(UInt32.self)))
      example(FieldExample(code: code, text: String(decoding: text, as: UTF8.self)))
    }
  }
}
