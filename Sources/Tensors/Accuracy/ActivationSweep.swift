/// What a comparison of an activation's kernel with double precision found, over many inputs.
package struct ActivationSweep: Sendable {
  /// The worst of the value, or of the derivative.
  package struct Part: Sendable {
    /// Units in the last place of the true result, where the absolute bound does not cover it.
    package fileprivate(set) var ulp = 0.0
    package fileprivate(set) var ulpAt: Float = 0
    /// The absolute distance, where it is more units than allowed but within the absolute bound.
    package fileprivate(set) var covered = 0.0
    package fileprivate(set) var coveredAt: Float = 0
    package fileprivate(set) var nans = 0
    /// Infinities where the true result is a float.
    package fileprivate(set) var wrongInfinities = 0

    fileprivate mutating func merge(_ other: Part) {
      if other.ulp > ulp { (ulp, ulpAt) = (other.ulp, other.ulpAt) }
      if other.covered > covered { (covered, coveredAt) = (other.covered, other.coveredAt) }
      nans += other.nans
      wrongInfinities += other.wrongInfinities
    }

    /// - Parameters:
    ///   - ulpMax: What more units than these must be within.
    ///   - bound: The absolute distance.
    @inline(__always)
    fileprivate mutating func add(
      _ found: UnsafePointer<Float>, _ truth: UnsafePointer<Double>, at x: UnsafePointer<Float>, count: Int,
      ulpMax: Double, bound: Double
    ) {
      for index in 0..<count {
        let distance = abs(Double(found[index]) - truth[index])
        let units = distance * inverseUnit(truth[index])
        if units <= ulp { continue }
        addWorse(found[index], truth[index], at: x[index], units, distance, ulpMax: ulpMax, bound: bound)
      }
    }

    private mutating func addWorse(
      _ found: Float, _ truth: Double, at x: Float, _ units: Double, _ distance: Double, ulpMax: Double, bound: Double
    ) {
      if found.isNaN {
        nans += 1
        return
      }
      var (units, distance) = (units, distance)
      if found.isInfinite {
        // It stands one step beyond the greatest float: right where the truth is no further away than allowed.
        distance = 0x1p128 - min(found > 0 ? truth : -truth, 0x1p128)
        units = distance * inverseUnit(truth)
        if units > ulpMax { wrongInfinities += 1 }
      }
      // Below FLT_MIN results are flushed: units mean nothing there.
      if distance <= bound && (units > ulpMax || abs(truth) < 0x1p-126) {
        if distance > covered { (covered, coveredAt) = (distance, x) }
      } else if units > ulp {
        (ulp, ulpAt) = (units, x)
      }
    }
  }

  package private(set) var value = Part()
  package private(set) var derivative = Part()
  package private(set) var inputs = 0
  /// Inputs whose value is smaller than that of the one before.
  package private(set) var falls = 0
  package private(set) var fallAt: Float = 0

  private var previous: Float = .nan
  private let scratch = Scratch()

  package init() {}

  package mutating func merge(_ other: ActivationSweep) {
    value.merge(other.value)
    derivative.merge(other.derivative)
    inputs += other.inputs
    if falls == 0 { fallAt = other.fallAt }
    falls += other.falls
  }

  /// What of a formula's stated accuracy does not hold, in words; empty: all does.
  package func breaches(_ formula: ActivationFormula) -> [String] {
    let accuracy = formula.accuracy
    var words: [String] = []
    for (name, part, ulpMax) in [
      ("value", value, accuracy.valueULP), ("derivative", derivative, accuracy.derivativeULP),
    ] {
      if part.ulp > ulpMax { words.append("the \(name) of \(formula.name) at \(part.ulpAt) is \(part.ulp) ULP away") }
      if part.nans > 0 { words.append("the \(name) of \(formula.name) is no number for \(part.nans) inputs") }
      if part.wrongInfinities > 0 { words.append("the \(name) of \(formula.name) overflows where it need not") }
    }
    if accuracy.isMonotone && falls > 0 { words.append("\(formula.name) falls at \(fallAt)") }
    return words
  }

  /// Every `stride`th float of a stretch, ascending, by rank: rank r ≥ 0 has bit pattern r, rank −r is its negative.
  package mutating func addRanks(
    _ formula: ActivationFormula, _ kernels: Kernels, from first: Int, through last: Int, stride: Int
  ) {
    var rank = first
    while rank <= last {
      var count = 0
      while count < Scratch.block && rank <= last {
        scratch.x[count] = Float(bitPattern: rank < 0 ? UInt32(-rank) | 0x8000_0000 : UInt32(rank))
        count += 1
        rank += stride
      }
      add(formula, kernels, count: count)
    }
  }

  /// Ascending inputs.
  package mutating func add(_ inputs: [Float], _ formula: ActivationFormula, _ kernels: Kernels) {
    for first in Swift.stride(from: 0, to: inputs.count, by: Scratch.block) {
      let count = min(Scratch.block, inputs.count - first)
      for index in 0..<count { scratch.x[index] = inputs[first + index] }
      add(formula, kernels, count: count)
    }
  }

  private mutating func add(_ formula: ActivationFormula, _ kernels: Kernels, count: Int) {
    let (x, y, slope) = (scratch.x.pointer, scratch.y.pointer, scratch.slope.pointer)
    for index in count..<max(count, Scratch.block) { x[index] = 0 }
    y.update(from: x, count: Scratch.block)
    withArithmeticMode {
      kernels.activate(
        formula, rows: 1, units: Scratch.block,
        z: Rows(y, rows: 1, width: Scratch.block, stride: Scratch.block), derivative: slope, stats: nil)
    }
    formula.reference(count: count, x, value: scratch.value.pointer, derivative: scratch.derivative.pointer)
    let accuracy = formula.accuracy
    value.add(
      y, scratch.value.pointer, at: x, count: count, ulpMax: accuracy.valueULP, bound: accuracy.valueBound)
    derivative.add(
      slope, scratch.derivative.pointer, at: x, count: count, ulpMax: accuracy.derivativeULP,
      bound: accuracy.derivativeBound)
    var previous = self.previous
    for index in 0..<count {
      if y[index] < previous {
        if falls == 0 { fallAt = x[index] }
        falls += 1
      }
      previous = y[index]
    }
    self.previous = previous
    inputs += count
  }

  /// Memory for one block. Used by the copy of the sweep that made it, on one thread.
  private final class Scratch: @unchecked Sendable {  // reached through the one sweep that is being added to
    static let block = 4096
    let x = AlignedBuffer<Float>(count: block)
    let y = AlignedBuffer<Float>(count: block)
    let slope = AlignedBuffer<Float>(count: block)
    let value = AlignedBuffer<Double>(count: block)
    let derivative = AlignedBuffer<Double>(count: block)
  }
}

/// One over the step of floats around a number of double precision; the step is at least that at FLT_MIN, at most that
/// below infinity.
@inline(__always)
private func inverseUnit(_ truth: Double) -> Double {
  let exponent = min(max((truth.bitPattern >> 52) & 0x7ff, 1023 - 126), 1023 + 127)
  return Double(bitPattern: (2 * 1023 + 23 - exponent) << 52)
}
