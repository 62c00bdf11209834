import Tensors
import Testing

@Suite struct `The level that the environment asks for` {
  @Test(arguments: Kernels.available.map(\.level))
  func `is taken where this CPU has it`(_ level: Kernels.Level) throws {
    #expect(try Kernels.named(level.rawValue).level == level)
  }

  @Test(arguments: ["avx2", "Scalar", " scalar", "fma1024"])
  func `is refused with the names that there are`(_ name: String) throws {
    let error = #expect(throws: KernelLevelError.self) { try Kernels.named(name) }
    #expect(error?.description.contains("scalar, baseline, fma256, fma512") == true)
    #expect(error?.description.contains(name) == true)
  }

  @Test func `is refused where this CPU lacks it`() {
    for level in Kernels.Level.allCases where Kernels(level: level) == nil {
      let error = #expect(throws: KernelLevelError.self) { try Kernels.named(level.rawValue) }
      #expect(error?.description.contains("this CPU") == true)
    }
  }
}
