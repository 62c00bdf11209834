import Foundation
import Ingest
import Synchronization

/// The records of a file, one at a time.
final class RecordSource {
  private enum Reader {
    case lines(JSONReader)
    case table(CSVReader)
  }
  private let reader: Reader
  /// Read so far, of the file as it lies there.
  let bytesRead: ByteCount

  /// A count that another task may look at.
  final class ByteCount: Sendable {
    private let count = Atomic<Int64>(0)
    var value: Int64 { count.load(ordering: .relaxed) }
    func add(_ bytes: Int) { count.add(Int64(bytes), ordering: .relaxed) }
  }

  /// Small: what was read is not far ahead of what was handed out, so that its share of the file tells something.
  private static let chunkBytes = 32 << 10

  /// - Parameter isStrict: JSON Lines: a line that is no object is an error.
  init(_ file: FeedFile, table: CSVFormat, isStrict: Bool) throws {
    let handle = file.path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: file.path)
    guard let handle else { throw CommandFailure(.unavailable, "the file \(file.path) cannot be read") }
    let count = ByteCount()
    bytesRead = count
    let source = Decompressor {
      let chunk = try handle.read(upToCount: Self.chunkBytes) ?? Data()
      count.add(chunk.count)
      return chunk.isEmpty ? nil : [UInt8](chunk)
    }
    switch file.format {
    case .jsonLines: reader = .lines(JSONReader(source, isSure: file.isSure, isStrict: isStrict))
    case .table: reader = .table(CSVReader(source, format: table))
    }
  }

  /// Calls `body` with the next record and the line it begins on; nil at the end.
  func withNext<Result>(_ body: (UnsafeRawBufferPointer, Int) throws -> Result) throws -> Result? {
    switch reader {
    case .lines(let lines): try lines.withNext(body)
    case .table(let table): try table.withNext(body)
    }
  }

  /// The columns of a table; nil: no table. Empty: not even a header.
  func columns() throws -> [String]? {
    switch reader {
    case .lines: nil
    case .table(let table): try table.columnNames()
    }
  }

  var blankLines: Int64 {
    switch reader {
    case .lines(let lines): lines.blankLines
    case .table(let table): table.blankLines
    }
  }

  var commentLines: Int64 {
    switch reader {
    case .lines: 0
    case .table(let table): table.commentLines
    }
  }

  /// What a person should know of the file, once it was read; a sentence each.
  var notes: [String] {
    switch reader {
    case .table(let table): table.notes
    case .lines(let lines):
      lines.oddities.map {
        $0.count == 1
          ? "line \($0.firstLine) is \($0.reason): published as it is, for the reader to reject; --skip-bad leaves it out"
          : "\(Wording.count($0.count)) lines, of which line \($0.firstLine) is the first, are \($0.reason): published as they "
            + "are, for the reader to reject; --skip-bad leaves them out"
      }
    }
  }
}
