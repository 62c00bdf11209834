package import Evaluation
package import Learning
package import Pipelines
package import Tensors

/// Records that models are asked about and do not learn, and what is measured of them.
package final class HeldOutRecords {
  package enum Measure: Sendable, Hashable {
    /// What the primary head loses.
    case loss
    /// By how much more it loses with a feature than without: what a feature that misleads costs. The columns of it.
    case feature(numbers: [Int], categories: [Int])
    /// What it loses on the records that `HeldOutRecords.add` was told to count.
    case slice
  }

  private let task: EvaluationTask
  private let measure: Measure
  private let stepRows: Int
  private var batches: [FeatureBatch] = []
  private var counts: [[Bool]] = []
  private let losses: AlignedBuffer<Double>
  private let spare: AlignedBuffer<Double>

  /// - Parameter rowsMax: Rows of a batch, as many as the model has room for.
  package init(_ pipeline: Pipeline, _ measure: Measure, rowsMax: Int) {
    (task, self.measure, stepRows) = (EvaluationTask(pipeline), measure, rowsMax)
    losses = AlignedBuffer(count: rowsMax)
    spare = AlignedBuffer(count: rowsMax)
  }

  /// Labelled records that count.
  package var count: Int {
    zip(batches, counts).reduce(0) { sum, part in
      sum + (0..<part.0.count).count { part.1[$0] && !part.0.labels[$0 * part.0.labelCount].isNaN }
    }
  }

  /// - Parameter counts: By row: whether it is of the slice that is measured.
  package func add(_ batch: FeatureBatch, counts: [Bool]? = nil) {
    precondition(batch.count <= stepRows, "\(batch.count) rows, and room for \(stepRows)")
    batches.append(batch)
    self.counts.append(counts ?? Array(repeating: true, count: batch.count))
  }

  /// What a model, between two of its steps, makes of them.
  package func values(_ learner: any Model) -> HeldOutValues {
    var values: [Double] = []
    for (batch, counts) in zip(batches, counts) {
      measure(learner, batch, into: losses.pointer)
      if case .feature(let numbers, let categories) = measure {
        let kept = hide(numbers, categories, of: batch)
        measure(learner, batch, into: spare.pointer)
        show(kept, numbers, categories, of: batch)
        for row in 0..<batch.count { losses.pointer[row] -= spare.pointer[row] }
      }
      for row in 0..<batch.count { values.append(counts[row] ? losses.pointer[row] : .nan) }
    }
    return HeldOutValues(values)
  }

  private func measure(_ learner: any Model, _ batch: FeatureBatch, into losses: UnsafeMutablePointer<Double>) {
    learner.predict(batch)
    if let outputs = learner.outputs.baseAddress {
      task.losses(
        outputs: outputs, labels: batch.labels, labelStride: batch.labelCount, count: batch.count, into: losses)
    }
    learner.discardStep()
    // A loss that is no number where there is a label is a model that has none.
    for row in 0..<batch.count where losses[row].isNaN && !batch.labels[row * batch.labelCount].isNaN {
      losses[row] = .infinity
    }
  }

  private func hide(_ numbers: [Int], _ categories: [Int], of batch: FeatureBatch) -> ([Float], [UInt32]) {
    var (floats, rows): ([Float], [UInt32]) = ([], [])
    for row in 0..<batch.count {
      for column in numbers {
        floats.append(batch.numbers[row * batch.numberCount + column])
        batch.numbers[row * batch.numberCount + column] = .nan
      }
      for column in categories {
        rows.append(batch.categories[row * batch.categoryCount + column])
        batch.categories[row * batch.categoryCount + column] = 0
      }
    }
    return (floats, rows)
  }

  private func show(_ kept: ([Float], [UInt32]), _ numbers: [Int], _ categories: [Int], of batch: FeatureBatch) {
    var (number, category) = (0, 0)
    for row in 0..<batch.count {
      for column in numbers {
        batch.numbers[row * batch.numberCount + column] = kept.0[number]
        number += 1
      }
      for column in categories {
        batch.categories[row * batch.categoryCount + column] = kept.1[category]
        category += 1
      }
    }
  }
}
