import Foundation
import Postgres
import Vocabulary

/// Something in the registry has changed: read it again. Sent when the change is visible, not before.
public struct RegistryChange: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case pipeline, member, generation, checkpoint, version, incident, server
    /// The connection was away for a while: anything may have changed.
    case reconnected
  }

  public let pipeline: Int64
  public let kind: Kind
  /// Of the generation, checkpoint, version or incident.
  public let number: Int64?

  public init(pipeline: Int64, kind: Kind, number: Int64? = nil) {
    self.pipeline = pipeline
    self.kind = kind
    self.number = number
  }

  static let channel = "retrain"
}

extension PostgresSession {
  /// Tells every listener, once the transaction is committed.
  func announce(_ kind: RegistryChange.Kind, pipeline: Int64, number: Int64? = nil) throws {
    let change = RegistryChange(pipeline: pipeline, kind: kind, number: number)
    try query(
      "SELECT pg_notify($1, $2)", [.text(RegistryChange.channel), .text(encodeJSON(change))])
  }
}

/// Where a stream of changes gets its connection.
struct ChangeSource: Sendable {
  let location: DatabaseLocation
  let applicationName: String
}

extension Registry {
  /// The changes of a pipeline from now on, over a connection of their own; nil: of every pipeline.
  ///
  /// The stream goes on until its task is cancelled or it is dropped. When the connection was lost, `reconnected` comes
  /// first.
  public func notifications(pipeline: Int64? = nil) async throws -> AsyncStream<RegistryChange> {
    let feed = ChangeFeed(source, pipeline: pipeline)
    try await feed.open(deadline: .after(patience))
    return AsyncStream { await feed.next() }
  }
}

extension Registry {
  /// Tells of the changes of a pipeline until the task is cancelled, whatever becomes of the connection, which is one of its own.
  /// `reconnected` comes first.
  public func eachChange(
    of pipeline: Int64, among kinds: Set<RegistryChange.Kind>, _ body: @Sendable (RegistryChange) -> Void
  ) async {
    let feed = ChangeFeed(source, pipeline: pipeline)
    while !Task.isCancelled, let change = await feed.next() {
      if kinds.contains(change.kind) || change.kind == .reconnected { body(change) }
    }
    await feed.close()
  }
}

private actor ChangeFeed {
  private let connection: PostgresConnection
  private let location: DatabaseLocation
  private let pipeline: Int64?
  private var pending: [RegistryChange] = []
  private var failures = 0

  init(_ source: ChangeSource, pipeline: Int64?) {
    connection = PostgresConnection(applicationName: source.applicationName)
    location = source.location
    self.pipeline = pipeline
  }

  func open(deadline: Deadline) async throws {
    do { try await listen(deadline: deadline) } catch let error as PostgresError { throw RegistryError(error) }
  }

  /// True when this made a new session.
  @discardableResult
  private func listen(deadline: Deadline) async throws -> Bool {
    guard try await connection.reopen(at: location.address(), deadline: deadline) else { return false }
    try await connection.perform(deadline: deadline) { try $0.listen(RegistryChange.channel) }
    return true
  }

  func next() async -> RegistryChange? {
    while !Task.isCancelled {
      if !pending.isEmpty { return pending.removeFirst() }
      do {
        if try await listen(deadline: .after(.seconds(3))) {
          pending.append(RegistryChange(pipeline: pipeline ?? 0, kind: .reconnected))
        }
        let arrived = try await connection.perform { try $0.notifications(waitingUpTo: .milliseconds(100)) }
        failures = 0
        for notification in arrived {
          let change = try? JSONDecoder().decode(RegistryChange.self, from: Data(notification.payload.utf8))
          if let change, pipeline == nil || change.pipeline == pipeline { pending.append(change) }
        }
      } catch {
        failures += 1
        try? await Task.sleep(for: .milliseconds(min(2000, 50 << min(failures, 5))))
      }
    }
    await connection.close()
    return nil
  }

  func close() async { await connection.close() }
}
