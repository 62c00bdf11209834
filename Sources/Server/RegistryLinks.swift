import Registry
import Vocabulary

/// The connections to the registry that the models of one server share: opened by the first that needs them, closed by the
/// last that had them.
actor RegistryLinks {
  /// Looks come every second: one that takes longer than this is given up. A state may take its time.
  private static let patience = Duration.seconds(3)

  private let database: DatabaseLocation
  private let applicationName: String
  private var open: (registry: Registry, reports: Registry)?
  private var users = 0

  init(database: DatabaseLocation, applicationName: String) {
    self.database = database
    self.applicationName = applicationName
  }

  /// - Returns: One for looks and states, and one for reports: a look, which a rollback waits for, never waits for a report to
  ///   be on the disk.
  /// - Throws: `RegistryError`; then nothing was taken.
  func take() async throws -> (registry: Registry, reports: Registry) {
    if let open {
      users += 1
      return open
    }
    let made = try await connect()
    // Another model may have been faster.
    if let open {
      users += 1
      await made.registry.close()
      await made.reports.close()
      return open
    }
    (open, users) = (made, 1)
    return made
  }

  func giveBack() async {
    users -= 1
    guard users == 0, let last = open else { return }
    open = nil
    await last.registry.close()
    await last.reports.close()
  }

  private func connect() async throws -> (registry: Registry, reports: Registry) {
    let registry = try await connect(applicationName)
    do { return (registry, try await connect(applicationName + " (reports)")) } catch {
      await registry.close()
      throw error
    }
  }

  private func connect(_ name: String) async throws -> Registry {
    try await Registry.open(at: database, applicationName: name, deadline: .after(Self.patience)).within(Self.patience)
  }
}
