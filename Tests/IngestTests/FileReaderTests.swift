import CCompression
import Foundation
import Ingest
import Pipelines
import Testing
import Vocabulary

/// A source that gives `bytes` in pieces of `size`.
private func pieces(_ bytes: [UInt8], of size: Int) -> Decompressor.Source {
  var rest = bytes[...]
  return {
    guard !rest.isEmpty else { return nil }
    defer { rest = rest.dropFirst(size) }
    return Array(rest.prefix(size))
  }
}

private func everything(_ bytes: [UInt8], pieceSize: Int = 1 << 16) throws -> [UInt8] {
  let decompressor = Decompressor(source: pieces(bytes, of: pieceSize))
  var all: [UInt8] = []
  while let chunk = try decompressor.read() {
    #expect(!chunk.isEmpty && chunk.count <= Decompressor.chunkBytesMax)
    all += chunk
  }
  return all
}

private func zstd(_ bytes: [UInt8], windowLog: Int32? = nil) -> [UInt8] {
  guard let context = ZSTD_createCCtx() else { return [] }
  defer { ZSTD_freeCCtx(context) }
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  if let windowLog { ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, windowLog) }
  // Streamed, so that the frame does not tell its size and the window counts.
  return [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(bytes.count) + 64) { output, count in
    var room = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
    bytes.withUnsafeBytes { bytes in
      var given = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
      _ = ZSTD_compressStream2(context, &room, &given, ZSTD_e_continue)
      _ = ZSTD_compressStream2(context, &room, &given, ZSTD_e_end)
    }
    count = room.pos
  }
}

func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  deflateInit2_(
    &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var input = bytes
  return [UInt8](unsafeUninitializedCapacity: bytes.count + bytes.count / 8 + 1024) { output, count in
    input.withUnsafeMutableBufferPointer { input in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(output.count)
      _ = deflate(&stream, Z_FINISH)
    }
    count = output.count - Int(stream.avail_out)
  }
}

private func text(_ count: Int) -> [UInt8] {
  var random = SplitMix64(seed: 11)
  return (0..<count).map { _ in UInt8(ascii: "a") + UInt8(random.next() % 20) }
}

@Suite("Files of records")
struct FileReaderTests {
  @Test("gzip, zstd and plain bytes come out the same, in pieces of any size", arguments: [1, 3, 4096, 1 << 20])
  func formats(pieceSize: Int) throws {
    let plain = text(pieceSize < 16 ? 20_000 : 1_000_000)
    #expect(try everything(plain, pieceSize: pieceSize) == plain)
    #expect(try everything(gzip(plain), pieceSize: pieceSize) == plain)
    #expect(try everything(zstd(plain), pieceSize: pieceSize) == plain)
  }

  @Test("members and frames that follow each other are read as one")
  func members() throws {
    let (a, b) = (text(5000), text(300))
    #expect(try everything(gzip(a) + gzip(b)) == a + b)
    #expect(try everything(gzip(a) + [0, 0, 0]) == a)
    #expect(try everything(zstd(a) + zstd(b)) == a + b)
    #expect(try everything([0x50, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 9, 9] + zstd(b)) == b)
  }

  @Test("small and empty files")
  func empty() throws {
    #expect(try everything([]) == [])
    #expect(try everything([0x1F]) == [0x1F])
    #expect(try everything(gzip([])) == [])
    #expect(try everything(zstd([])) == [])
  }

  private func code(_ bytes: [UInt8]) -> IngestError.Code? {
    do {
      _ = try everything(bytes)
      return nil
    } catch {
      return (error as? IngestError)?.code
    }
  }

  @Test("bytes that end too early or are damaged are errors, not an end")
  func damage() {
    let plain = text(100_000)
    for whole in [gzip(plain), zstd(plain)] {
      #expect(code(Array(whole.dropLast(5))) == .truncated)
      #expect(code(Array(whole.prefix(whole.count / 2))) == .truncated)
      var broken = whole
      for index in 2000..<2100 { broken[index] ^= 0x5A }
      #expect(code(broken) == .damaged)
    }
    #expect(code(gzip(plain) + [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]) == .damaged)
  }

  @Test("a window above 128 MiB is refused before memory is taken")
  func window() {
    // A frame header that asks for 2^30 bytes: magic, no content size, window descriptor (30 − 10) << 3.
    #expect(code([0x28, 0xB5, 0x2F, 0xFD, 0x00, 20 << 3] + [UInt8](repeating: 0, count: 20)) == .windowTooLarge)
    #expect(code(zstd(text(100_000), windowLog: 27)) == nil)
  }

  @Test("a small file that becomes a huge one arrives in bounded chunks")
  func bomb() throws {
    let bomb = zstd([UInt8](repeating: 0x20, count: 50_000_000))
    #expect(bomb.count < 10_000)
    let decompressor = Decompressor(source: pieces(bomb, of: 1 << 16))
    var total = 0
    while let chunk = try decompressor.read() {
      #expect(chunk.count <= Decompressor.chunkBytesMax)
      total += chunk.count
    }
    #expect(total == 50_000_000)
  }

  private func lines(_ text: String, pieceSize: Int = 5, max: Int = 1000) throws -> [String] {
    let reader = LineReader(Decompressor(source: pieces(Array(text.utf8), of: pieceSize)), lineBytesMax: max)
    var lines: [String] = []
    while let line = try reader.next() { lines.append(String(decoding: line, as: UTF8.self)) }
    #expect(reader.lineCount == lines.count)
    return lines
  }

  @Test("lines end with a line feed, and the last one need not")
  func lines() throws {
    #expect(try lines("a\nbc\n\nd\r\n") == ["a", "bc", "", "d\r"])
    #expect(try lines("a\nlonger than a piece") == ["a", "longer than a piece"])
    #expect(try lines("") == [])
    #expect(try lines("\n") == [""])
    #expect(throws: IngestError.self) { try lines(String(repeating: "x", count: 1001)) }
    #expect(throws: IngestError.self) { try lines("a\n" + String(repeating: "x", count: 1001) + "\nb") }
  }

  @Test("a line that is too long is told, and the next ones are read")
  func behindALongLine() throws {
    let text = "a\n" + String(repeating: "x", count: 2000) + "\nb\nc"
    let reader = LineReader(Decompressor(source: pieces(Array(text.utf8), of: 7)), lineBytesMax: 1000)
    #expect(try reader.next() == Array("a".utf8))
    let error = #expect(throws: IngestError.self) { try reader.next() }
    #expect(error?.code == .lineTooLong && error?.line == 2 && error?.isOfOneLine == true)
    #expect(try reader.next() == Array("b".utf8))
    #expect(reader.lineCount == 3)
    #expect(try reader.next() == Array("c".utf8))
    #expect(try reader.next() == nil)
  }

  @Test("a byte-order mark is passed over, in pieces of any size", arguments: [1, 2, 3, 100])
  func byteOrderMark(pieceSize: Int) throws {
    #expect(try lines("\u{FEFF}a\nb", pieceSize: pieceSize) == ["a", "b"])
    #expect(try lines("\u{FEFF}", pieceSize: pieceSize) == [])
  }

  @Test(
    "what is no text, or compressed as nobody reads it, is named",
    arguments: [
      ("UTF-16", [0xFF, 0xFE, 0x61, 0, 0x0A, 0]), ("UTF-16LE", [0x61, 0, 0x2C, 0]), ("UTF-16BE", [0, 0x61, 0, 0x2C]),
      ("UTF-32", [0xFF, 0xFE, 0, 0, 0x61, 0, 0, 0]), ("Parquet", Array("PAR1".utf8) + [0x15, 0, 0x15, 2]),
      ("bzip2", Array("BZh91AY".utf8)),
      ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]), ("zip", [0x50, 0x4B, 3, 4, 20, 0]), ("lz4", [4, 0x22, 0x4D, 0x18, 0]),
    ] as [(String, [UInt8])])
  func named(name: String, bytes: [UInt8]) {
    let reader = LineReader(Decompressor(source: pieces(bytes, of: 3)))
    let error = #expect(throws: IngestError.self) { try reader.next() }
    #expect(error?.reason.contains(name) == true, "\(error?.reason ?? "")")
    #expect(error?.isOfOneLine == false)
  }

  @Test(
    "every flight in the repository is an example of the pipeline that describes a network for them, and its ranges clip next to nothing"
  )
  func flights() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Pipelines")
    let yaml = try String(contentsOf: folder.appending(path: "network.yaml"), encoding: .utf8)
    let pipeline = try PipelineParser.parse(text: yaml, fileName: "network.yaml") { _ in nil }
    let harness = DecoderHarness(
      pipeline.schema, task: pipeline.model.task, recordBytesMax: pipeline.source.recordBytesMax)
    let handle = try FileHandle(forReadingFrom: folder.appending(path: "data/flights.jsonl.zst"))
    defer { try? handle.close() }
    let reader = LineReader(Decompressor { try handle.read(upToCount: 1 << 16).map { Array($0) } })
    var examples = 0
    var labelled = 0
    while let isExample = try reader.withNext({ harness.decoder.decode($0, into: harness.slot) == .example }) {
      examples += isExample ? 1 : 0
      labelled += harness.label.isNaN ? 0 : 1
    }
    #expect(examples == 250_698)
    #expect(labelled > 240_000 && labelled < examples)
    for counter in harness.decoder.counters {
      #expect(counter.clipped < 50, "\(counter)")
      #expect(counter.unknown == 0, "\(counter)")
    }
  }
}
