import Confinement
import Foundation
import Tensors
import Vocabulary

extension Workload {
  static let sweep = Workload(
    name: "sweep",
    summary: "activations over all 2³² floats against double precision: the largest error of each; half an hour",
    flags: [
      BenchFlag("activation", "name", "all", "One of them, or all."), BenchFlag("threads", "n", "2", "Threads."),
      BenchFlag("stride", "n", "1", "Every n-th float only."), .kernels,
    ],
    run: runSweep)
}

/// Prints a line an activation and part, and throws after the last where a stated bound is broken.
@Sendable private func runSweep(_ options: inout BenchOptions) throws {
  let wanted = options.string("activation")
  let threads = try options.int("threads")
  let stride = try options.int("stride")
  let kernels = try benchKernels(options.string("kernels"))
  let formulas = ActivationFormula.allCases.filter { wanted == "all" || $0.name == wanted }
  guard !formulas.isEmpty else {
    let names = ActivationFormula.allCases.map(\.name).joined(separator: ", ")
    throw BenchError("--activation \(wanted) is none of all, \(names)")
  }
  var broken: [String] = []
  for formula in formulas {
    let start = ContinuousClock.now
    let sweep = try sweepAll(formula, kernels: kernels, threads: threads, stride: stride)
    let seconds = (ContinuousClock.now - start).seconds
    for report in SweepReport.both(sweep, formula, kernels, seconds: seconds) {
      try report.emit()
      if !report.holds { broken.append("\(report.activation) \(report.part)") }
    }
  }
  guard broken.isEmpty else { throw BenchError("bounds are broken: \(broken.joined(separator: ", "))") }
}

/// The finite floats in ascending order are ranks −0x7f7fffff … 0x7f7fffff, shared out among threads in stretches.
private func sweepAll(
  _ formula: ActivationFormula, kernels: Kernels, threads: Int, stride: Int
) throws -> ActivationSweep {
  let last = Int(Float.greatestFiniteMagnitude.bitPattern)
  let share = (2 * last + 1 + threads - 1) / threads
  return try blockingAwait(until: .after(.seconds(100_000))) {
    try await withThrowingTaskGroup(of: ActivationSweep.self) { group in
      for thread in 0..<threads {
        group.addTask {
          try await onDedicatedThread(named: "sweep \(thread)") {
            var sweep = ActivationSweep()
            let first = -last + thread * share
            sweep.addRanks(formula, kernels, from: first, through: min(first + share, last), stride: stride)
            return sweep
          }
        }
      }
      var whole = ActivationSweep()
      for try await part in group { whole.merge(part) }
      return whole
    }
  }
}
