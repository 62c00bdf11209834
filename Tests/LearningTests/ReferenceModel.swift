import Foundation
import Learning
import Tensors

/// The learner once more, in plain double precision and without any cleverness: forward and loss only. Gradients are
/// central differences of its loss.
struct ReferenceModel {
  let spec: LearnerSpec
  /// Canonical order, as `parametersDigestInput`.
  var parameters: [Double]
  /// Numbers and labels of all records seen before, for the running statistics.
  var history: [[Double]] = []
  var labelHistory: [Double] = []

  init(_ learner: Learner) {
    spec = learner.spec
    let bytes = learner.parametersDigestInput
    parameters = bytes.withUnsafeBytes { raw in
      (0..<raw.count / 4).map { Double(raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self)) }
    }
  }

  mutating func see(_ batch: FeatureBatch) {
    for row in 0..<batch.count {
      history.append((0..<batch.numberCount).map { Double(batch.numbers[row * batch.numberCount + $0]) })
      labelHistory.append(Double(batch.labels[row]))
    }
  }

  func statistics(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let present = values.filter { !$0.isNaN }
    guard !present.isEmpty else { return (0, 0) }
    let mean = present.reduce(0, +) / Double(present.count)
    return (mean, (present.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(present.count)).squareRoot())
  }

  /// Where the embedding tables and the wide rows begin among the parameters.
  private var tableStart: Int {
    parameters.count - rowCount * wideWidth - spec.categories.reduce(0) { $0 + $1.buckets * $1.dimension }
  }
  private var wideWidth: Int { spec.wide ? spec.outputCount : 0 }
  private var rowCount: Int { spec.categories.reduce(0) { $0 + $1.buckets } }

  /// Logits of every row.
  func logits(_ batch: FeatureBatch) -> [[Double]] {
    let columns = spec.numbers.indices.map { number in statistics(history.map { $0[number] }) }
    return (0..<batch.count).map { row in
      var input: [Double] = []
      var table = tableStart
      for (feature, category) in spec.categories.enumerated() {
        let bucket = Int(batch.categories[row * spec.categories.count + feature])
        input += (0..<category.dimension).map { parameters[table + bucket * category.dimension + $0] }
        table += category.buckets * category.dimension
      }
      var numeric: [Double] = []
      for (number, settings) in spec.numbers.enumerated() {
        let value = Double(batch.numbers[row * spec.numbers.count + number])
        if value.isNaN {
          numeric.append(0)
        } else if settings.standardize {
          let (mean, deviation) = columns[number]
          let limit = Double(spec.inputClip)
          numeric.append(deviation > 0 ? min(max((value - mean) / deviation, -limit), limit) : 0)
        } else {
          numeric.append(value)
        }
      }
      for (number, settings) in spec.numbers.enumerated() where settings.missingIndicator {
        numeric.append(batch.numbers[row * spec.numbers.count + number].isNaN ? 1 : 0)
      }
      return logits(input + numeric, numeric, batch, row)
    }
  }

  private func logits(_ input: [Double], _ numeric: [Double], _ batch: FeatureBatch, _ row: Int) -> [Double] {
    var next = 0
    func dense(_ input: [Double], _ outputs: Int) -> [Double] {
      defer { next += (input.count + 1) * outputs }
      return (0..<outputs).map { output in
        var sum = parameters[next + input.count * outputs + output]
        for index in input.indices { sum += input[index] * parameters[next + index * outputs + output] }
        return sum
      }
    }
    var h = input
    for units in spec.hidden {
      h = dense(h, units)
      if spec.normalization == .layerNorm {
        let mean = h.reduce(0, +) / Double(units)
        let variance = h.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(units)
        h = h.indices.map {
          (h[$0] - mean) / (variance + 1e-5).squareRoot() * parameters[next + $0] + parameters[next + units + $0]
        }
        next += 2 * units
      }
      h = h.map { referenceActivation(spec.activation, $0) }
    }
    let outputs = spec.outputCount
    var z = dense(h, outputs)
    guard spec.wide else { return z }
    for index in numeric.indices {
      for output in 0..<outputs { z[output] += numeric[index] * parameters[next + index * outputs + output] }
    }
    var wideRow = parameters.count - rowCount * wideWidth
    for (feature, category) in spec.categories.enumerated() {
      let bucket = Int(batch.categories[row * spec.categories.count + feature])
      for output in 0..<outputs { z[output] += parameters[wideRow + bucket * outputs + output] }
      wideRow += category.buckets * outputs
    }
    return z
  }

  /// ∂loss/∂parameter by central differences.
  mutating func gradient(_ batch: FeatureBatch, _ parameter: Int) -> Double {
    let step = 1e-5
    let value = parameters[parameter]
    parameters[parameter] = value + step
    let above = loss(batch)
    parameters[parameter] = value - step
    let below = loss(batch)
    parameters[parameter] = value
    return (above - below) / (2 * step)
  }
}
