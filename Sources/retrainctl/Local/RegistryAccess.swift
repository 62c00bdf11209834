import Foundation
import Registry
import Vocabulary

/// The registry of one command, with the database behind it.
struct RegistryAccess: Sendable {
  let database: DatabaseAccess
  let registry: Registry

  /// - Parameter creates: Whether to make a private cluster where there is none, and to migrate.
  static func open(for purpose: String, creates: Bool = false) async throws -> RegistryAccess {
    let database = try DatabaseAccess.enter(creates: creates)
    do {
      let registry = try await Registry.open(
        at: database.location, applicationName: "retrainctl \(purpose)", deadline: .after(.seconds(15)))
      if creates { try await registry.migrate() }
      return RegistryAccess(database: database, registry: registry)
    } catch {
      try? database.leave()
      throw error
    }
  }

  func close() async throws {
    await registry.close()
    try database.leave()
  }
}

/// Runs `body` with the registry and leaves the database afterwards, Ctrl-C included.
func withRegistry<Result>(
  for purpose: String, creates: Bool = false, _ body: (Registry) async throws -> Result
) async throws -> Result {
  let access = try await RegistryAccess.open(for: purpose, creates: creates)
  let signals = StopSignals { _ in
    // Nothing here is half done: what was asked of the database is one transaction.
    try? access.database.leave()
    exit(130)
  }
  defer { signals.cancel() }
  do {
    let result = try await body(access.registry)
    try await access.close()
    return result
  } catch {
    try? await access.close()
    throw error
  }
}
