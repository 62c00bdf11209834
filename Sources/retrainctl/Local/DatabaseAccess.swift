import Foundation
import Postgres
import Registry
import Vocabulary

/// The database of this process: the one that the environment names, or our share in the private cluster.
final class DatabaseAccess: Sendable {
  /// As it was when we entered.
  let uri: String
  /// The same without a password, for people: `psql` takes that of a private cluster as it stands.
  let shownURI: String
  /// Nil: somebody else's server.
  private let tenancy: Tenancy?
  private let directory: String

  private init(uri: String, shownURI: String, tenancy: Tenancy?, directory: String) {
    self.uri = uri
    self.shownURI = shownURI
    self.tenancy = tenancy
    self.directory = directory
  }

  /// Where it is: a private cluster that was started again may be elsewhere.
  var location: DatabaseLocation {
    guard isPrivate else { return DatabaseLocation(uri: uri) }
    return DatabaseLocation { [uri, directory] in (try PrivateCluster.running(directory: directory))?.uri ?? uri }
  }

  var isPrivate: Bool { tenancy != nil }

  /// - Parameter creates: Whether to make a cluster where there is none; a command that only looks does not.
  static func enter(
    house: House = House(), environment: Environment = .process, creates: Bool,
    deadline: Deadline = .after(Tenancy.patience)
  ) throws -> DatabaseAccess {
    if let uri = environment.databaseURI {
      guard (try? PostgresAddress(uri)) != nil else {
        throw CommandFailure(
          .usage,
          "RETRAIN_DATABASE_URL is no address that libpq understands: write postgresql://user:password@host:5432/database, "
            + "or host=… user=… dbname=…")
      }
      return DatabaseAccess(uri: uri, shownURI: MaskedURI(uri).text, tenancy: nil, directory: "")
    }
    guard creates || exists(in: house) else {
      throw CommandFailure(
        .unavailable,
        "there is no database yet: RETRAIN_DATABASE_URL is not set, and nothing was started under \(house.root)")
    }
    let (tenancy, cluster) = try Tenancy.enter("postgres", in: house, deadline: deadline) {
      try start(house.postgres, deadline)
    }
    return DatabaseAccess(
      uri: cluster.uri, shownURI: cluster.shownURI, tenancy: tenancy, directory: house.postgres)
  }

  private static func start(_ directory: String, _ deadline: Deadline) throws -> PrivateCluster {
    let cluster = try PrivateCluster.start(directory: directory, deadline: deadline)
    if let notice = cluster.notice { Console.complain(notice) }
    return cluster
  }

  /// Whether the private cluster's server is there.
  var isRunning: Bool { (try? PrivateCluster.running(directory: directory)) != nil }

  /// Starts the private cluster's server, which is gone. Blocks.
  func startAgain() throws {
    try tenancy?.again(deadline: .after(Tenancy.patience)) { _ = try Self.start(directory, .after(.seconds(60))) }
  }

  /// Whether entering starts a server: nobody else's is named, and ours does not run.
  static func willStart(in house: House) -> Bool {
    Environment.process.databaseURI == nil && (try? PrivateCluster.running(directory: house.postgres))?.uri == nil
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
