import Evaluation
import Foundation
import Vocabulary

/// A network of one hidden layer, small enough that a zoo of them is trained in a second.
struct TinyNetwork: Sendable {
  let task: EvaluationTask
  let hidden: Int
  var outputs: Int { task.outputCount }
  /// Hidden × inputs, then a bias each.
  var first: [Float]
  /// Outputs × hidden, then a bias each.
  var second: [Float]

  init(_ task: EvaluationTask, hidden: Int, seed: UInt64) {
    var random = SplitMix64(run: seed &+ 2_000_003)
    self.task = task
    self.hidden = hidden
    let scale = Float((2 / Double(ZooRecord.width)).squareRoot())
    first = (0..<hidden * (ZooRecord.width + 1)).map {
      $0 < hidden * ZooRecord.width ? scale * Float(random.nextNormal()) : 0
    }
    second = [Float](repeating: 0, count: task.outputCount * (hidden + 1))
    for index in 0..<task.outputCount * hidden { second[index] = 0.1 * Float(random.nextNormal()) }
  }

  /// The hidden layer's activations.
  private func activations(_ inputs: [Float]) -> [Float] {
    let width = ZooRecord.width
    return [Float](unsafeUninitializedCapacity: hidden) { values, count in
      first.withUnsafeBufferPointer { first in
        inputs.withUnsafeBufferPointer { inputs in
          for unit in 0..<hidden {
            var sum = first[hidden * width + unit]
            for input in 0..<width { sum += first[unit * width + input] * inputs[input] }
            values[unit] = max(sum, 0)
          }
        }
      }
      count = hidden
    }
  }

  private func logits(of activations: [Float]) -> [Float] {
    (0..<outputs).map { output in
      var sum = second[outputs * hidden + output]
      for unit in 0..<hidden { sum += second[output * hidden + unit] * activations[unit] }
      return sum
    }
  }

  func logits(_ inputs: [Float]) -> [Float] { logits(of: activations(inputs)) }

  /// Probabilities of logits, or the value.
  static func answers(_ logits: [Float], _ task: EvaluationTask) -> [Float] {
    switch task {
    case .binary: return [1 / (1 + exp(-logits[0]))]
    case .multiclass:
      let greatest = logits.max() ?? 0
      let odds = logits.map { exp($0 - greatest) }
      let total = odds.reduce(0, +)
      return odds.map { $0 / total }
    default: return logits
    }
  }

  /// Learns each record once, by steps that shrink.
  mutating func learn(_ records: some Sequence<ZooRecord>, rate: Float = 0.04) {
    let width = ZooRecord.width
    for (index, record) in records.enumerated() {
      let step = rate / (1 + Float(index) / 2000)
      let activations = activations(record.inputs)
      let answers = Self.answers(logits(of: activations), task)
      var back = [Float](repeating: 0, count: hidden)
      for output in 0..<outputs {
        let target: Float = outputs > 1 ? (record.label == Float(output) ? 1 : 0) : record.label
        // Of the loss by the logit; of values held, as tails are heavy.
        let slope = min(max(answers[output] - target, -2), 2)
        for unit in 0..<hidden {
          back[unit] += slope * second[output * hidden + unit]
          second[output * hidden + unit] -= step * slope * activations[unit]
        }
        second[outputs * hidden + output] -= step * slope
      }
      for unit in 0..<hidden where activations[unit] > 0 {
        for input in 0..<width { first[unit * width + input] -= step * back[unit] * record.inputs[input] }
        first[hidden * width + unit] -= step * back[unit]
      }
    }
  }

  /// The network halfway between two that have one ancestor.
  func averaged(with other: TinyNetwork) -> TinyNetwork {
    var network = self
    network.first = zip(first, other.first).map { ($0 + $1) / 2 }
    network.second = zip(second, other.second).map { ($0 + $1) / 2 }
    return network
  }

  /// Every weight changed.
  func mapped(_ change: (Float) -> Float) -> TinyNetwork {
    var network = self
    network.first = first.map(change)
    network.second = second.map(change)
    return network
  }
}
