import Tensors
import Vocabulary

extension Workload {
  static let activation = Workload(
    name: "activation",
    summary: "each activation, forward and with its derivative: elements a second",
    flags: [
      BenchFlag("activation", "name", "all", "One of them, or all."),
      BenchFlag("seconds", "s", "0.5", "How long to measure each."), .kernels,
    ],
    run: runActivation)
}

@Sendable private func runActivation(_ options: inout BenchOptions) throws {
  let wanted = options.string("activation")
  let seconds = try options.double("seconds")
  let kernels = try benchKernels(options.string("kernels"))
  let subjects = ActivationSubject.all.filter { wanted == "all" || $0.name == wanted }
  guard !subjects.isEmpty else {
    throw BenchError(
      "--activation \(wanted) is none of all, \(ActivationSubject.all.map(\.name).joined(separator: ", "))")
  }
  for formula in ActivationFormula.allCases where subjects.contains(where: { $0.name == formula.name }) {
    try prove(kernels, formula)
  }
  let rows = ActivationRows()
  for subject in subjects {
    for derives in [false, true] {
      // In place and again and again: what the values become does not change the time, but subnormals would.
      let samples = withArithmeticMode {
        timedSamples(seconds: seconds, unitsPerCall: Double(rows.count * rows.units)) { calls in
          for _ in 0..<calls { subject.run(kernels, rows, derives) }
        }
      }
      try BenchReport(
        workload: "activation",
        params: ["activation": subject.name, "derivative": String(derives), "kernels": kernels.level.rawValue],
        samples: samples.map { 1e9 / $0 }, unit: "ns/element"
      ).emit()
    }
  }
}

/// 64 rows of 256 units: in the second-level cache, as in a training step.
private struct ActivationRows {
  let count = 64
  let units = 256
  let z, gated, derivative: AlignedBuffer<Float>
  let slopes: AlignedBuffer<Float>

  init() {
    z = AlignedBuffer(count: count * rowStride(units))
    derivative = AlignedBuffer(count: count * rowStride(units))
    gated = AlignedBuffer(count: count * rowStride(2 * units))
    slopes = AlignedBuffer(count: units)
    var random = SplitMix64(seed: 3)
    for index in 0..<z.count { z[index] = random.nextNearlyNormal() * 2 }
    for index in 0..<gated.count { gated[index] = random.nextNearlyNormal() * 2 }
    for index in 0..<slopes.count { slopes[index] = 0.25 }
  }

  var rows: Rows { Rows(z.pointer, rows: count, width: units, stride: rowStride(units)) }
  var wideRows: Rows { Rows(gated.pointer, rows: count, width: 2 * units, stride: rowStride(2 * units)) }
}

/// One kernel to be timed; `derives`: with what the way back needs.
private struct ActivationSubject: Sendable {
  let name: String
  let run: @Sendable (_ kernels: Kernels, _ rows: ActivationRows, _ derives: Bool) -> Void

  static let all: [ActivationSubject] =
    ActivationFormula.allCases.map { formula in
      ActivationSubject(name: formula.name) { kernels, rows, derives in
        kernels.activate(
          formula, rows: rows.count, units: rows.units, z: rows.rows,
          derivative: derives ? rows.derivative.pointer : nil, stats: nil)
      }
    }
    + [
      ActivationSubject(name: "prelu") { kernels, rows, derives in
        kernels.prelu(
          rows: rows.count, units: rows.units, z: rows.rows, kept: derives ? rows.derivative.pointer : nil,
          slopes: rows.slopes.pointer, stats: nil)
      }
    ]
    + GateFormula.allCases.map { formula in
      ActivationSubject(name: "\(formula)") { kernels, rows, derives in
        kernels.gate(
          formula, rows: rows.count, units: rows.units, z: rows.wideRows, y: rows.rows, derives: derives, stats: nil)
      }
    }
    + [("softmax", RowFormula.softmax), ("log_softmax", .logSoftmax)].map { name, formula in
      // The way back of these is a pass of its own over the outputs: it is what "derivative" times.
      ActivationSubject(name: name) { kernels, rows, derives in
        if derives {
          kernels.softmaxBackward(
            formula, rows: rows.count, units: rows.units,
            dy: Rows(
              rows.derivative.pointer, rows: rows.count, width: rows.units, stride: rowStride(rows.units)),
            y: rows.rows,
            sums: rows.slopes.pointer)
        } else {
          kernels.softmax(formula, rows: rows.count, units: rows.units, z: rows.rows, stats: nil)
        }
      }
    }
}

/// Value and derivative are as close to those of double precision as the table of accuracies says, over −20 … 20.
private func prove(_ kernels: Kernels, _ formula: ActivationFormula) throws {
  var sweep = ActivationSweep()
  sweep.add((-2048...2048).map { Float($0) / 102.4 + 0.003 }, formula, kernels)
  guard sweep.breaches(formula).isEmpty else {
    throw BenchError(sweep.breaches(formula).joined(separator: ", "))
  }
}
