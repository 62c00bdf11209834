import CKernels

/// A matrix of row-major floats with a stride.
package struct Rows {
  package let pointer: UnsafeMutablePointer<Float>
  package let stride: Int

  @inline(__always)
  package init(_ pointer: UnsafeMutablePointer<Float>, stride: Int) {
    self.pointer = pointer
    self.stride = stride
  }

  @inline(__always)
  package func from(_ row: Int) -> UnsafeMutablePointer<Float> { pointer + row * stride }

  /// The same rows from column `column` on.
  @inline(__always)
  package func column(_ column: Int) -> Rows { Rows(pointer + column, stride: stride) }

  @inline(__always)
  package func dropFirst(_ rows: Int) -> Rows { Rows(pointer + rows * stride, stride: stride) }
}

// Shapes and orders of summation are told in CKernels.h, beside each kernel of the same name.
extension Kernels {
  package func denseForward(
    rows: Int, inputs: Int, outputs: Int, x: Rows, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, z: Rows
  ) {
    table.pointee.dense_forward(
      Int64(rows), Int64(inputs), Int64(outputs), x.pointer, Int64(x.stride), weights, bias, z.pointer, Int64(z.stride))
  }

  package func denseWeightGradient(
    rows: Int, inputs: Int, outputs: Int, x: Rows, dz: Rows, gradient: UnsafeMutablePointer<Float>
  ) {
    table.pointee.dense_weight_gradient(
      Int64(rows), Int64(inputs), Int64(outputs), x.pointer, Int64(x.stride), dz.pointer, Int64(dz.stride), gradient)
  }

  package func denseInputGradient(
    rows: Int, inputs: Int, outputs: Int, columns: Int, dz: Rows, weights: UnsafePointer<Float>, dx: Rows,
    scratch: UnsafeMutablePointer<Float>
  ) {
    table.pointee.dense_input_gradient(
      Int64(rows), Int64(inputs), Int64(outputs), Int64(columns), dz.pointer, Int64(dz.stride), weights, dx.pointer,
      Int64(dx.stride), scratch)
  }

  package func thinForward(
    rows: Int, inputs: Int, outputs: Int, x: Rows, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?, z: Rows,
    add: Bool
  ) {
    table.pointee.thin_forward(
      Int64(rows), Int64(inputs), Int64(outputs), x.pointer, Int64(x.stride), weights, bias, z.pointer,
      Int64(z.stride), add ? 1 : 0)
  }

  package func thinWeightGradient(
    rows: Int, inputs: Int, outputs: Int, x: Rows, dz: Rows, gradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>?
  ) {
    table.pointee.thin_weight_gradient(
      Int64(rows), Int64(inputs), Int64(outputs), x.pointer, Int64(x.stride), dz.pointer, Int64(dz.stride), gradient,
      biasGradient)
  }

  package func thinInputGradient(
    rows: Int, inputs: Int, outputs: Int, dz: Rows, weights: UnsafePointer<Float>, dx: Rows
  ) {
    table.pointee.thin_input_gradient(
      Int64(rows), Int64(inputs), Int64(outputs), dz.pointer, Int64(dz.stride), weights, dx.pointer, Int64(dx.stride))
  }

  package func layerNorm(
    rows: Int, units: Int, z: Rows, gain: UnsafePointer<Float>, offset: UnsafePointer<Float>,
    normalized: UnsafeMutablePointer<Float>, inverseDeviation: UnsafeMutablePointer<Float>
  ) {
    table.pointee.layer_norm(
      Int64(rows), Int64(units), z.pointer, Int64(z.stride), gain, offset, normalized, inverseDeviation)
  }

  package func layerNormBackward(
    rows: Int, units: Int, dz: Rows, gain: UnsafePointer<Float>, normalized: UnsafePointer<Float>,
    inverseDeviation: UnsafePointer<Float>, gainGradient: UnsafeMutablePointer<Float>,
    sums: UnsafeMutablePointer<Float>
  ) {
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
