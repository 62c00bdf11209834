import Vocabulary

/// What a file of records is written in, by its first bytes: UTF-8 is read, with or without a byte-order mark; anything else
/// is named, with what to do about it.
enum FileEncoding {
  /// How many bytes tell.
  static let prefixBytes = 8

  /// - Parameter prefix: The first bytes, decompressed; fewer than `prefixBytes` when there are no more.
  /// - Returns: How many of them are a mark to pass over.
  /// - Throws: `IngestError.notText`.
  static func check(_ prefix: some Collection<UInt8>) throws(IngestError) -> Int {
    let bytes = Array(prefix.prefix(prefixBytes))
    if bytes.starts(with: TextEncoding.byteOrderMark) { return TextEncoding.byteOrderMark.count }
    if let name = TextEncoding.wideName(of: bytes) {
      throw IngestError(
        .notText, line: 1, "the file is \(name), not UTF-8: convert it, as with 'iconv -f \(name) -t UTF-8'")
    }
    // The signs of some are letters, with which a name in a header may begin, too.
    let isBinary = bytes.contains { $0 < 9 || $0 >= 0x7F }
    if let name = signatures.first(where: { bytes.starts(with: $0.bytes) && (isBinary || $0.bytes.count > 4) })?.name {
      throw IngestError(.notText, line: 1, "the file is \(name), not text: write it as JSON Lines or CSV")
    }
    return 0
  }

  /// Formats that hold tables, and are no text.
  private static let signatures: [(bytes: [UInt8], name: String)] = [
    (Array("PAR1".utf8), "a Parquet file"), (Array("Obj".utf8) + [1], "an Avro file"),
    (Array("ORC".utf8), "an ORC file"), (Array("ARRO".utf8), "an Arrow file"),
    (Array("SQLite f".utf8), "an SQLite database"), ([0xD0, 0xCF, 0x11, 0xE0], "a spreadsheet in Excel's old format"),
    ([0x89] + Array("HDF".utf8), "an HDF5 file"), (Array("%PDF-".utf8), "a PDF document"),
  ]

  /// What is wrong with a line that is not UTF-8, with its column; nil: it is.
  static func trouble(in line: UnsafeRawBufferPointer) -> String? {
    guard !TextEncoding.isUTF8(line), let (characters, byte) = TextEncoding.trouble(in: line) else { return nil }
    return "column \(characters + 1): \(TextEncoding.sentence(about: byte))"
  }
}
