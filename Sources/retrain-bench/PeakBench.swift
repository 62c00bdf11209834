import Tensors

extension Workload {
  static let peak = Workload(
    name: "peak", summary: "independent fused multiply-adds, the ceiling of the others: operations a second",
    flags: [BenchFlag("seconds", "s", "2", "How long to measure."), .kernels],
    run: runPeak)
}

@Sendable private func runPeak(_ options: inout BenchOptions) throws {
  let seconds = try options.double("seconds")
  let kernels = try benchKernels(options.string("kernels"))
  let flops = kernels.peak(iterations: 1)
  let samples = timedSamples(seconds: seconds, unitsPerCall: flops * 10_000) { calls in
    for _ in 0..<calls { _ = kernels.peak(iterations: 10_000) }
  }
  try BenchReport(
    workload: "peak", params: ["kernels": kernels.level.rawValue], samples: samples.map { $0 / 1e9 }, unit: "GFLOP/s"
  ).emit()
}
