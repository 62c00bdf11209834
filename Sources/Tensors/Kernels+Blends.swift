import CKernels

/// Element-wise ways in which layers meet. Shapes are told in CKernels.h, beside each kernel of the same name.
extension Kernels {
  package func rmsNorm(
    rows: Int, units: Int, z: Rows, gain: UnsafePointer<Float>, normalized: UnsafeMutablePointer<Float>,
    inverseRoot: UnsafeMutablePointer<Float>
  ) {
    z.check(rows, units)
    table.pointee.rms_norm(Int64(rows), Int64(units), z.pointer, Int64(z.stride), gain, normalized, inverseRoot)
  }

  package func rmsNormBackward(
    rows: Int, units: Int, dz: Rows, gain: UnsafePointer<Float>, normalized: UnsafePointer<Float>,
    inverseRoot: UnsafePointer<Float>, gainGradient: UnsafeMutablePointer<Float>, sums: UnsafeMutablePointer<Float>
  ) {
    dz.check(rows, units)
    table.pointee.rms_norm_backward(
      Int64(rows), Int64(units), dz.pointer, Int64(dz.stride), gain, normalized, inverseRoot, gainGradient, sums)
  }

  /// Drops units with the probability that `DropoutRate` holds; the same call again on the way back.
  package func dropout(rows: Int, units: Int, y: Rows, keys: UnsafePointer<UInt64>, salt: UInt64, rate: DropoutRate) {
    y.check(rows, units)
    table.pointee.dropout(
      Int64(rows), Int64(units), y.pointer, Int64(y.stride), keys, salt, rate.threshold, rate.scale)
  }

  /// y += x.
  package func add(rows: Int, units: Int, _ x: Rows, to y: Rows) {
    x.check(rows, units)
    y.check(rows, units)
    table.pointee.add_rows(Int64(rows), Int64(units), x.pointer, Int64(x.stride), y.pointer, Int64(y.stride))
  }

  /// y = x₀ ⊙ u + x.
  package func cross(rows: Int, units: Int, x0: Rows, u: Rows, x: Rows, y: Rows) {
    x0.check(rows, units)
    u.check(rows, units)
    x.check(rows, units)
    y.check(rows, units)
    precondition(u.stride == y.stride)
    table.pointee.cross_rows(
      Int64(rows), Int64(units), x0.pointer, Int64(x0.stride), u.pointer, x.pointer, y.pointer, Int64(y.stride),
      Int64(x.stride))
  }

  /// du = dy ⊙ x₀ and dx₀ += dy ⊙ u.
  package func crossBackward(
    rows: Int, units: Int, dy: Rows, x0: Rows, u: Rows, du: Rows, dx0: Rows, sums: UnsafeMutablePointer<Float>
  ) {
    dy.check(rows, units)
    x0.check(rows, units)
    u.check(rows, units)
    du.check(rows, units)
    dx0.check(rows, units)
    precondition(u.stride == dy.stride && du.stride == dy.stride && dx0.stride == dy.stride)
    table.pointee.cross_backward(
      Int64(rows), Int64(units), dy.pointer, x0.pointer, Int64(x0.stride), u.pointer, du.pointer, dx0.pointer,
      Int64(dy.stride), sums)
  }

  /// sum = Σ v and pooled = ½·((Σ v)² − Σ v²) over fields of `width` columns side by side.
  package func pairs(rows: Int, fields: Int, width: Int, x: Rows, sum: Rows, pooled: Rows) {
    x.check(rows, fields * width)
    sum.check(rows, width)
    pooled.check(rows, width)
    precondition(sum.stride == pooled.stride)
    table.pointee.pair_rows(
      Int64(rows), Int64(fields), Int64(width), x.pointer, Int64(x.stride), sum.pointer, pooled.pointer,
      Int64(sum.stride))
  }

  /// dx += dpooled ⊙ (sum − v), field by field.
  package func pairsBackward(rows: Int, fields: Int, width: Int, x: Rows, sum: Rows, dpooled: Rows, dx: Rows) {
    x.check(rows, fields * width)
    sum.check(rows, width)
    dpooled.check(rows, width)
    dx.check(rows, fields * width)
    precondition(sum.stride == dpooled.stride)
    table.pointee.pair_backward(
      Int64(rows), Int64(fields), Int64(width), x.pointer, Int64(x.stride), sum.pointer, dpooled.pointer,
      Int64(sum.stride), dx.pointer, Int64(dx.stride))
  }

  /// dy += 2·l2·y + l1·sign(y) in the rows whose label is no NaN.
  package func penalizeOutputs(
    rows: Int, units: Int, y: Rows, dy: Rows, labels: UnsafePointer<Float>, labelStride: Int, l1: Float, l2: Float
  ) {
    y.check(rows, units)
    dy.check(rows, units)
    precondition(y.stride == dy.stride)
    table.pointee.penalize_outputs(
      Int64(rows), Int64(units), y.pointer, dy.pointer, Int64(y.stride), labels, Int64(labelStride), l1, l2)
  }
}

/// The share of units that dropout takes out of a training pass, 0 ..< 1.
package struct DropoutRate: Sendable {
  let threshold: UInt32
  let scale: Float

  package init(_ probability: Float) {
    precondition(probability >= 0 && probability < 1, "a dropout of \(probability)")
    threshold = UInt32(Double(probability) * 0x1p31)
    scale = 1 / (1 - probability)
  }
}
