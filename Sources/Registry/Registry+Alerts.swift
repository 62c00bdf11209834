public import Foundation
import Postgres
import Vocabulary

/// A receiver of alerts, and how it goes with it.
public struct AlertReceiverRecord: Sendable, Hashable, Codable {
  public let receiver: String
  /// When it last took a message; nil: never.
  public let sentAt: Date?
  /// Attempts since then that failed.
  public let failures: Int
  /// When the first of them was, and the last.
  public let failingSince, failedAt: Date?
  /// Why the last one failed, without a secret.
  public let reason: String?
  /// How many incidents waited for it then.
  public let waiting: Int64?

  init(_ row: PostgresRow) throws {
    receiver = try row.value("receiver")
    sentAt = try row.optional("sent_at")
    failures = try row.value("failures")
    failingSince = try row.optional("failing_since")
    failedAt = try row.optional("failed_at")
    reason = try row.optional("reason")
    waiting = try row.optional("waiting")
  }
}

/// An incident that a receiver may have to be told of.
public struct AlertRecord: Sendable, Hashable {
  public let incident: Int64
  public let kind: String
  public let severity: IncidentDraft.Severity
  /// It goes on until it is closed, rather than having happened in a moment.
  public let isLasting: Bool
  public let openedAt: Date
  public let closedAt: Date?
  /// Whether the receiver was told that it began.
  public let wasTold: Bool

  init(_ row: PostgresRow) throws {
    incident = try row.value("id")
    kind = try row.value("kind")
    severity = try IncidentDraft.Severity(row)
    isLasting = try row.value("is_trouble")
    openedAt = try row.value("opened_at")
    closedAt = try row.optional("closed_at")
    wasTold = try row.value("was_told")
  }
}

/// All that a receiver may have to be told of, at one moment of the database's clock.
public struct AlertView: Sendable {
  public let now: Date
  public let desiredState: DesiredState
  public let receiver: AlertReceiverRecord
  public let incidents: [AlertRecord]
  /// What happened in a moment before then was looked at; and how far that may be moved on now, nil: not yet.
  let momentsFrom: Date
  let momentsUpTo: Date?
}

/// What became of a message.
public struct AlertNote: Sendable, Hashable {
  /// Incidents of whose beginning it told.
  public var told: [Int64] = []
  /// Those of which nothing more is to be told; the others' end is.
  public var settled: [Int64] = []
  /// Whether the receiver took a message.
  public var wasSent = true

  public init(told: [Int64] = [], settled: [Int64] = [], wasSent: Bool = true) {
    self.told = told
    self.settled = settled
    self.wasSent = wasSent
  }
}

extension Registry {
  /// Of more than so many incidents at once the oldest wait for the next message.
  private static let alertsMax = 10_000
  /// What happened in a moment longer ago, and could not be told, is told no more.
  private static let momentsKept = 86_400.0
  /// An incident is seen once its transaction is over: what began to be written so long ago has been.
  private static let momentsMargin = 120.0

  /// The receivers that there are from now on; others are forgotten with what they were told.
  public func setAlertReceivers(_ receivers: [String], pipeline: Int64) async throws {
    try await transaction { session in
      try session.query(
        "DELETE FROM alert_receivers WHERE pipeline_id = $1 AND NOT receiver = ANY($2)",
        [.int(pipeline), .texts(receivers)])
      try session.query(
        "INSERT INTO alert_receivers (pipeline_id, receiver) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING",
        [.int(pipeline), .texts(receivers)])
    }
  }

  public func alertReceivers(pipeline: Int64) async throws -> [AlertReceiverRecord] {
    try await perform { session in
      try session.query("SELECT * FROM alert_receivers WHERE pipeline_id = $1 ORDER BY receiver", [.int(pipeline)])
        .map(AlertReceiverRecord.init)
    }
  }

  /// What a receiver may have to be told of: what goes on, what happened of late, and what it has not heard the end of.
  ///
  /// - Parameters:
  ///   - severities: Of what happened in a moment; of what goes on all are told, for one may be another's cause.
  ///   - kinds: The same; empty: all.
  /// - Returns: nil: nobody has made the receiver known.
  public func alertView(
    pipeline: Int64, receiver: String, severities: [IncidentDraft.Severity], kinds: [String]
  ) async throws -> AlertView? {
    try await transaction { session in
      let known = try session.query(
        """
        SELECT r.*, p.desired_state, clock_timestamp() AS read_at
        FROM alert_receivers r JOIN pipelines p ON p.id = r.pipeline_id WHERE r.pipeline_id = $1 AND r.receiver = $2
        """, [.int(pipeline), .text(receiver)])
      guard let row = known.first else { return nil }
      let state: String = try row.value("desired_state")
      let now: Date = try row.value("read_at")
      let from: Date = try row.value("moments_from")
      // The moment is a parameter of its own: so the planner sees how few incidents come after it.
      let rows = try session.query(
        """
        WITH wanted AS (
          SELECT id FROM incidents WHERE pipeline_id = $1 AND is_trouble AND closed_at IS NULL
          UNION
          SELECT id FROM incidents
          WHERE pipeline_id = $1 AND NOT is_trouble AND severity = ANY($3)
            AND (cardinality($4::text[]) = 0 OR kind = ANY($4)) AND opened_at > $5
          UNION
          SELECT incident_id FROM alert_deliveries WHERE pipeline_id = $1 AND receiver = $2 AND settled_at IS NULL
        )
        SELECT i.id, i.kind, i.severity, i.is_trouble, i.opened_at, i.closed_at, d.incident_id IS NOT NULL AS was_told
        FROM wanted w JOIN incidents i ON i.id = w.id
        LEFT JOIN alert_deliveries d ON d.pipeline_id = $1 AND d.receiver = $2 AND d.incident_id = i.id
        WHERE d.settled_at IS NULL
        ORDER BY i.is_trouble DESC, i.id DESC LIMIT $6
        """,
        [
          .int(pipeline), .text(receiver), .texts(severities.map(\.rawValue)), .texts(kinds),
          .time(max(from, now.addingTimeInterval(-Self.momentsKept))), .integer(Self.alertsMax),
        ])
      let incidents = try rows.map(AlertRecord.init)
      let waiting = incidents.filter { !$0.isLasting && !$0.wasTold }.map(\.openedAt).min()
      let margin = now.addingTimeInterval(-Self.momentsMargin)
      return AlertView(
        now: now, desiredState: DesiredState(rawValue: state) ?? .running, receiver: try AlertReceiverRecord(row),
        incidents: incidents, momentsFrom: from,
        momentsUpTo: rows.count < Self.alertsMax ? min(waiting?.addingTimeInterval(-1) ?? margin, margin) : nil)
    }
  }

  /// What happened in a moment, and is settled, is looked at no more, so that a day with many costs no look much.
  public func passMoments(of view: AlertView, pipeline: Int64) async throws {
    // Once a minute will do.
    guard let upTo = view.momentsUpTo, upTo.timeIntervalSince(view.momentsFrom) > 60 else { return }
    try await perform { session in
      _ = try session.query(
        """
        UPDATE alert_receivers SET moments_from = greatest(moments_from, $3) WHERE pipeline_id = $1 AND receiver = $2
        """, [.int(pipeline), .text(view.receiver.receiver), .time(upTo)])
    }
  }

  /// Takes the right to send a receiver one message, which lasts until `noteAlerts`, `noteAlertFailure` or `time` is over.
  ///
  /// - Parameter sentAt: When the receiver last took a message, as the caller knows: who knows it otherwise has looked too early.
  /// - Returns: False: somebody else sends, or has sent.
  /// - Throws: `fenced` when the lease is not held.
  public func claimAlerts(
    lease: LeaseToken, receiver: String, sentAt: Date?, for time: Duration
  ) async throws -> Bool {
    try await transaction { session in
      try session.verify(lease, pipeline: lease.pipeline)
      return try session.query(
        """
        UPDATE alert_receivers SET claimed_until = now() + make_interval(secs => $3)
        WHERE pipeline_id = $1 AND receiver = $2 AND (claimed_until IS NULL OR claimed_until <= now())
          AND sent_at IS NOT DISTINCT FROM $4
        """, [.int(lease.pipeline), .text(receiver), .double(time.seconds), .maybe(sentAt)]
      ).affected == 1
    }
  }

  /// A receiver has taken a message, or nothing more is to be told of some incidents. May be repeated.
  public func noteAlerts(pipeline: Int64, receiver: String, _ note: AlertNote) async throws {
    try await transaction { session in
      if note.wasSent {
        try session.query(
          """
          UPDATE alert_receivers SET sent_at = now(), claimed_until = NULL, failures = 0, failing_since = NULL,
            failed_at = NULL, reason = NULL, waiting = NULL
          WHERE pipeline_id = $1 AND receiver = $2
          """, [.int(pipeline), .text(receiver)])
      }
      // A receiver that was forgotten meanwhile, and an incident that was removed, are told nothing.
      try session.query(
        """
        INSERT INTO alert_deliveries (pipeline_id, receiver, incident_id)
        SELECT r.pipeline_id, r.receiver, i.id FROM alert_receivers r, incidents i
        WHERE r.pipeline_id = $1 AND r.receiver = $2 AND i.id = ANY($3) AND i.pipeline_id = $1
        ON CONFLICT DO NOTHING
        """, [.int(pipeline), .text(receiver), .ints(note.told)])
      try session.query(
        """
        UPDATE alert_deliveries SET settled_at = now()
        WHERE pipeline_id = $1 AND receiver = $2 AND incident_id = ANY($3) AND settled_at IS NULL
        """, [.int(pipeline), .text(receiver), .ints(note.settled)])
      // Longer ago than a moment may be told, so that nobody asks again.
      try session.query(
        """
        DELETE FROM alert_deliveries
        WHERE pipeline_id = $1 AND receiver = $2 AND settled_at < now() - 2 * make_interval(secs => $3)
        """, [.int(pipeline), .text(receiver), .double(Self.momentsKept)])
    }
  }

  /// A receiver did not take a message.
  ///
  /// - Parameters:
  ///   - reason: Without a secret.
  ///   - waiting: How many incidents wait for it.
  public func noteAlertFailure(pipeline: Int64, receiver: String, reason: String, waiting: Int) async throws {
    try await perform { session in
      _ = try session.query(
        """
        UPDATE alert_receivers SET claimed_until = NULL, failures = failures + 1,
          failing_since = coalesce(failing_since, now()), failed_at = now(), reason = $3, waiting = $4
        WHERE pipeline_id = $1 AND receiver = $2
        """, [.int(pipeline), .text(receiver), .text(reason), .integer(waiting)])
    }
  }

  /// The incidents of these numbers that there are, in no order.
  public func incidents(_ numbers: [Int64]) async throws -> [IncidentRecord] {
    try await perform { try $0.incidents("WHERE id = ANY($1)", [.ints(numbers)]) }
  }
}
