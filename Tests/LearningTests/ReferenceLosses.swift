import Foundation
import Learning
import Tensors

extension ReferenceModel {
  /// What the learner answers.
  func outputs(_ batch: FeatureBatch) -> [Double] {
    logits(batch).flatMap { z -> [Double] in
      switch spec.task {
      case .binary: return [1 / (1 + exp(-z[0]))]
      case .multiclass:
        let most = z.max() ?? 0
        let sum = z.reduce(0) { $0 + exp($1 - most) }
        return z.map { exp($0 - most) / sum }
      case .regression:
        let (mean, deviation) = statistics(labelHistory)
        return [mean + deviation * z[0]]
      }
    }
  }

  /// Sum of the training loss over labelled rows.
  func loss(_ batch: FeatureBatch, isTraining: Bool = false) -> Double {
    let (mean, deviation) = statistics(labelHistory)
    return zip(logits(batch, isTraining: isTraining), 0..<batch.count).reduce(0) { sum, item in
      let (z, row) = item
      let label = Double(batch.labels[row])
      if label.isNaN { return sum }
      switch spec.task {
      case .binary: return sum + max(z[0], 0) - z[0] * label + log1p(exp(-abs(z[0])))
      case .multiclass:
        let most = z.max() ?? 0
        return sum + log(z.reduce(0) { $0 + exp($1 - most) }) + most - z[Int(label)]
      case .regression:
        let target = deviation > 0 ? (label - mean) / deviation : 0
        return sum + (z[0] - target) * (z[0] - target) / 2
      }
    }
  }
}
