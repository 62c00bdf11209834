import Foundation
import Vocabulary

/// What is kept of a regression that is not judged by squared error, beside that loss; each
/// record counts with its weight.
struct ValueTally: Sendable, Hashable, Codable {
  @JSONSafe private(set) var squaredErrorSum: Double = 0
  /// Σ y·log y, where the loss is Poisson's deviance.
  @JSONSafe private(set) var labelLogSum: Double = 0
  /// Where the best constant depends on more than mean and variance.
  private var sketch: LabelSketch?

  init(task: EvaluationTask) {
    switch task {
    case .huber, .quantile: sketch = LabelSketch()
    case .poisson, .regression, .binary, .multiclass: break
    }
  }

  mutating func add(_ value: Double, label: Double, weight: Double = 1) {
    squaredErrorSum += weight * (value - label) * (value - label)
    if label > 0 { labelLogSum += weight * label * log(label) }
    sketch?.add(label, weight: weight)
  }

  mutating func merge(_ other: ValueTally) {
    squaredErrorSum += other.squaredErrorSum
    labelLogSum += other.labelLogSum
    if let theirs = other.sketch { sketch?.merge(theirs) }
  }

  /// The mean loss of the best constant; nil without a label.
  func priorLoss(_ task: EvaluationTask, labels: RunningMoments) -> Double? {
    guard labels.weight > 0 else { return nil }
    switch task {
    case .poisson:
      let logs = labelLogSum / labels.weight
      return labels.mean > 0 ? 2 * max(0, logs - labels.mean * log(labels.mean)) : 0
    case .huber(let delta):
      return sketch?.leastMeanLoss(of: task) { sketch in sketch.root { min(max($0, -delta), delta) } }
    case .quantile(let level):
      return sketch?.leastMeanLoss(of: task) { $0.quantile(level) }
    case .binary, .multiclass, .regression: return labels.variance
    }
  }

  func encode(into writer: inout CompactWriter, areWhole: Bool) {
    writer.write(squaredErrorSum)
    writer.write(labelLogSum)
    sketch?.encode(into: &writer, areWhole: areWhole)
  }

  init(decoding reader: inout CompactReader, task: EvaluationTask, areWhole: Bool) throws {
    self.init(task: task)
    squaredErrorSum = try reader.readDouble()
    labelLogSum = try reader.readDouble()
    if sketch != nil { sketch = try LabelSketch(decoding: &reader, areWhole: areWhole) }
  }
}
