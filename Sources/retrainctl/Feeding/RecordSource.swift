import Foundation
import Ingest

/// The records of a file, one at a time.
final class RecordSource {
  private enum Reader {
    case lines(LineReader)
    case table(CSVReader)
  }
  private let reader: Reader
  /// Lines without a record that were passed over.
  private(set) var blankLines: Int64 = 0

  /// - Parameters:
  ///   - path: `-` is standard input.
  ///   - isCSV: Nil: the name says, `.gz` and `.zst` left out.
  init(path: String, isCSV: Bool?) throws {
    let file = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path)
    guard let file else { throw CommandFailure(.unavailable, "the file \(path) cannot be read") }
    let source = Decompressor {
      let chunk = try file.read(upToCount: Decompressor.chunkBytesMax) ?? Data()
      return chunk.isEmpty ? nil : [UInt8](chunk)
    }
    reader = isCSV ?? Self.isCSV(path) ? .table(CSVReader(source)) : .lines(LineReader(source))
  }

  private static func isCSV(_ path: String) -> Bool {
    var name = path.lowercased()
    for ending in [".gz", ".zst"] where name.hasSuffix(ending) { name.removeLast(ending.count) }
    return name.hasSuffix(".csv")
  }

  /// The next record; blank lines are passed over; nil at the end.
  func next() throws -> [UInt8]? {
    switch reader {
    case .table(let table): return try table.next()
    case .lines(let lines):
      while let line = try lines.next() {
        if !line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { return line }
        blankLines += 1
      }
      return nil
    }
  }
}
