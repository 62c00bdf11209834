import CKernels

// Shapes and orders of summation are told in CKernels.h, beside each kernel of the same name.
extension Kernels {
  package func denseForward(rows: Int, x: Rows, weights: PackedMatrix, bias: UnsafePointer<Float>?, z: Rows) {
    x.check(rows, weights.inputs)
    z.check(rows, weights.outputs)
    table.pointee.dense_forward(
      Int64(rows), Int64(weights.inputs), Int64(weights.outputs), x.pointer, Int64(x.stride), weights.pointer, bias,
      z.pointer, Int64(z.stride))
  }

  /// Floats of `scratch` that the products' ways back need, the widest layer having `outputs`.
  package static func scratchCount(outputs: Int) -> Int { max(Int(ck_scratch_floats), 16 * paddedToLanes(outputs)) }

  package func denseWeightGradient(
    rows: Int, x: Rows, dz: Rows, gradient: PackedMatrix, scratch: UnsafeMutablePointer<Float>
  ) {
    x.check(rows, gradient.inputs)
    dz.check(rows, gradient.outputs)
    table.pointee.dense_weight_gradient(
      Int64(rows), Int64(gradient.inputs), Int64(gradient.outputs), x.pointer, Int64(x.stride), dz.pointer,
      Int64(dz.stride), gradient.pointer, scratch)
  }

  /// - Parameter columns: Of the inputs: so many of the first are wanted.
  package func denseInputGradient(
    rows: Int, columns: Int, dz: Rows, weights: PackedMatrix, dx: Rows, scratch: UnsafeMutablePointer<Float>
  ) {
    dz.check(rows, weights.outputs)
    dx.check(rows, columns)
    table.pointee.dense_input_gradient(
      Int64(rows), Int64(weights.inputs), Int64(weights.outputs), Int64(columns), dz.pointer, Int64(dz.stride),
      weights.pointer, dx.pointer, Int64(dx.stride), scratch)
  }

  /// - Parameter add: To what `z` holds.
  package func thinForward(
    rows: Int, x: Rows, weights: PackedMatrix, bias: UnsafePointer<Float>?, z: Rows, add: Bool
  ) {
    x.check(rows, weights.inputs)
    z.check(rows, weights.outputs)
    table.pointee.thin_forward(
      Int64(rows), Int64(weights.inputs), Int64(weights.outputs), x.pointer, Int64(x.stride), weights.pointer, bias,
      z.pointer, Int64(z.stride), add ? 1 : 0)
  }

  package func thinWeightGradient(
    rows: Int, x: Rows, dz: Rows, gradient: PackedMatrix, biasGradient: UnsafeMutablePointer<Float>?
  ) {
    x.check(rows, gradient.inputs)
    dz.check(rows, gradient.outputs)
    table.pointee.thin_weight_gradient(
      Int64(rows), Int64(gradient.inputs), Int64(gradient.outputs), x.pointer, Int64(x.stride), dz.pointer,
      Int64(dz.stride), gradient.pointer, biasGradient)
  }

  package func thinInputGradient(rows: Int, dz: Rows, weights: PackedMatrix, dx: Rows) {
    dz.check(rows, weights.outputs)
    dx.check(rows, weights.inputs)
    table.pointee.thin_input_gradient(
      Int64(rows), Int64(weights.inputs), Int64(weights.outputs), dz.pointer, Int64(dz.stride), weights.pointer,
      dx.pointer, Int64(dx.stride))
  }

  package func layerNorm(
    rows: Int, units: Int, z: Rows, gain: UnsafePointer<Float>, offset: UnsafePointer<Float>,
    normalized: UnsafeMutablePointer<Float>, inverseDeviation: UnsafeMutablePointer<Float>
  ) {
    z.check(rows, units)
    table.pointee.layer_norm(
      Int64(rows), Int64(units), z.pointer, Int64(z.stride), gain, offset, normalized, inverseDeviation)
  }

  package func layerNormBackward(
    rows: Int, units: Int, dz: Rows, gain: UnsafePointer<Float>, normalized: UnsafePointer<Float>,
    inverseDeviation: UnsafePointer<Float>, gainGradient: UnsafeMutablePointer<Float>,
    sums: UnsafeMutablePointer<Float>
  ) {
    dz.check(rows, units)
    table.pointee.layer_norm_backward(
      Int64(rows), Int64(units), dz.pointer, Int64(dz.stride), gain, normalized, inverseDeviation, gainGradient, sums)
  }

  package func binaryLoss(
    rows: Int, logits: UnsafePointer<Float>, labels: UnsafePointer<Float>?, probabilities: UnsafeMutablePointer<Float>?,
    gradient: UnsafeMutablePointer<Float>?, loss: UnsafeMutablePointer<Float>?
  ) {
    table.pointee.binary_loss(Int64(rows), logits, labels, probabilities, gradient, loss)
  }

  package func softmaxLoss(
    rows: Int, classes: Int, logits: Rows, labels: UnsafePointer<Float>?, probabilities: UnsafeMutablePointer<Float>?,
    gradient: UnsafeMutablePointer<Float>?, loss: UnsafeMutablePointer<Float>?
  ) {
    logits.check(rows, classes)
    table.pointee.softmax_loss(
      Int64(rows), Int64(classes), logits.pointer, Int64(logits.stride), labels, probabilities, gradient, loss)
  }

  /// exp(x) for x ≤ 0 and log(1 + x) for 0 ≤ x ≤ 1, element by element; `count` a multiple of 16.
  package func expNonpositive(count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    table.pointee.exp_nonpositive(Int64(count), x, y)
  }

  package func log1pUnit(count: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    table.pointee.log1p_unit(Int64(count), x, y)
  }

  /// Runs independent fused multiply-adds; the number of floating-point operations done.
  package func peak(iterations: Int) -> Double { table.pointee.peak(Int64(iterations)) }
}
