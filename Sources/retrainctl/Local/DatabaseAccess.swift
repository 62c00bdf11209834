import Foundation
import Postgres
import Vocabulary

/// The database of this process: the one that the environment names, or our share in the private cluster.
final class DatabaseAccess: Sendable {
  let uri: String
  /// Nil: somebody else's server.
  private let tenancy: Tenancy?
  private let directory: String

  private init(uri: String, tenancy: Tenancy?, directory: String) {
    self.uri = uri
    self.tenancy = tenancy
    self.directory = directory
  }

  var isPrivate: Bool { tenancy != nil }

  /// - Parameter creates: Whether to make a cluster where there is none; a command that only looks does not.
  static func enter(
    house: House = House(), environment: Environment = .process, creates: Bool,
    deadline: Deadline = .after(Tenancy.patience)
  ) throws -> DatabaseAccess {
    if let uri = environment.databaseURI { return DatabaseAccess(uri: uri, tenancy: nil, directory: "") }
    guard creates || exists(in: house) else {
      throw CommandFailure(
        .unavailable,
        "there is no database yet: RETRAIN_DATABASE_URL is not set, and nothing was started under \(house.root)")
    }
    let (tenancy, cluster) = try Tenancy.enter("postgres", in: house, deadline: deadline) {
      try PrivateCluster.start(directory: house.postgres, deadline: deadline)
    }
    return DatabaseAccess(uri: cluster.uri, tenancy: tenancy, directory: house.postgres)
  }

  /// Whether there is a database to look into, without making one.
  static var canEnter: Bool { Environment.process.databaseURI != nil || exists(in: House()) }

  /// Whether a private cluster was made here before.
  static func exists(in house: House) -> Bool {
    let content = (try? FileManager.default.contentsOfDirectory(atPath: house.postgres)) ?? []
    return !content.isEmpty
  }

  /// Leaves; the last one stops the private cluster.
  func leave() throws {
    try tenancy?.leave { try PrivateCluster.stop(directory: directory, deadline: .after(.seconds(30))) }
  }

  func keepRunning() throws { try tenancy?.keep(true) }

  /// Takes back what `keepRunning` asked for.
  static func dismiss(house: House = House()) throws -> Dismissal {
    guard exists(in: house) else { return .wasNotRunning }
    return try Tenancy.dismiss("postgres", in: house) {
      guard try PrivateCluster.running(directory: house.postgres) != nil else { return false }
      try PrivateCluster.stop(directory: house.postgres, deadline: .after(.seconds(30)))
      return true
    }
  }
}
