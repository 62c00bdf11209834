import Foundation
import Vocabulary

/// What the process that runs the local broker writes down for others: `run/broker.json`.
struct BrokerRecord: Codable, Sendable {
  enum Kind: String, Codable, Sendable { case apache, memory }

  let address: String
  let kind: Kind
  let processID: Int32

  private static func file(_ house: House) -> String { house.run + "/broker.json" }
  /// Held by the broker's process as long as it lives.
  static func lock(_ house: House) throws -> FileLock { try FileLock(house.run + "/broker.alive") }

  /// The broker that runs here now; nil: none.
  static func running(in house: House) throws -> BrokerRecord? {
    guard FileManager.default.fileExists(atPath: file(house)) else { return nil }
    let lock = try lock(house)
    if lock.tryLock(.shared) {
      lock.unlock()
      return nil
    }
    return (try? Data(contentsOf: URL(filePath: file(house)))).flatMap {
      try? JSONDecoder().decode(BrokerRecord.self, from: $0)
    }
  }

  func write(in house: House) throws {
    try JSONEncoder().encode(self).write(to: URL(filePath: Self.file(house)), options: .atomic)
  }

  static func remove(in house: House) { unlink(file(house)) }
}
