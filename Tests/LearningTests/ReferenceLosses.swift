import Foundation
import Learning
import Tensors

extension ReferenceModel {
  /// What the learner answers, head after head in each row.
  func outputs(_ batch: FeatureBatch) -> [Double] {
    logits(batch).flatMap { z in heads(of: z).indices.flatMap { answers(heads(of: z)[$0], head: $0) } }
  }

  /// What one head answers, row after row.
  func outputs(_ batch: FeatureBatch, head: Int) -> [Double] {
    logits(batch).flatMap { answers(heads(of: $0)[head], head: head) }
  }

  private func answers(_ logits: [Double], head: Int) -> [Double] {
    let z = logits.map { $0 / temperature(head) }
    switch (spec.heads[head].task, spec.heads[head].loss) {
    case (.binary, _): return [1 / (1 + exp(-z[0]))]
    case (.multiclass, _): return logProbabilities(z).map { exp($0) }
    case (.regression, .poisson): return [exp(min(max(z[0], -30), 30))]
    case (.regression, _):
      let (mean, deviation) = statistics(labelHistory[head])
      return [mean + deviation * z[0]]
    }
  }

  private func logProbabilities(_ z: [Double]) -> [Double] {
    let most = z.max() ?? 0
    let sum = log(z.reduce(0) { $0 + exp($1 - most) })
    return z.map { $0 - most - sum }
  }

  /// The logits of a row, split by head.
  private func heads(of z: [Double]) -> [[Double]] {
    var next = 0
    return spec.heads.map { head in
      defer { next += head.outputCount }
      return Array(z[next..<(next + head.outputCount)])
    }
  }

  private func temperature(_ head: Int) -> Double {
    switch spec.heads[head].temperature {
    case .fixed(let value): return Double(value)
    case .learned: return exp(parameters[temperatureStart + spec.heads[..<head].count { $0.temperature == .learned }])
    }
  }

  /// A head's label; NaN where the row teaches it nothing.
  private func label(_ batch: FeatureBatch, _ row: Int, head: Int) -> Double {
    let labels = batch.labels + row * batch.labelCount
    return labels[0].isNaN ? .nan : Double(labels[head])
  }

  /// Sum over labelled rows of what a step descends, the heads weighed.
  func loss(_ batch: FeatureBatch, isTraining: Bool = false) -> Double {
    sum(batch, isTraining: isTraining) { z, label, head in
      Double(spec.heads[head].weight) * trainingLoss(z, label, head)
    }
  }

  /// Sum over labelled rows of the primary head's loss, of values in label units.
  func primaryLoss(_ batch: FeatureBatch) -> Double {
    sum(batch, isTraining: false) { z, label, head in
      if head > 0 { return 0 }
      if spec.heads[0].loss.isOfClasses || spec.heads[0].loss == .poisson { return trainingLoss(z, label, 0) }
      let error = answers(z, head: 0)[0] - label
      return spec.heads[0].loss == .squared ? error * error : valueLoss(error, spec.heads[0].loss, unit: 1)
    }
  }

  /// Sum over labelled rows of the plain log loss of what is answered.
  func calibrationLoss(_ batch: FeatureBatch) -> Double {
    sum(batch, isTraining: false) { z, label, head in
      guard spec.heads[head].loss.isOfClasses else { return 0 }
      let p = answers(z, head: head)
      return -log(p.count == 1 ? (label > 0.5 ? p[0] : 1 - p[0]) : p[Int(label)])
    }
  }

  private func sum(
    _ batch: FeatureBatch, isTraining: Bool, _ loss: (_ z: [Double], _ label: Double, _ head: Int) -> Double
  ) -> Double {
    zip(logits(batch, isTraining: isTraining), 0..<batch.count).reduce(0) { sum, item in
      let z = heads(of: item.0)
      return z.indices.reduce(sum) { sum, head in
        let label = label(batch, item.1, head: head)
        return label.isNaN ? sum : sum + loss(z[head], label, head)
      }
    }
  }

  private func trainingLoss(_ z: [Double], _ label: Double, _ head: Int) -> Double {
    let settings = spec.heads[head]
    let classes = max(2, z.count)
    let weights = settings.classWeights.isEmpty ? [Float](repeating: 1, count: classes) : settings.classWeights
    switch settings.loss {
    case .crossEntropy:
      let logs = logProbabilities(z.count == 1 ? [0, z[0]] : z)
      let smoothing = Double(settings.labelSmoothing)
      return logs.indices.reduce(0) { sum, c in
        let target = (c == Int(label) ? 1 - smoothing : 0) + smoothing / Double(classes)
        return sum - Double(weights[c]) * target * logs[c]
      }
    case .focal(let gamma):
      let logs = logProbabilities(z.count == 1 ? [0, z[0]] : z)
      let others = logs.indices.filter { $0 != Int(label) }.reduce(0) { $0 + exp(logs[$1]) }
      return -Double(weights[Int(label)]) * pow(others, Double(gamma)) * logs[Int(label)]
    case .poisson: return exp(z[0]) - label * z[0]
    case .squared, .huber, .quantile:
      let (mean, deviation) = statistics(labelHistory[head])
      let target = deviation > 0 ? (label - mean) / deviation : 0
      return valueLoss(z[0] - target, settings.loss, unit: deviation)
    }
  }

  /// - Parameter unit: What an error of 1 is in label units.
  private func valueLoss(_ error: Double, _ loss: LossSpec, unit: Double) -> Double {
    switch loss {
    case .huber(let delta):
      let bound = unit > 0 ? Double(delta) / unit : 0
      return abs(error) <= bound ? error * error / 2 : bound * (abs(error) - bound / 2)
    case .quantile(let level): return max(-Double(level) * error, (1 - Double(level)) * error)
    default: return error * error / 2
    }
  }
}
