import Foundation

/// A log file that another process writes, read from where we stopped.
struct LogTail {
  private let path: String
  private var offset: UInt64
  private var partial: [UInt8] = []

  /// Begins at the present end of the file: what earlier runs wrote is not news.
  init(_ path: String) {
    self.path = path
    let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64
    offset = size.flatMap { $0 } ?? 0
  }

  /// The complete lines that came since the last call; at most a megabyte a call.
  mutating func newLines() -> [String] {
    guard let file = FileHandle(forReadingAtPath: path) else { return [] }
    defer { try? file.close() }
    guard (try? file.seek(toOffset: offset)) != nil, let data = try? file.read(upToCount: 1 << 20), !data.isEmpty else {
      return []
    }
    offset += UInt64(data.count)
    partial += data
    guard let end = partial.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
    let lines = partial[..<end].split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    partial.removeFirst(end + 1)
    return lines
  }

  /// The last words of a process, where it said why it ends.
  static func lastComplaint(of path: String) -> String? {
    let lines = last(12, of: path).split(separator: "\n")
    return lines.last { $0.hasPrefix("retrainctl: ") || $0.contains("Fatal error: ") }
      .map { $0.hasPrefix("retrainctl: ") ? String($0.dropFirst("retrainctl: ".count)) : String($0) }
  }

  /// The last lines of a file, for a complaint.
  static func last(_ count: Int = 10, of path: String) -> String {
    guard let file = FileHandle(forReadingAtPath: path) else { return "(its log \(path) cannot be read)" }
    defer { try? file.close() }
    let size = (try? file.seekToEnd()) ?? 0
    try? file.seek(toOffset: size > 8192 ? size - 8192 : 0)
    let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
    return text.split(separator: "\n").suffix(count).joined(separator: "\n")
  }
}
