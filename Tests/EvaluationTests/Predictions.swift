import Evaluation
import Foundation
import Vocabulary

/// Outputs and labels of a made-up model.
struct Predictions {
  var outputs: [Float] = []
  var labels: [Float] = []

  /// Probabilities with logits normal around `center`, labels drawn from them after scaling the logit by `trust`:
  /// 1 is a calibrated model, more makes it better than it says.
  static func binary(_ count: Int, center: Double, spread: Double, trust: Double = 1, seed: UInt64) -> Predictions {
    var random = SplitMix64(seed: seed)
    var predictions = Predictions()
    for _ in 0..<count {
      let logit = center + spread * random.nextNormal()
      predictions.outputs.append(Float(1 / (1 + exp(-logit))))
      predictions.labels.append(random.nextUnit() < 1 / (1 + exp(-logit * trust)) ? 1 : 0)
    }
    return predictions
  }

  static func multiclass(_ count: Int, classes: Int, seed: UInt64) -> Predictions {
    var random = SplitMix64(seed: seed)
    var predictions = Predictions()
    for _ in 0..<count {
      let weights = (0..<classes).map { _ in exp(random.nextNormal()) }
      let sum = weights.reduce(0, +)
      predictions.outputs += weights.map { Float($0 / sum) }
      predictions.labels.append(Float(random.next() % UInt64(classes)))
    }
    return predictions
  }

  static func regression(_ count: Int, seed: UInt64) -> Predictions {
    var random = SplitMix64(seed: seed)
    var predictions = Predictions()
    for _ in 0..<count {
      let label = 1000 + 30 * random.nextNormal()
      predictions.labels.append(Float(label))
      predictions.outputs.append(Float(label + 10 * random.nextNormal()))
    }
    return predictions
  }

  /// Counts with means around 4, some of them 0, and the means as predictions.
  static func counts(_ count: Int, seed: UInt64) -> Predictions {
    var random = SplitMix64(seed: seed)
    var predictions = Predictions()
    for _ in 0..<count {
      let rate = exp(1 + 0.8 * random.nextNormal())
      // Knuth 1969, volume 2, section 3.4.1, algorithm Q.
      var (drawn, product) = (0, random.nextUnit())
      while product > exp(-rate) {
        drawn += 1
        product *= random.nextUnit()
      }
      predictions.labels.append(Float(drawn))
      predictions.outputs.append(Float(rate))
    }
    return predictions
  }

  func metrics(_ task: EvaluationTask, rows: Range<Int>? = nil) -> StreamMetrics {
    var metrics = StreamMetrics(task: task)
    let rows = rows ?? 0..<labels.count
    outputs.withUnsafeBufferPointer { outputs in
      labels.withUnsafeBufferPointer { labels in
        guard let output = outputs.baseAddress, let label = labels.baseAddress else { return }
        metrics.add(
          outputs: output + rows.lowerBound * task.outputCount, labels: label + rows.lowerBound, count: rows.count)
      }
    }
    return metrics
  }

  /// The area under the ROC curve from the sorted scores, ties counting half.
  var exactAUC: Double {
    let order = outputs.indices.sorted { outputs[$0] < outputs[$1] }
    var wins = 0.0
    var negativesBelow = 0.0
    var positives = 0.0
    var place = 0
    while place < order.count {
      var tie = (negative: 0.0, positive: 0.0)
      let score = outputs[order[place]]
      while place < order.count, outputs[order[place]] == score {
        if labels[order[place]] == 1 { tie.positive += 1 } else { tie.negative += 1 }
        place += 1
      }
      wins += tie.positive * (negativesBelow + tie.negative / 2)
      negativesBelow += tie.negative
      positives += tie.positive
    }
    return wins / (negativesBelow * positives)
  }
}

extension SplitMix64 {
  /// Standard normal, by Box and Muller.
  mutating func nextNormal() -> Double {
    (-2 * log(1 - nextUnit())).squareRoot() * cos(2 * .pi * nextUnit())
  }
}
