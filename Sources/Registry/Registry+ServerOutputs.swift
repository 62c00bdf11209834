import Postgres
import Vocabulary

extension ServerReport {
  /// Upper bounds in seconds of the buckets that answers are counted in by how long they took; one more holds the rest. Counts
  /// lie in the tables by their place here: it stays as it is.
  public static let latencyBounds: [Double] = [
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
  ]

  /// What became of one version's answers, counted since the server started.
  public struct Outputs: Sendable, Hashable, Codable {
    /// Requests that it predicted for.
    public var requests: Int64
    /// Outputs that were NaN or infinite; none of them was sent.
    public var nonFinite: Int64
    /// Requests that it failed at, those among them.
    public var errors: Int64 = 0
    /// Requests turned away because nothing was free to answer them.
    public var shed: Int64 = 0
    /// Answers by how long they took, in the buckets of `latencyBounds`; empty: an older server, which does not say.
    public var latency: [Int64] = []
    /// Numbers that it computed beside the stable version's …
    public var shadowOutputs: Int64 = 0
    /// … how far they were away from them, added up …
    public var shadowDifference = 0.0
    /// … and requests that it failed at while the stable version answered them.
    public var shadowFailures: Int64 = 0
    /// Requests that fell to it by the split, and that it answered or computed beside the stable version.
    public var live: Int64 = 0

    public init(requests: Int64 = 0, nonFinite: Int64 = 0) {
      self.requests = requests
      self.nonFinite = nonFinite
    }

    /// nil: it never computed beside another.
    public var meanShadowDifference: Double? {
      shadowOutputs > 0 ? shadowDifference / Double(shadowOutputs) : nil
    }

    public mutating func add(_ other: Outputs) {
      requests += other.requests
      nonFinite += other.nonFinite
      errors += other.errors
      shed += other.shed
      for (place, count) in other.latency.enumerated() { addLatency(count, place) }
      shadowOutputs += other.shadowOutputs
      shadowDifference += other.shadowDifference
      shadowFailures += other.shadowFailures
      live += other.live
    }

    mutating func addLatency(_ count: Int64, _ place: Int) {
      while latency.count <= place { latency.append(0) }
      latency[place] += count
    }

    /// Seconds within which that part of the answers was given, as far as the buckets tell: a bucket's upper bound; nil:
    /// nobody says, or it took longer than the last bound.
    public func latency(quantile part: Double) -> Double? {
      let all = latency.reduce(0, +)
      guard all > 0 else { return nil }
      var sum: Int64 = 0
      for (place, count) in latency.enumerated() {
        sum += count
        guard Double(sum) >= part * Double(all) else { continue }
        return place < latencyBounds.count ? latencyBounds[place] : nil
      }
      return nil
    }
  }
}

extension Registry {
  /// What became of each version's answers, over all servers there ever were.
  ///
  /// - Parameter versions: nil: of all.
  public func serverOutputs(
    pipeline: Int64, versions: [Int64]? = nil
  ) async throws -> [Int64: ServerReport.Outputs] {
    try await perform { session in
      let rows = try session.query(
        """
        SELECT version, sum(requests)::bigint AS requests, sum(non_finite)::bigint AS non_finite,
          sum(errors)::bigint AS errors, sum(shed)::bigint AS shed, sum(shadow_outputs)::bigint AS shadow_outputs,
          sum(shadow_difference)::double precision AS shadow_difference,
          sum(shadow_failures)::bigint AS shadow_failures, sum(live)::bigint AS live
        FROM server_outputs WHERE pipeline_id = $1 AND ($2::bigint[] IS NULL OR version = ANY($2)) GROUP BY version
        """, [.int(pipeline), versions.map { .ints($0) } ?? .null])
      var found: [Int64: ServerReport.Outputs] = [:]
      for index in 0..<rows.count {
        let row = rows[index]
        var outputs = ServerReport.Outputs(
          requests: try row.value("requests"), nonFinite: try row.value("non_finite"))
        outputs.errors = try row.value("errors")
        outputs.shed = try row.value("shed")
        outputs.shadowOutputs = try row.value("shadow_outputs")
        outputs.shadowDifference = try row.value("shadow_difference")
        outputs.shadowFailures = try row.value("shadow_failures")
        outputs.live = try row.value("live")
        found[try row.value("version")] = outputs
      }
      let buckets = try session.query(
        """
        SELECT version, place, sum(count)::bigint AS count
        FROM server_outputs, unnest(latency) WITH ORDINALITY AS bucket (count, place)
        WHERE pipeline_id = $1 AND place <= $2 AND ($3::bigint[] IS NULL OR version = ANY($3))
        GROUP BY version, place ORDER BY version, place
        """,
        [.int(pipeline), .integer(ServerReport.latencyBounds.count + 1), versions.map { .ints($0) } ?? .null])
      for index in 0..<buckets.count {
        let row = buckets[index]
        let place: Int64 = try row.value("place")
        found[try row.value("version")]?.addLatency(try row.value("count"), Int(place) - 1)
      }
      return found
    }
  }
}
