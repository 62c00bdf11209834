import Foundation
import Tensors
import Testing

/// The losses once more, in double precision and by their definitions.
private enum Definition {
  /// Loss of one row; `classes` logits, or one.
  static func loss(_ kind: LossFormula.Kind, _ z: [Double], _ y: Double, weights: [Double], smoothing: Double)
    -> Double
  {
    switch kind {
    case .crossEntropy, .focal:
      let z = z.count == 1 ? [0, z[0]] : z
      let logs = logProbabilities(z)
      guard case .focal(let gamma) = kind else {
        return z.indices.reduce(0) { sum, c in
          let target = weights[c] * ((c == Int(y) ? 1 - smoothing : 0) + smoothing / Double(z.count))
          return target == 0 ? sum : sum - target * logs[c]
        }
      }
      // 1 − p as the sum of the others, which loses nothing.
      let others = z.indices.filter { $0 != Int(y) }.reduce(0) { $0 + exp(logs[$1]) }
      return -weights[Int(y)] * pow(others, Double(gamma)) * logs[Int(y)]
    case .squared: return (z[0] - y) * (z[0] - y) / 2
    case .huber(let delta):
      let (u, d) = (abs(z[0] - y), Double(delta))
      return u <= d ? u * u / 2 : d * (u - d / 2)
    case .quantile(let level):
      let u = y - z[0]
      return max(Double(level) * u, (Double(level) - 1) * u)
    case .poisson:
      let held = min(max(z[0], -30), 30)
      return exp(held) - y * held
    }
  }

  private static func logProbabilities(_ z: [Double]) -> [Double] {
    let most = z.max() ?? 0
    return z.indices.map { c in
      // log p_c = −log(1 + Σ_{k≠c} exp(z_k − z_c)), from the largest term so that nothing overflows.
      if z[c] == most, z.count(where: { $0 == most }) == 1 {
        return -log1p(z.indices.reduce(0) { $1 == c ? $0 : $0 + exp(z[$1] - most) })
      }
      return z[c] - most - log(z.reduce(0) { $0 + exp($1 - most) })
    }
  }
}

private struct Sample: Sendable, CustomTestStringConvertible {
  let kind: LossFormula.Kind
  /// 1: one logit a row.
  var outputs = 1
  var weights: [Float] = []
  var smoothing: Float = 0
  var testDescription: String { "\(kind), \(outputs) logits, weights \(weights), smoothing \(smoothing)" }

  var isValue: Bool {
    switch kind {
    case .crossEntropy, .focal: false
    default: true
    }
  }
  var formula: LossFormula {
    LossFormula(kind, classes: max(outputs, 2), weights: weights, smoothing: smoothing)
  }
  var allWeights: [Double] {
    weights.isEmpty ? [Double](repeating: 1, count: max(outputs, 2)) : weights.map(Double.init)
  }

  func definition(_ z: [Double], _ y: Double) -> Double {
    Definition.loss(kind, z, y, weights: allWeights, smoothing: Double(smoothing))
  }

  func run(_ kernels: Kernels, _ z: Matrix, _ labels: AlignedBuffer<Float>) -> (gradient: Matrix, loss: [Float]) {
    let rows = z.count
    let gradient = Matrix(rows, outputs)
    let loss = AlignedBuffer<Float>(count: paddedToLanes(rows))
    if outputs == 1 {
      let logits = AlignedBuffer((0..<rows).map { z[$0, 0] })
      let g = AlignedBuffer<Float>(count: paddedToLanes(rows))
      kernels.logitLoss(
        formula, rows: rows, logits: logits.pointer, labels: labels.pointer, answers: nil, gradient: g.pointer,
        loss: loss.pointer)
      for row in 0..<rows { gradient[row, 0] = g[row] }
    } else {
      kernels.classLoss(
        formula, rows: rows, classes: outputs, logits: z.rows, labels: labels.pointer,
        gradient: gradient.storage.pointer, loss: loss.pointer)
    }
    return (gradient, Array(loss.buffer.prefix(rows)))
  }

  /// The label of a row.
  func label(_ row: Int, _ numbers: inout Numbers) -> Float {
    switch kind {
    case .crossEntropy, .focal: Float(row % max(outputs, 2))
    case .poisson: Float(row % 9)
    default: numbers.next(5)
    }
  }

  static let all: [Sample] = [
    Sample(kind: .crossEntropy, smoothing: 0.1), Sample(kind: .crossEntropy, weights: [0.5, 3]),
    Sample(kind: .crossEntropy, weights: [0, 2], smoothing: 0.2),
    Sample(kind: .focal(gamma: 2)), Sample(kind: .focal(gamma: 0), weights: [0.25, 0.75]),
    Sample(kind: .focal(gamma: 0.5), weights: [0.75, 0.25]), Sample(kind: .focal(gamma: 5)),
    Sample(kind: .crossEntropy, outputs: 3, smoothing: 0.1), Sample(kind: .crossEntropy, outputs: 2, weights: [1, 4]),
    Sample(kind: .crossEntropy, outputs: 19, weights: (0..<19).map { Float($0) / 9 }, smoothing: 0.3),
    Sample(kind: .focal(gamma: 2), outputs: 2), Sample(kind: .focal(gamma: 0), outputs: 4),
    Sample(kind: .focal(gamma: 0.5), outputs: 19, weights: (0..<19).map { Float($0) / 9 }),
    Sample(kind: .squared), Sample(kind: .huber(delta: 0.7)), Sample(kind: .huber(delta: 100)),
    Sample(kind: .quantile(level: 0.5)), Sample(kind: .quantile(level: 0.9)), Sample(kind: .poisson),
  ]
}

@Suite struct `Losses from logits` {
  private static let kernels = Kernels.active

  @Test(arguments: Sample.all)
  fileprivate func `have the value and the slope of their definition`(_ sample: Sample) {
    var numbers = Numbers(seed: 31)
    let rows = 400
    let z = numbers.rows(rows, sample.outputs, scale: 6)
    let labels = AlignedBuffer((0..<rows).map { sample.label($0, &numbers) })
    let (gradient, loss) = withArithmeticMode { sample.run(Self.kernels, z, labels) }
    for row in 0..<rows {
      let logits = (0..<sample.outputs).map { Double(z[row, $0]) }
      let label = Double(labels[row])
      let expected = sample.definition(logits, label)
      // Near 0 the multiclass loss is the logarithm of a sum near 1, and as exact as that sum.
      #expect(abs(Double(loss[row]) - expected) <= 4e-6 * max(abs(expected), 0.1), "row \(row)")
      for output in 0..<sample.outputs {
        let step = 1e-6
        var (above, below) = (logits, logits)
        above[output] += step
        below[output] -= step
        let slope = (sample.definition(above, label) - sample.definition(below, label)) / (2 * step)
        let found = Double(gradient[row, output])
        #expect(abs(found - slope) <= 2e-6 * max(1, abs(slope)), "row \(row), logit \(output)")
      }
    }
  }

  @Test(arguments: Sample.all)
  fileprivate func `stay numbers, and right, at logits as far as they go`(_ sample: Sample) {
    let far: [Float] = [
      0, -0.0, 1e-30, 16, -16, 88, -88, 89, -104, 1e4, -1e4, 1e30, -1e30, 3e38, -3e38, .leastNonzeroMagnitude,
    ]
    let rows = far.count * 2
    let z = Matrix(rows, sample.outputs)
    let labels = AlignedBuffer<Float>(count: paddedToLanes(rows))
    for row in 0..<rows {
      // The other logits stay put; the one that moves is the label's in one half of the rows.
      z[row, sample.outputs > 1 ? row % 2 : 0] = far[row / 2]
      labels[row] = sample.isValue ? 0 : Float((row / 2) % 2)
    }
    let (gradient, loss) = withArithmeticMode { sample.run(Self.kernels, z, labels) }
    for row in 0..<rows {
      let logits = (0..<sample.outputs).map { Double(z[row, $0]) }
      let expected = sample.definition(logits, Double(labels[row]))
      if expected <= Double(Float.greatestFiniteMagnitude) {
        #expect(abs(Double(loss[row]) - expected) <= 1e-5 * max(abs(expected), 0.03), "\(logits), \(labels[row])")
      } else {
        #expect(loss[row] == .infinity)
      }
      for output in 0..<sample.outputs { #expect(gradient[row, output].isFinite, "\(logits), \(labels[row])") }
    }
  }

  @Test(arguments: Sample.all)
  fileprivate func `pass over a row without a label`(_ sample: Sample) {
    var numbers = Numbers(seed: 32)
    let rows = 37
    let z = numbers.rows(rows, sample.outputs, scale: 3)
    let labels = AlignedBuffer((0..<rows).map { $0 % 3 == 1 ? Float.nan : sample.label($0, &numbers) })
    let (gradient, loss) = sample.run(Self.kernels, z, labels)
    for row in 0..<rows {
      #expect(loss[row].isNaN == (row % 3 == 1))
      for output in 0..<sample.outputs where row % 3 == 1 { #expect(gradient[row, output] == 0) }
    }
  }

  @Test(arguments: vectorLevels, Sample.all)
  fileprivate func `have the same bits on every CPU level, alone and among others`(
    _ level: Kernels.Level, _ sample: Sample
  ) throws {
    let scalar = try #require(Kernels(level: .scalar))
    let kernels = try #require(Kernels(level: level))
    var numbers = Numbers(seed: 33)
    let rows = 53
    let z = numbers.rows(rows, sample.outputs, scale: 40)
    z[3, 0] = 1e4
    z[4, 0] = -1e4
    z[5, 0] = 3e38
    z[6, 0] = -3e38
    let labels = AlignedBuffer((0..<rows).map { $0 % 7 == 6 ? Float.nan : sample.label($0, &numbers) })
    withArithmeticMode {
      let expected = sample.run(scalar, z, labels)
      let found = sample.run(kernels, z, labels)
      #expect(expected.gradient.bits == found.gradient.bits)
      #expect(expected.loss.map(\.bits) == found.loss.map(\.bits))
      for row in [0, 17, rows - 1] {
        let alone = Matrix(1, sample.outputs)
        for output in 0..<sample.outputs { alone[0, output] = z[row, output] }
        let one = sample.run(kernels, alone, AlignedBuffer([labels[row]]))
        #expect(one.gradient.bits == (0..<sample.outputs).map { found.gradient[row, $0].bitPattern })
        #expect(one.loss[0].bits == found.loss[row].bits)
      }
    }
  }

  @Test func `answer with the probability, the value or the rate`() {
    let z = AlignedBuffer<Float>([0, 2, -3, 40, -40])
    let answers = AlignedBuffer<Float>(count: 16)
    func run(_ kind: LossFormula.Kind) -> [Float] {
      Self.kernels.logitLoss(
        LossFormula(kind), rows: 5, logits: z.pointer, labels: nil, answers: answers.pointer, gradient: nil, loss: nil)
      return Array(answers.buffer.prefix(5))
    }
    for kind in [LossFormula.Kind.crossEntropy, .focal(gamma: 2)] {
      for (found, logit) in zip(run(kind), z.buffer) {
        #expect(abs(Double(found) - 1 / (1 + exp(-Double(logit)))) < 1e-7)
      }
    }
    #expect(run(.huber(delta: 1)) == Array(z.buffer.prefix(5)))
    for (found, logit) in zip(run(.poisson), [0, 2, -3, 30, -30] as [Double]) {
      #expect(abs(Double(found) / exp(logit) - 1) < 3e-7)
    }
  }
}

extension Float {
  /// One pattern for every NaN.
  fileprivate var bits: UInt32 { isNaN ? 0x7fc0_0000 : bitPattern }
}
