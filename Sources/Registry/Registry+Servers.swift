public import Foundation
import Postgres
public import Rollouts
import Vocabulary

/// What a server says of itself with each heartbeat.
public struct ServerReport: Sendable, Hashable {
  /// Unique for each start of a process.
  public let id: String
  public let address: String
  public let port: Int
  /// Where it answers Prometheus, as `host:port`.
  public var metricsAddress: String?
  /// The stable version that it serves; nil before the first.
  public var version: Int64?
  public var requests: Int64
  /// Requests answered with an error of ours.
  public var failures: Int64
  /// By version.
  public var outputs: [Int64: Outputs]
  /// How it deals requests to a canary; nil: it knows of none.
  public var split: Split?
  /// What became of those requests.
  public var answers: SplitAnswers?

  /// Keys, and requests without one, by who answered, since the canary has its share.
  public struct Split: Sendable, Hashable, Codable {
    public var version: Int64
    /// The canary's, above 0.
    public var share: Double
    public var canary: Int64
    public var stable: Int64

    public init(version: Int64, share: Double, canary: Int64 = 0, stable: Int64 = 0) {
      (self.version, self.share, self.canary, self.stable) = (version, share, canary, stable)
    }
  }

  public init(
    id: String, address: String, port: Int, metricsAddress: String? = nil, version: Int64? = nil, requests: Int64 = 0,
    failures: Int64 = 0, outputs: [Int64: Outputs] = [:], split: Split? = nil, answers: SplitAnswers? = nil
  ) {
    self.answers = answers
    self.split = split
    self.id = id
    self.address = address
    self.port = port
    self.metricsAddress = metricsAddress
    self.version = version
    self.requests = requests
    self.failures = failures
    self.outputs = outputs
  }
}

public struct ServerRecord: Sendable, Hashable, Codable {
  public let id: String
  public let address: String
  public let port: Int
  /// Where it answers Prometheus; nil: an older program, which does not say.
  public let metricsAddress: String?
  public let version: Int64?
  public let requests: Int64
  public let failures: Int64
  public let nonFinite: Int64
  /// nil: it knows of no canary.
  public let split: ServerReport.Split?
  /// What became of the requests that it deals; nil: it does not say.
  public let answers: SplitAnswers?
  public let startedAt: Date
  public let lastSeen: Date

  init(_ row: PostgresRow) throws {
    id = try row.value("id")
    address = try row.value("address")
    port = try row.value("port")
    metricsAddress = try row.optional("metrics_address")
    version = try row.optional("version")
    requests = try row.value("requests")
    failures = try row.value("failures")
    nonFinite = try row.value("non_finite")
    split = try (row.optional("split_version") as Int64?).flatMap { version in
      try (row.optional("split_share") as Double?).map { share in
        try ServerReport.Split(
          version: version, share: share, canary: row.value("split_canary"), stable: row.value("split_stable"))
      }
    }
    // Of a newer program they may be what this one cannot read.
    answers = try (row.optional("split_answers") as String?).flatMap { try? decodeJSON(SplitAnswers.self, from: $0) }
    startedAt = try row.value("started_at")
    lastSeen = try row.value("last_seen")
  }
}

extension Registry {
  /// Says that a server lives, where it is and what it has answered.
  public func reportServer(pipeline: Int64, _ report: ServerReport) async throws {
    try await transaction { session in
      let nonFinite = report.outputs.values.reduce(0) { $0 + $1.nonFinite }
      let rows = try session.query(
        """
        INSERT INTO servers (pipeline_id, id, address, port, version, requests, failures, non_finite, metrics_address,
          split_version, split_share, split_canary, split_stable, split_answers)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (pipeline_id, id) DO UPDATE SET address = EXCLUDED.address, port = EXCLUDED.port,
          metrics_address = EXCLUDED.metrics_address, version = EXCLUDED.version, requests = EXCLUDED.requests, failures = EXCLUDED.failures,
          non_finite = EXCLUDED.non_finite, split_version = EXCLUDED.split_version, split_share = EXCLUDED.split_share,
          split_canary = EXCLUDED.split_canary, split_stable = EXCLUDED.split_stable,
          split_answers = EXCLUDED.split_answers, last_seen = now()
        RETURNING xmax = 0 AS is_new
        """,
        [
          .int(pipeline), .text(report.id), .text(report.address), .integer(report.port), .maybe(report.version),
          .int(report.requests), .int(report.failures), .int(nonFinite), .maybe(report.metricsAddress),
          .maybe(report.split?.version), .maybe(report.split?.share), .int(report.split?.canary ?? 0),
          .int(report.split?.stable ?? 0), try report.answers.map { .jsonText(try encodeJSON($0)) } ?? .null,
        ])
      for (version, outputs) in report.outputs {
        try session.query(
          """
          INSERT INTO server_outputs (pipeline_id, server_id, version, requests, non_finite, errors, shed, latency,
            shadow_outputs, shadow_difference, shadow_failures, live)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
          ON CONFLICT (pipeline_id, server_id, version) DO UPDATE SET requests = EXCLUDED.requests,
            non_finite = EXCLUDED.non_finite, errors = EXCLUDED.errors, shed = EXCLUDED.shed,
            latency = EXCLUDED.latency, shadow_outputs = EXCLUDED.shadow_outputs,
            shadow_difference = EXCLUDED.shadow_difference, shadow_failures = EXCLUDED.shadow_failures,
            live = EXCLUDED.live
          """,
          [
            .int(pipeline), .text(report.id), .int(version), .int(outputs.requests), .int(outputs.nonFinite),
            .int(outputs.errors), .int(outputs.shed), .ints(outputs.latency), .int(outputs.shadowOutputs),
            .double(outputs.shadowDifference), .int(outputs.shadowFailures), .int(outputs.live),
          ])
      }
      // Heartbeats are no news; a new server and a non-finite output are.
      if try rows[0].value("is_new") || nonFinite > 0 { try session.announce(.server, pipeline: pipeline) }
    }
  }

  public func removeServer(pipeline: Int64, id: String) async throws {
    try await transaction { session in
      try session.query("DELETE FROM servers WHERE pipeline_id = $1 AND id = $2", [.int(pipeline), .text(id)])
      try session.announce(.server, pipeline: pipeline)
    }
  }

  /// The servers, by age.
  ///
  /// - Parameter silence: Only those seen within it; nil: all that are remembered.
  public func servers(pipeline: Int64, silence: Duration? = nil) async throws -> [ServerRecord] {
    try await perform { session in
      try session.query(
        """
        SELECT * FROM servers WHERE pipeline_id = $1
          AND ($2::double precision IS NULL OR last_seen > now() - make_interval(secs => $2))
        ORDER BY started_at, id
        """, [.int(pipeline), .maybe(silence?.seconds)]
      ).map(ServerRecord.init)
    }
  }
}
