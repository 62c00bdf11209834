import Foundation
import Vocabulary

/// Our share in a local service (the private cluster, the local broker) that several processes use.
///
/// Whoever comes first starts it, whoever leaves last stops it. The share is a shared lock on a file: a process that is
/// killed gives it up too, and the next one to leave finds itself the last. Starting and stopping happen under a second
/// lock, the gate, so that nobody enters a service that is being stopped.
final class Tenancy: Sendable {
  private let share: FileLock
  private let gate: FileLock
  /// While it exists, the service stays when the last tenant leaves: what `dev up` asks for.
  private let keepMark: String

  static let patience = Duration.seconds(90)

  private init(house: House, service: String) throws {
    try house.prepare()
    share = try FileLock("\(house.run)/\(service).share")
    gate = try FileLock("\(house.run)/\(service).gate")
    keepMark = "\(house.run)/\(service).keep"
  }

  /// Enters a service, which `start` starts or attaches to.
  static func enter<Service>(
    _ service: String, in house: House, deadline: Deadline, start: () throws -> Service
  ) throws -> (Tenancy, Service) {
    let tenancy = try Tenancy(house: house, service: service)
    try tenancy.gate.lock(.exclusive, deadline: deadline)
    defer { tenancy.gate.unlock() }
    try tenancy.share.lock(.shared, deadline: deadline)
    do {
      return (tenancy, try start())
    } catch {
      tenancy.share.unlock()
      throw error
    }
  }

  /// Starts a service again that has gone while we were in it.
  func again(deadline: Deadline, start: () throws -> Void) throws {
    try gate.lock(.exclusive, deadline: deadline)
    defer { gate.unlock() }
    try start()
  }

  /// Leaves; `stop` runs when nobody else is there and nobody asked for the service to stay.
  func leave(deadline: Deadline = .after(patience), stop: () throws -> Void) throws {
    try gate.lock(.exclusive, deadline: deadline)
    defer { gate.unlock() }
    defer { share.unlock() }
    guard !isKept, share.tryLock(.exclusive) else { return }
    try stop()
  }

  var isKept: Bool { FileManager.default.fileExists(atPath: keepMark) }

  func keep(_ isKept: Bool) throws {
    if isKept {
      try Data().write(to: URL(filePath: keepMark))
    } else if self.isKept {
      try FileManager.default.removeItem(atPath: keepMark)
    }
  }

  /// Takes the mark away that lets a service stay, and stops it unless somebody is in it.
  ///
  /// - Parameter stop: Stops it; false: it was not running.
  static func dismiss(_ service: String, in house: House, stop: () throws -> Bool) throws -> Dismissal {
    let tenancy = try Tenancy(house: house, service: service)
    try tenancy.gate.lock(.exclusive, deadline: .after(patience))
    defer { tenancy.gate.unlock() }
    try tenancy.keep(false)
    guard tenancy.share.tryLock(.exclusive) else { return .stillUsed }
    defer { tenancy.share.unlock() }
    return try stop() ? .stopped : .wasNotRunning
  }
}

/// What became of a service that nobody keeps any longer.
enum Dismissal: String, Codable, Sendable {
  case stopped
  /// Others are in it; the last of them stops it.
  case stillUsed = "still_used"
  case wasNotRunning = "was_not_running"
}
