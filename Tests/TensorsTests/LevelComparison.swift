import Tensors
import Testing

/// The levels of this CPU but the scalar one.
let vectorLevels = Kernels.available.map(\.level).filter { $0 != .scalar }

/// What `run` gives is the same on a level as on the scalar one.
func expectScalarBits(on level: Kernels.Level, _ run: (Kernels) -> [UInt32]) throws {
  let scalar = try #require(Kernels(level: .scalar))
  let kernels = try #require(Kernels(level: level))
  withArithmeticMode {
    let expected = run(scalar)
    let found = run(kernels)
    #expect(expected.count == found.count)
    let different = zip(expected, found).count { $0 != $1 }
    #expect(different == 0, "\(different) of \(expected.count) values differ on \(level)")
  }
}
