import CKernels

/// One optimiser step's constants; the gradient used is clamp(g · inverseCount, ± valueLimit) · scale.
package typealias UpdateConstants = ck_update

extension Kernels {
  /// Σ clamp(g · inverseCount, ± limit)²; not finite where a value is not. `count` is a multiple of 16.
  package func squaredNorm(count: Int, _ g: UnsafePointer<Float>, inverseCount: Float, limit: Float) -> Double {
    table.pointee.squared_norm(Int64(count), g, inverseCount, limit)
  }

  package func adam(
    count: Int, _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, mean: UnsafeMutablePointer<Float>,
    square: UnsafeMutablePointer<Float>, _ constants: UnsafePointer<UpdateConstants>
  ) -> Double { table.pointee.adam(Int64(count), w, g, mean, square, constants) }

  package func sgd(
    count: Int, _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, velocity: UnsafeMutablePointer<Float>,
    _ constants: UnsafePointer<UpdateConstants>
  ) -> Double { table.pointee.sgd(Int64(count), w, g, velocity, constants) }

  package func adagrad(
    count: Int, _ w: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>, sums: UnsafeMutablePointer<Float>,
    _ constants: UnsafePointer<UpdateConstants>
  ) -> Double { table.pointee.adagrad(Int64(count), w, g, sums, constants) }

  package func adamRows(
    count: Int, _ rows: UnsafePointer<UInt32>, width: Int, _ w: UnsafeMutablePointer<Float>,
    mean: UnsafeMutablePointer<Float>, square: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, stride: Int,
    _ constants: UnsafePointer<UpdateConstants>
  ) -> Double {
    table.pointee.adam_rows(Int64(count), rows, Int64(width), w, mean, square, gradient, Int64(stride), constants)
  }

  package func sgdRows(
    count: Int, _ rows: UnsafePointer<UInt32>, width: Int, _ w: UnsafeMutablePointer<Float>,
    velocity: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, stride: Int,
    _ constants: UnsafePointer<UpdateConstants>
  ) -> Double {
    table.pointee.sgd_rows(Int64(count), rows, Int64(width), w, velocity, gradient, Int64(stride), constants)
  }

  package func adagradRows(
    count: Int, _ rows: UnsafePointer<UInt32>, width: Int, _ w: UnsafeMutablePointer<Float>,
    sums: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, stride: Int,
    _ constants: UnsafePointer<UpdateConstants>
  ) -> Double {
    table.pointee.adagrad_rows(Int64(count), rows, Int64(width), w, sums, gradient, Int64(stride), constants)
  }
}
