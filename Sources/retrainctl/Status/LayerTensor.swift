import Health

/// A tensor of a layer, as its sketch over a window has it.
struct LayerTensor: Encodable, Sendable {
  var layer: String
  /// As in `gradients`.
  var tensor: String
  var elements: Int64
  var zeroShare: Double
  var nonFinite: Int64
  /// Of the finite ones; nil: there are none.
  var minimum: Float?
  var maximum: Float?
  var mean: Double?
  var deviation: Double?
  /// Elements by sign and power of two, as activations have them: bucket 32 holds zero, 0 what is not finite.
  var buckets: [Int64]

  /// Those that were looked at.
  static func all(of health: LayerHealth) -> [LayerTensor] {
    (health.tensors?.all ?? []).filter { $0.sketch.count > 0 }.map { name, sketch in
      let isFinite = sketch.finite > 0
      return LayerTensor(
        layer: health.layer, tensor: name, elements: sketch.count, zeroShare: sketch.zeroFraction,
        nonFinite: sketch.nonFinite, minimum: isFinite ? sketch.minimum : nil, maximum: isFinite ? sketch.maximum : nil,
        mean: isFinite ? sketch.mean : nil, deviation: isFinite ? sketch.standardDeviation : nil,
        buckets: sketch.buckets)
    }
  }
}

extension TextTable {
  init(tensors: [LayerTensor], palette: Palette) {
    self.init(
      "layer", "tensor", ">elements", ">zeros", ">non-finite", ">least", ">most", ">mean", ">deviation")
    for tensor in tensors {
      add(
        tensor.layer, tensor.tensor, Wording.count(tensor.elements), Wording.percent(tensor.zeroShare),
        tensor.nonFinite == 0 ? "0" : palette.bad(Wording.count(tensor.nonFinite)),
        Wording.measure(tensor.minimum.map(Double.init)), Wording.measure(tensor.maximum.map(Double.init)),
        Wording.measure(tensor.mean), Wording.measure(tensor.deviation))
    }
  }
}
