import Foundation

/// The supervisor of a pipeline on this machine: a lock that it holds as long as it lives, and its facts.
struct RunRecord: Codable, Sendable {
  let processID: Int32
  let startedAt: Date

  private static func file(_ pipeline: String, _ house: House) -> String { "\(house.run)/pipeline.\(pipeline).json" }

  var sentence: String { "process \(processID), since \(startedAt.ISO8601Format())" }

  static func lock(_ pipeline: String, in house: House) throws -> FileLock {
    try house.prepare()
    return try FileLock("\(house.run)/pipeline.\(pipeline).lock")
  }

  /// The supervisor that runs `pipeline` here now; nil: none.
  static func running(_ pipeline: String, in house: House) throws -> RunRecord? {
    let path = file(pipeline, house)
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let lock = try lock(pipeline, in: house)
    if lock.tryLock(.shared) {
      lock.unlock()
      return nil
    }
    let decoder = JSONDecoder()
    return (try? Data(contentsOf: URL(filePath: path))).flatMap { try? decoder.decode(RunRecord.self, from: $0) }
  }

  func write(_ pipeline: String, in house: House) throws {
    try JSONEncoder().encode(self).write(to: URL(filePath: Self.file(pipeline, house)), options: .atomic)
  }

  static func remove(_ pipeline: String, in house: House) { unlink(file(pipeline, house)) }
}
