import Foundation
import Pipelines

/// A file to feed, as far as its name and kind tell, before anything is read or published.
struct FeedFile: Sendable {
  enum Format: Sendable { case jsonLines, table }

  /// `-` is standard input.
  let path: String
  let format: Format
  /// Whether the format was said, not guessed from the name.
  let isSure: Bool
  /// As it lies there, compressed or not; nil: not known before its end.
  let bytes: Int64?

  /// Whether it holds less than a partition of the broker in memory, with room for what unpacks to many times its size.
  var isSmall: Bool { bytes.map { $0 < (Self.ending(path).isCompressed ? 300_000 : 4_000_000) } ?? false }

  /// How messages name it.
  var name: String { path == "-" ? "standard input" : path }

  /// - Parameter format: Nil: the name says, what compression adds to it left out.
  /// - Throws: A failure that says what to do: nothing there, a folder, a name that does not tell the format.
  init(_ path: String, format: Format?) throws {
    self.path = path
    isSure = format != nil
    guard path != "-" else {
      self.format = format ?? .jsonLines
      bytes = nil
      return
    }
    var facts = stat()
    guard stat(path, &facts) == 0 else { throw Self.failure(path, errno) }
    switch facts.st_mode & S_IFMT {
    case S_IFDIR:
      throw CommandFailure(
        .usage, "\(path) is a folder: name the files in it, as with 'retrainctl feed \(path)/*.jsonl …'")
    case S_IFREG:
      guard access(path, R_OK) == 0 else { throw Self.failure(path, errno) }
      bytes = Int64(facts.st_size)
      self.format = try format ?? Self.format(of: path)
      if self.format == .table, Self.beginsWithBrace(path) {
        throw CommandFailure(
          .usage,
          "\(path) looks like JSON, not CSV: "
            + (format == nil ? "say --format jsonl, or rename it" : "leave --format csv out, or say --format jsonl"))
      }
    default:
      // A pipe or a device: read to its end, like standard input.
      bytes = nil
      self.format = format ?? Self.known(path) ?? .jsonLines
    }
  }

  /// No header of a table begins so.
  private static func beginsWithBrace(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path) else { return false }
    defer { try? file.close() }
    let head = (try? file.read(upToCount: 256)) ?? Data()
    let start = head.drop { [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }
    return start.first == UInt8(ascii: "{") && start.dropFirst().contains(UInt8(ascii: ":"))
  }

  private static let jsonEndings: Set<String> = [
    "jsonl", "ndjson", "json", "jsonlines", "ldjson", "json-seq", "jsonseq",
  ]
  private static let tableEndings: Set<String> = ["csv", "tsv", "tab", "psv"]
  /// What is read, and what is told by its first bytes that it is not.
  private static let compressedEndings = unreadEndings.union(["gz", "gzip", "zst", "zstd"])
  private static let unreadEndings: Set<String> = ["bz2", "xz", "zip", "7z", "lz4", "z"]

  private static func ending(_ path: String) -> (bare: String, isCompressed: Bool) {
    var parts = path.split(separator: "/").last.map { $0.lowercased().split(separator: ".").map(String.init) } ?? []
    let isCompressed = parts.count > 1 && compressedEndings.contains(parts[parts.count - 1])
    if isCompressed { parts.removeLast() }
    return (parts.count > 1 ? parts[parts.count - 1] : "", isCompressed)
  }

  private static func known(_ path: String) -> Format? {
    let bare = ending(path).bare
    return jsonEndings.contains(bare) ? .jsonLines : tableEndings.contains(bare) ? .table : nil
  }

  private static func format(of path: String) throws -> Format {
    if let format = known(path) { return format }
    let (bare, _) = ending(path)
    if ["yaml", "yml"].contains(bare) {
      throw CommandFailure(
        .usage, "\(path) is a pipeline by its name, not records: 'retrainctl feed FILE --pipeline \(path)'")
    }
    if ["parquet", "avro", "orc", "xlsx", "xls", "arrow", "feather", "h5", "sqlite"].contains(bare) {
      throw CommandFailure(.usage, "\(path): .\(bare) files are not read; write the records as JSON Lines or CSV")
    }
    let last = URL(filePath: path).pathExtension.lowercased()
    if unreadEndings.contains(last) {
      throw CommandFailure(.usage, "\(path): .\(last) files are not read; unpack it, or compress it as .gz or .zst")
    }
    throw CommandFailure(
      .usage,
      "\(path): \(bare.isEmpty ? "the name" : ".\(bare)") does not tell what the file holds; say --format jsonl or --format csv"
    )
  }

  private static func failure(_ path: String, _ code: Int32) -> CommandFailure {
    switch code {
    case ENOENT, ENOTDIR:
      let url = URL(filePath: path)
      let there = (try? FileManager.default.contentsOfDirectory(atPath: url.deletingLastPathComponent().path)) ?? []
      let near = nearest(to: url.lastPathComponent, among: there).map { "; there is \($0)" } ?? ""
      return CommandFailure(.unavailable, "the file \(path) does not exist\(near)")
    case EACCES: return CommandFailure(.unavailable, "the file \(path) may not be read by this user")
    default: return CommandFailure(.unavailable, "the file \(path) cannot be read: \(String(cString: strerror(code)))")
    }
  }
}
