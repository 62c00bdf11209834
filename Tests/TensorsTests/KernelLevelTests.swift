import Foundation
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

  @Test func `forces a whole process`() async {
    await #expect(processExitsWith: .success) {
      setenv("RETRAIN_CPU_LEVEL", "scalar", 1)
      precondition(Kernels.active.level == .scalar)
    }
    await #expect(processExitsWith: .success) {
      setenv("RETRAIN_CPU_LEVEL", "", 1)
      precondition(Kernels.active.level == Kernels.available.last?.level)
    }
  }

  @Test func `ends a process that cannot have it, and says why`() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      setenv("RETRAIN_CPU_LEVEL", "sse9", 1)
      _ = Kernels.active
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("RETRAIN_CPU_LEVEL") && said.contains("sse9"))
  }
}
