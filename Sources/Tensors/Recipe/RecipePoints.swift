import CKernels

/// The last records as points of one space, for the neighbours of others. Grows with them.
package final class RecipePoints {
  package static let places = Int(ck_point_places)
  /// Blocks of 16 points: [places / 2][16][2].
  private var codes = AlignedBuffer<Int8>(count: 0)

  package init() {}

  /// Makes room for so many.
  package func reserve(_ records: Int) {
    let needed = paddedToLanes(records) * Self.places
    guard needed > codes.count else { return }
    let larger = AlignedBuffer<Int8>(count: needed)
    larger.pointer.update(from: codes.pointer, count: codes.count)
    codes = larger
  }

  package func put(_ code: UnsafePointer<Int8>, at slot: Int) { ck_point_put(codes.pointer, Int64(slot), code) }

  /// What a state holds of the first `count`.
  package func part(_ count: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: codes.pointer, count: paddedToLanes(count) * Self.places)
  }

  /// Places of a point become whole numbers.
  package static func code(_ point: UnsafePointer<Float>, into code: UnsafeMutablePointer<Int8>) {
    ck_point_code(point, code)
  }

  /// What is known of labels where neighbours' are looked at.
  package struct Labels {
    package var task: RecipeForm.Task
    package var outputs: Int
    /// Labels of the points, each `stride` from the one before.
    package var labels: UnsafePointer<Float>
    package var stride: Int
    package var memory: RecipeMemory
    package var center, scale: Double

    package init(
      task: RecipeForm.Task, outputs: Int, labels: UnsafePointer<Float>, stride: Int, memory: RecipeMemory,
      center: Double, scale: Double
    ) {
      (self.task, self.outputs, self.labels, self.stride) = (task, outputs, labels, stride)
      (self.memory, self.center, self.scale) = (memory, center, scale)
    }
  }

  /// What the nearest of `count` points say of a record at `code`, by how sharply weights fall with the distance; nil: not asked.
  package func outputs(
    _ kernels: Kernels, _ count: Int, near code: UnsafePointer<Int8>, _ known: Labels,
    distances: UnsafeMutablePointer<Int32>, plain: UnsafeMutablePointer<Float>?, sharp: UnsafeMutablePointer<Float>?
  ) {
    let kind: ck_near_kind =
      switch known.task {
      case .binary: ck_near_binary
      case .multiclass: ck_near_classes
      case .regression: ck_near_values
      }
    var near = ck_near(
      kind: kind, outputs: Int64(known.outputs), count: Int64(count), label_stride: Int64(known.stride),
      codes: codes.pointer, labels: known.labels, means: known.memory.meansPointer, center: Float(known.center),
      inverse: Float(1 / known.scale), sharpness: (3, 10))
    withUnsafePointer(to: (plain, sharp)) { outputs in
      outputs.withMemoryRebound(to: UnsafeMutablePointer<Float>?.self, capacity: 2) {
        kernels.table.pointee.near_outputs(&near, code, distances, $0)
      }
    }
  }
}
