import Postgres
import Vocabulary

/// That the stream is to be learned once more, until a run beside begins.
public struct RetrainWish: Sendable, Hashable {
  /// As `retrain --from` takes it.
  public var place: String
  public var actor: String
  public var reason: String
  /// As `retrain --set` takes it, as `model.activation=leaky_relu`; nil: by the file.
  public var setting: String?
  /// Layers whose dead units' biases are set back first, as `retrain --reset-bias` takes them; none: no layer's.
  public var resetBias: [String]

  public init(place: String, actor: String, reason: String, setting: String? = nil, resetBias: [String] = []) {
    (self.place, self.actor, self.reason) = (place, actor, reason)
    (self.setting, self.resetBias) = (setting, resetBias)
  }

  /// What is done otherwise than before, for the journal.
  var remedy: String? {
    setting.map { "with \($0.replacing("=", with: ": "))" }
      ?? (resetBias.isEmpty
        ? nil
        : "from the newest checkpoint, with the biases of dead units of \(resetBias.joined(separator: ", ")) at 0")
  }
}

extension Registry {
  /// Nothing happens where one is wished for already.
  public func wishRetrain(_ wish: RetrainWish, pipeline: Int64) async throws {
    try await transaction { session in
      let added = try session.query(
        """
        INSERT INTO retrain_wishes (pipeline_id, place, actor, reason, setting, reset_bias)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (pipeline_id) DO NOTHING
        """,
        [
          .int(pipeline), .text(wish.place), .text(wish.actor), .text(wish.reason), .maybe(wish.setting),
          .maybe(wish.resetBias.isEmpty ? nil : wish.resetBias.joined(separator: ",")),
        ])
      guard added.affected == 1 else { return }
      let how = wish.remedy.map { ", \($0)" } ?? ""
      _ = try session.openIncident(
        pipeline: pipeline,
        IncidentDraft(
          kind: "retrain_asked", severity: .notice,
          details: IncidentDraft.details([
            "reason": "the stream is learned once more\(how): \(wish.reason)", "by": wish.actor,
          ])))
    }
  }

  /// What is wished for and not begun; nil: nothing.
  public func retrainWish(pipeline: Int64) async throws -> RetrainWish? {
    try await perform { session in
      try session.query("SELECT * FROM retrain_wishes WHERE pipeline_id = $1", [.int(pipeline)]).first.map { row in
        let layers = try row.optional("reset_bias") as String?
        return RetrainWish(
          place: try row.value("place"), actor: try row.value("actor"), reason: try row.value("reason"),
          setting: try row.optional("setting"), resetBias: layers?.split(separator: ",").map(String.init) ?? [])
      }
    }
  }

  /// What was wished for turns out to be nothing that can be begun.
  public func dropRetrainWish(pipeline: Int64, because reason: String) async throws {
    try await transaction { session in
      let dropped = try session.query("DELETE FROM retrain_wishes WHERE pipeline_id = $1", [.int(pipeline)])
      guard dropped.affected == 1 else { return }
      _ = try session.openIncident(
        pipeline: pipeline,
        IncidentDraft(
          kind: "retrain_asked", severity: .notice,
          details: IncidentDraft.details(["reason": "nothing is learned once more: \(reason)"])))
    }
  }
}
