public import Health
import Postgres

extension PostgresSession {
  /// Stores a layer's health: the figures to ask for, and the exact sketch beside them.
  func insertLayer(_ layer: LayerHealth, position: Int, checkpoint: Int64) throws {
    var sketch: [UInt8] = []
    [layer].encode(into: &sketch)
    let activations = layer.sketch
    let hasRange = activations.finite > 0
    try query(
      """
      INSERT INTO layer_health (checkpoint_id, position, layer, steps, count, zero_fraction, saturated_fraction,
        non_finite, dead_units, units, minimum, maximum, mean, standard_deviation, gradient_norm, update_ratio,
        weight_norm, histogram, sketch)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
      """,
      [
        .int(checkpoint), .integer(position), .text(layer.layer), .int(layer.steps), .int(activations.count),
        .double(activations.zeroFraction), .double(activations.saturatedFraction), .int(activations.nonFinite),
        .integer(activations.deadUnits), .integer(activations.unitActivity.count),
        .maybe(hasRange ? Double(activations.minimum).ifFinite : nil),
        .maybe(hasRange ? Double(activations.maximum).ifFinite : nil),
        .maybe(hasRange ? activations.mean.ifFinite : nil),
        .maybe(hasRange ? activations.standardDeviation.ifFinite : nil),
        .maybe(layer.gradientNorm?.ifFinite), .maybe(layer.updateRatio?.ifFinite), .maybe(layer.weightNorm.ifFinite),
        .ints(activations.buckets), .bytes(sketch),
      ])
  }
}

extension Registry {
  /// The health of a checkpoint's layers, in the model's order.
  public func layerHealth(checkpoint id: Int64) async throws -> [LayerHealth] {
    try await perform { session in
      try session.query(
        "SELECT sketch FROM layer_health WHERE checkpoint_id = $1 ORDER BY position", [.int(id)]
      ).map { row in
        unsafe try row.withBytes("sketch") { bytes in
          do { return unsafe try [LayerHealth].decode(from: bytes) } catch {
            throw RegistryError(.damaged, "a layer's sketch of checkpoint \(id) cannot be read")
          }
        }
      }.flatMap { $0 }
    }
  }
}
