import CCompression

/// Bytes as they were before compression: gzip, zstd or plain, told apart by their first bytes.
///
/// Streaming: whatever the ratio, it holds one chunk of input, one of output and the window of the format (32 KiB for gzip,
/// at most 128 MiB for zstd). Files of several gzip members or zstd frames are read as one. One thread at a time.
public final class Decompressor {
  /// The next bytes of the input; nil or nothing: the end.
  public typealias Source = () throws -> [UInt8]?

  /// The largest window of zstd that is decompressed, as a power of two.
  public static let windowLogMax: Int32 = 27
  /// The most bytes one `read` gives.
  public static let chunkBytesMax = 256 << 10

  private let source: Source
  private var input: [UInt8] = []
  private var position = 0
  private var format: (any CompressedFormat)?
  private var hasStarted = false

  public init(source: @escaping Source) { self.source = source }

  /// The next decompressed bytes, at most `chunkBytesMax` of them and never none; nil at the end.
  ///
  /// - Throws: `IngestError`, and whatever the source throws. Nothing more comes after an error.
  public func read() throws -> [UInt8]? {
    if !hasStarted { try start() }
    guard let format else { return try readPlain() }
    while true {
      if position == input.count { try refill() }
      let isLast = position == input.count
      if isLast, format.isBetweenMembers { return nil }
      let output = try [UInt8](unsafeUninitializedCapacity: Self.chunkBytesMax) { output, count in
        count = try input.withUnsafeBytes {
          try format.decompress($0, &position, into: UnsafeMutableRawBufferPointer(output))
        }
      }
      if !output.isEmpty { return output }
      if isLast { throw IngestError(.truncated, "the compressed bytes end too early") }
    }
  }

  /// Looks at the first bytes and decides.
  private func start() throws {
    hasStarted = true
    while input.count < 4, let more = try source(), !more.isEmpty { input += more }
    if input.starts(with: [0x1F, 0x8B]) {
      format = GzipFormat()
    } else if input.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) || isSkippableFrame {
      format = ZstdFormat()
    } else if let (name, tool) = Self.otherFormats.first(where: { input.starts(with: $0.bytes) }).map({
      ($0.name, $0.tool)
    }) {
      throw IngestError(
        .unknownCompression,
        "the file is compressed with \(name), which is not read here: '\(tool) FILE | retrainctl feed - …', or gzip or zstd it"
      )
    }
  }

  private static let otherFormats: [(bytes: [UInt8], name: String, tool: String)] = [
    (Array("BZh".utf8), "bzip2", "bzcat"), ([0xFD, 0x37, 0x7A, 0x58], "xz", "xzcat"),
    ([0x50, 0x4B, 3, 4], "zip (a workbook of Excel is one, too)", "unzip -p"), ([0x50, 0x4B, 5, 6], "zip", "unzip -p"),
    ([0x37, 0x7A, 0xBC, 0xAF], "7-Zip", "7z x -so"), ([0x04, 0x22, 0x4D, 0x18], "lz4", "lz4cat"),
    ([0x1F, 0x9D], "compress", "zcat"), ([0x52, 0x61, 0x72, 0x21], "RAR", "unrar p -inul"),
  ]

  /// zstd files may begin with a frame of user data, 0x184D2A50 … 5F.
  private var isSkippableFrame: Bool {
    input.count >= 4 && input[0] & 0xF0 == 0x50 && input[1...3].elementsEqual([0x2A, 0x4D, 0x18])
  }

  private func refill() throws {
    input = try source() ?? []
    position = 0
  }

  private func readPlain() throws -> [UInt8]? {
    if position == input.count { try refill() }
    guard position < input.count else { return nil }
    let chunk = input[position..<min(input.count, position + Self.chunkBytesMax)]
    position = chunk.endIndex
    return chunk.count == input.count ? input : Array(chunk)
  }
}

/// One streaming format. One thread at a time.
protocol CompressedFormat: AnyObject {
  /// Whether the input may end here.
  var isBetweenMembers: Bool { get }

  /// Takes what it can from `input`, moving `position`, and returns how many bytes of `output` it filled.
  func decompress(
    _ input: UnsafeRawBufferPointer, _ position: inout Int, into output: UnsafeMutableRawBufferPointer
  ) throws(IngestError) -> Int
}
